"""Identity and focal length of a person, estimated from a few frames together."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from jaxtyping import Float, Int

from beavervision.face.camera import Camera
from beavervision.face.fit_priors import expression_precision
from beavervision.face.fit_state import Evidence, Face, Scene, Track
from beavervision.face.landmarks import MIRROR, N_MESH
from beavervision.face.levenberg_marquardt import by_coefficient, by_frame, frame_loss, look
from beavervision.face.morphable_model import FaceModel
from beavervision.face.pose import vector_from_rotation
from beavervision.face.projection import Projection

LOG_FOCAL_SPREAD = 0.03
"""Standard deviation of the logarithm of the focal length around its prior. Real lenses vary more, but landmarks with 1
% error determine the focal length even less accurately: with 0.1, the estimate moved away from the truth on eight of
nine faces."""
TILT_PRIOR = 1.0
"""Precision of the prior on the tracker's mean slopes and relief of depth: practically none."""
N_OTHERS = 4
"""Shared unknowns after the identity: the logarithm of the focal length, the tracker's mean slopes of depth (2) and its
relief."""
MOST_CANDIDATES = 2000
"""Number of evenly spaced frames from which the varied ones are chosen."""
SKEW_PENALTY = 8.0
"""Extra prior precision of asymmetric identity modes: a slight turn explains most of what they do."""
CHUNK = 8
"""Number of frames whose Jacobians are in memory together."""
EASIER, HARDER, HOPELESS = 0.2, 6.0, 1e7
ENOUGH = 1e-6


def face_of(model: FaceModel, identity: Float[np.ndarray, "I"]) -> Face:
    """The mesh landmarks of one person."""
    keys = model.landmarks468
    rest = model.mean[keys] + np.tensordot(identity, model.id_basis[:, keys], 1)
    return Face(rest, model.exp_basis[:, keys], expression_precision(model))


def skewness(model: FaceModel) -> Float[np.ndarray, "I"]:
    """Asymmetry of the landmarks under each identity mode: 0 symmetric to 1 antisymmetric."""
    basis = model.id_basis[:, model.landmarks468]
    mirrored = basis[:, MIRROR[:N_MESH]] * [-1.0, 1.0, 1.0]
    return ((basis - mirrored) ** 2).sum((1, 2)) / (4.0 * (basis**2).sum((1, 2)))


def scaled(camera: Camera, factor: float) -> Camera:
    """The camera with its focal length multiplied by `factor`."""
    return replace(camera, fx=camera.fx * factor, fy=camera.fy * factor)


def varied_frames(track: Track, evidence: Evidence, count: int) -> Int[np.ndarray, "K"]:
    """Choose frames that differ most in pose and landmarks, by farthest-point sampling from the middle one."""
    if len(track) <= count:
        return np.arange(len(track))
    if len(track) > MOST_CANDIDATES:
        few = np.linspace(0, len(track) - 1, MOST_CANDIDATES).astype(int)
        return few[varied_frames(track[few], evidence[few], count)]
    turn = vector_from_rotation(track.rotation[len(track) // 2].T @ track.rotation)
    local = evidence.pixels[..., :2] - evidence.pixels[..., :2].mean(1, keepdims=True)
    local = local / np.sqrt((local**2).mean((1, 2), keepdims=True))
    traits = np.concatenate([4.0 * turn, local.reshape(len(local), -1) / np.sqrt(local.shape[1])], 1)
    chosen = [len(track) // 2]
    distance = np.full(len(track), np.inf)
    while len(chosen) < count:
        distance = np.minimum(distance, ((traits - traits[chosen[-1]]) ** 2).sum(1))
        chosen.append(int(distance.argmax()))
    return np.array(sorted(chosen))


def _across(evidence: Evidence) -> Float[np.ndarray, "F N 3"]:
    """Landmarks relative to their centre, px; the depth is 0 where there is none."""
    placed = np.zeros((*evidence.pixels.shape[:2], 3))
    placed[..., : evidence.pixels.shape[-1]] = evidence.pixels
    return placed - placed.mean(1, keepdims=True)


class Sitting:
    """A few frames of one person and one camera, solved together by Levenberg-Marquardt with a Schur complement."""

    def __init__(self, model: FaceModel, evidence: Evidence, camera: Camera, *, estimate_focal: bool) -> None:
        self.model, self.evidence, self.camera, self.estimate_focal = model, evidence, camera, estimate_focal
        self.id_basis = model.id_basis[:, model.landmarks468]
        others = [LOG_FOCAL_SPREAD**-2, *[TILT_PRIOR] * (N_OTHERS - 1)]
        self.prior = np.r_[1.0 + SKEW_PENALTY * skewness(model), others]
        self.across = _across(evidence)

    def scene(self, shared: Float[np.ndarray, "S"]) -> Scene:
        """Face and camera for the shared unknowns: identity, log of the focal length relative to the prior, tilt."""
        return Scene(face_of(self.model, shared[:-N_OTHERS]), scaled(self.camera, float(np.exp(shared[-N_OTHERS]))))

    def upright(self, shared: Float[np.ndarray, "S"]) -> Evidence:
        """Return the evidence with its depth rotated and scaled equally in every frame.

        A tracker's mean tilt and depth of a face come from its idea of a face; only the changes of its depth are
        evidence of a turn.
        """
        if not self.evidence.deep:
            return self.evidence
        pixels = self.evidence.pixels.copy()
        pixels[..., 2] += self.across @ shared[1 - N_OTHERS :]
        return replace(self.evidence, pixels=pixels)

    @staticmethod
    def without_tilt(shared: Float[np.ndarray, "S"]) -> Float[np.ndarray, "S"]:
        """The shared unknowns with zero tilt, for evidence that `upright` has corrected."""
        return np.r_[shared[: 1 - N_OTHERS], np.zeros(N_OTHERS - 1)]

    def loss(self, shared: np.ndarray, track: Track) -> float:
        """Negative log-posterior of all unknowns."""
        prior = 0.5 * (self.prior * shared**2).sum()
        return float(frame_loss(self.scene(shared), self.upright(shared), track).sum() + prior)

    def solve(self, shared: np.ndarray, track: Track, rounds: int) -> tuple[np.ndarray, Track]:
        """Optimise identity, focal length, poses and expressions together."""
        damping, loss = 1e-3, self.loss(shared, track)
        equations = self._equations(shared, track)
        for _ in range(rounds):
            step_shared, step_frames = self._step(equations, damping)
            trial = shared + step_shared, track.moved(step_frames)
            found = self.loss(*trial)
            if found < loss:
                settled = loss - found < ENOUGH * loss
                (shared, track), loss, damping = trial, found, max(damping * EASIER, 1e-9)
                if settled:
                    break
                equations = self._equations(shared, track)
            elif (damping := damping * HARDER) > HOPELESS:
                break
        return shared, track

    def _equations(self, shared: np.ndarray, track: Track) -> tuple[np.ndarray, ...]:
        """Blocks of the Hessian (frames, frames x shared, shared) and the gradients (frames, shared)."""
        parts = [self._chunk(shared, track, slice(i, i + CHUNK)) for i in range(0, len(track), CHUNK)]
        frames, mixed, common, by_frames, by_shared = zip(*parts, strict=True)
        return (
            np.concatenate(frames),
            np.concatenate(mixed),
            sum(common) + np.diag(self.prior),
            np.concatenate(by_frames),
            sum(by_shared) + self.prior * shared,
        )

    def _chunk(self, shared: np.ndarray, track: Track, rows: slice) -> tuple[np.ndarray, ...]:
        scene, track = self.scene(shared), track[rows]
        evidence = self.upright(shared)[rows]

        def columns(seen: Projection) -> np.ndarray:
            # With a derivative of zero the focal length does not change.
            by_focal = seen.by_log_focal.astype(np.float32)[..., None] * self.estimate_focal
            by_tilt = np.zeros((*by_focal.shape[:3], N_OTHERS - 1), np.float32)
            by_tilt[:, :, 2:] = -self.across[rows, :, None]
            by_identity = by_coefficient(seen.by_point, self.id_basis)
            return np.concatenate([by_frame(seen, scene), by_identity, by_focal, by_tilt], -1)

        hessian, gradient = look(scene, evidence, track, columns)
        size = hessian.shape[-1] - len(shared)
        hessian[:, 6:size, 6:size] += scene.face.precision
        gradient[:, 6:size] += track.expression @ scene.face.precision
        return (
            hessian[:, :size, :size],
            hessian[:, :size, size:],
            hessian[:, size:, size:].sum(0),
            gradient[:, :size],
            gradient[:, size:].sum(0),
        )

    @staticmethod
    def _step(equations: tuple[np.ndarray, ...], damping: float) -> tuple[np.ndarray, np.ndarray]:
        """Damped Gauss-Newton step: eliminate the frames, solve the shared unknowns, substitute back."""
        frames, mixed, common, by_frames, by_shared = equations
        damped = frames + damping * frames * np.eye(frames.shape[-1])
        shared = common + damping * np.diag(np.diag(common))
        solved = np.linalg.solve(damped, np.concatenate([mixed, by_frames[..., None]], -1))
        reduced = shared - np.einsum("fps,fpq->sq", mixed, solved[..., :-1], optimize=True)
        right = by_shared - np.einsum("fps,fp->s", mixed, solved[..., -1])
        step = -np.linalg.solve(reduced, right)
        return step, -(solved[..., -1] + solved[..., :-1] @ step)
