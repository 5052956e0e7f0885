"""Fit of single frames: Levenberg-Marquardt, batched, accepted or refused frame by frame."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from jaxtyping import Float

from beavervision.face.projection import Projection, linearise, project
from beavervision.face.track import Evidence, Scene, Track

Equations = Callable[[Scene, Evidence, Track], tuple[np.ndarray, np.ndarray]]
"""What gives the Hessians and gradients of frames."""

CHUNK = 16
"""Frames that are solved together: their Jacobians (a quarter of a megabyte each) stay in the cache."""
FIRST_DAMPING, EASIER, HARDER = 1e-3, 0.2, 6.0
"""Damping as a share of the Hessian's diagonal; its change after a step that helped, and after one that did not."""
ENOUGH = 1e-5
"""Relative gain below which a frame has settled."""


def by_coefficient(
    by_point: Float[np.ndarray, "F N 2 3"], basis: Float[np.ndarray, "E N 3"]
) -> Float[np.ndarray, "F N 2 E"]:
    """Pixels per unit of each coefficient of a basis."""
    frames, n = by_point.shape[:2]
    rows = by_point.astype(np.float32).transpose(1, 0, 2, 3).reshape(n, frames * 2, 3)
    columns = np.ascontiguousarray(basis.transpose(1, 2, 0), np.float32)
    return (rows @ columns).reshape(n, frames, 2, -1).transpose(1, 0, 2, 3)


def normal_equations(
    jacobian: Float[np.ndarray, "F N 2 P"], error: Float[np.ndarray, "F N 2"]
) -> tuple[Float[np.ndarray, "F P P"], Float[np.ndarray, "F P"]]:
    """Hessian J'J and gradient J'e of each frame; both sides carry the root of the weight.

    Single precision suffices: the error is exact, so only the way to the minimum depends on it, not the minimum.
    """
    frames, n, _, size = jacobian.shape
    hessian, gradient = np.empty((frames, size, size)), np.empty((frames, size))
    for i in range(frames):
        rows = np.ascontiguousarray(jacobian[i], np.float32).reshape(n * 2, size)
        hessian[i] = rows.T @ rows
        gradient[i] = rows.T @ error[i].ravel().astype(np.float32)
    return hessian, gradient


def weighted(seen: Projection, evidence: Evidence) -> tuple[Projection, Float[np.ndarray, "F N 2"]]:
    """Derivatives and pixel errors times the root of each landmark's weight."""
    root = np.sqrt(evidence.pull(seen.pixels))[..., None]
    scaled = Projection(
        seen.pixels, seen.by_point * root[..., None], seen.by_pose * root[..., None], seen.by_log_focal * root
    )
    return scaled, (seen.pixels - evidence.pixels) * root


def frame_loss(scene: Scene, evidence: Evidence, track: Track) -> Float[np.ndarray, "F"]:
    """Negative log-posterior of each frame."""
    points = scene.face.points(track.expression)
    pixels = project(points, track.rotation, track.translation, scene.camera)
    return evidence.loss(pixels) + 0.5 * (track.expression**2).sum(-1)


def look(scene: Scene, evidence: Evidence, track: Track) -> tuple[Projection, Float[np.ndarray, "F N 2"]]:
    """Weighted derivatives and errors of the landmarks where the track is now."""
    points = scene.face.points(track.expression)
    return weighted(linearise(points, track.rotation, track.translation, scene.camera), evidence)


def pose_equations(
    scene: Scene, evidence: Evidence, track: Track
) -> tuple[Float[np.ndarray, "F 6 6"], Float[np.ndarray, "F 6"]]:
    """Normal equations of the pose alone."""
    seen, error = look(scene, evidence, track)
    return normal_equations(seen.by_pose, error)


def expression_equations(
    scene: Scene, evidence: Evidence, track: Track
) -> tuple[Float[np.ndarray, "F E E"], Float[np.ndarray, "F E"]]:
    """Normal equations of the expression alone, with its prior of unit variance."""
    seen, error = look(scene, evidence, track)
    hessian, gradient = normal_equations(by_coefficient(seen.by_point, scene.face.basis), error)
    return hessian + np.eye(hessian.shape[-1]), gradient + track.expression


def joint_equations(
    scene: Scene, evidence: Evidence, track: Track
) -> tuple[Float[np.ndarray, "F P P"], Float[np.ndarray, "F P"]]:
    """Normal equations of pose and expression, P = 6 + E."""
    seen, error = look(scene, evidence, track)
    jacobian = np.concatenate([seen.by_pose.astype(np.float32), by_coefficient(seen.by_point, scene.face.basis)], -1)
    hessian, gradient = normal_equations(jacobian, error)
    gradient[:, 6:] += track.expression
    return hessian + np.diag(np.r_[np.zeros(6), np.ones(len(scene.face.basis))]), gradient


def in_chunks(equations: Equations, scene: Scene, evidence: Evidence, track: Track) -> tuple[np.ndarray, np.ndarray]:
    """Normal equations of many frames, CHUNK at a time."""
    parts = [
        equations(scene, evidence[rows], track[rows])
        for rows in (slice(start, start + CHUNK) for start in range(0, len(track), CHUNK))
    ]
    hessians, gradients = zip(*parts, strict=True)
    return np.concatenate(hessians), np.concatenate(gradients)


def settle(scene: Scene, evidence: Evidence, track: Track, rounds: int, *, pose_only: bool = False) -> Track:
    """Improve every frame by itself until it settles or `rounds` are over."""
    starts = range(0, len(track), CHUNK)
    return Track.joined(
        [
            _settle_chunk(scene, evidence[rows], track[rows], rounds, pose_only=pose_only)
            for rows in (slice(start, start + CHUNK) for start in starts)
        ]
    )


def _settle_chunk(scene: Scene, evidence: Evidence, track: Track, rounds: int, *, pose_only: bool) -> Track:
    equations = pose_equations if pose_only else joint_equations
    damping = np.full(len(track), FIRST_DAMPING)
    loss = frame_loss(scene, evidence, track)
    active = np.arange(len(track))
    for _ in range(rounds):
        tried = track[active]
        hessian, gradient = equations(scene, evidence[active], tried)
        diagonal = np.einsum("fpp->fp", hessian)
        diagonal += damping[active, None] * diagonal + 1e-12
        trial = tried.moved(-np.linalg.solve(hessian, gradient[..., None])[..., 0])
        found = frame_loss(scene, evidence[active], trial)
        better = found < loss[active]
        gain = loss[active] - found
        track = track.replaced(active[better], trial[better])
        settled = better & (gain <= ENOUGH * loss[active])
        loss[active[better]] = found[better]
        damping[active] = np.clip(damping[active] * np.where(better, EASIER, HARDER), 1e-9, 1e9)
        active = active[~settled & (damping[active] < 1e6)]
        if not len(active):
            break
    return track
