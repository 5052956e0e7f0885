"""Fit of the face model to a clip's landmarks: identity and focal length once, pose and expression per frame.

The camera is that of the full frame, with perspective; the face may be anywhere in it. The steps:
1. pose of each frame from the stable landmarks (SQPnP, then Levenberg-Marquardt);
2. identity and focal length from a few varied frames together;
3. pose and expression of each frame independently;
4. pose from the stable landmarks alone, smoothed over time, then expression, smoothed over time.
The noise of the landmarks is measured between the steps; the priors are as weak as this noise allows.

A deeper face and a larger turn explain the same motion of 2-D landmarks. The tracker's depth resolves this ambiguity:
its changes from frame to frame are used as evidence, its mean over the frames (the tracker's idea of a face) is not.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float, Int
from threadpoolctl import threadpool_limits

from beavervision.errors import FootageError
from beavervision.face.camera import Camera
from beavervision.face.fit_priors import LIP_PAIRS, landmark_weights, stable_landmarks
from beavervision.face.fit_state import Evidence, Scene, Track
from beavervision.face.identity import N_OTHERS, Sitting, face_of, varied_frames
from beavervision.face.landmarks import N_MESH
from beavervision.face.levenberg_marquardt import (
    expression_equations,
    frame_loss,
    in_chunks,
    losses,
    pose_equations,
    settle,
)
from beavervision.face.morphable_model import FaceModel
from beavervision.face.pose import closed_form_pose, frontal_pose, vector_from_rotation
from beavervision.face.projection import project
from beavervision.face.temporal_smoothing import acceleration, descend, steady, windows

N_SITTING = 32
"""Number of frames from which identity and focal length are estimated."""
MOST_SITTINGS, LESS_NOISE = 8, 0.85
"""Largest number of iterations; they end when the measured noise is above this share of the previous iteration's."""
SITTING_SHARE = 0.4
"""Weight of a landmark in these frames, relative to a fit of a single frame. A tracker makes the same errors in every
frame, and with full weight the identity would explain them. Depth and lip gaps have full weight."""
N_MEASURED = 500
"""Number of frames whose errors are measured together; the noise is measured on as many, evenly spaced."""
FIRST_NOISE_CM, LEAST_NOISE_CM = 0.1, 1e-3
"""Standard deviation of landmarks on the face, cm: the initial assumption, and the lower limit of the measured one."""
RAYLEIGH_MEDIAN = 1.1774
"""Median of the length of a 2-D vector with unit normal components."""
POSE_ACCELERATION = np.array([0.0012, 0.0012, 0.0012, 0.01, 0.01, 0.02])
"""Ordinary deviation of a pose from the mean of its neighbours, in rad and cm per frame^2."""
EXPRESSION_ACCELERATION = 0.1
"""The same for an expression coefficient, in standard deviations."""


@dataclass(frozen=True)
class Fit:
    """The fitted face of a clip; frames without landmarks hold NaN."""

    identity: Float[np.ndarray, "I"]
    expression: Float[np.ndarray, "T E"]
    rotation: Float[np.ndarray, "T 3 3"]
    """Rotation, head to camera."""
    translation: Float[np.ndarray, "T 3"]
    """Translation in camera space, cm."""
    focal: float
    """Focal length, pixels."""
    error_px: Float[np.ndarray, "T"]
    """Mean distance of the 468 fitted landmarks from the input, pixels."""


def fit_clip(
    model: FaceModel,
    landmarks: Float[np.ndarray, "T 478 C"],
    camera: Camera,
    *,
    visible: Bool[np.ndarray, "T"] | None = None,
    estimate_focal: bool = False,
) -> Fit:
    """Fit one person's face to all frames of a clip.

    Args:
        model: the face model.
        landmarks: [T, 468 or 478, 2 or 3] full-frame pixels. The third column is the tracker's depth in the same unit,
            or 0 everywhere if it has none. Frames with any NaN are not fitted and stay NaN.
        camera: the full frame's camera; its focal length is the starting value when it is estimated.
        visible: frames to fit; all frames with landmarks when None.
        estimate_focal: estimate one focal length for the clip, with a log-normal prior round the camera's.

    Raises:
        FootageError: when no frame has landmarks.
    """
    known = np.array([np.isfinite(frame[:N_MESH]).all() for frame in landmarks], bool)
    seen = np.flatnonzero(known if visible is None else known & visible)
    if not len(seen):
        raise FootageError("No frame of this clip shows a face to fit; choose footage, or a part of it, that does.")
    # A copy in the input's precision: the landmarks of an hour take half a gigabyte.
    deep = landmarks.shape[-1] == 3 and landmarks[seen, :N_MESH, 2].any()
    pixels = landmarks[seen, :N_MESH, : 3 if deep else 2]
    # The matrices are too small for several threads: two BLAS threads took five times the processor time of one.
    with threadpool_limits(1, "blas"):
        person = _Person(model, pixels, camera)
        person.sit(estimate_focal=estimate_focal)
        person.settle()
        person.steady(steady(seen))
        return person.result(len(landmarks), seen)


class _Person:
    """State of a clip's fit: identity and camera, which all visible frames share, and the pose of each frame."""

    def __init__(self, model: FaceModel, pixels: np.ndarray, camera: Camera) -> None:
        self.model, self.pixels = model, pixels
        self.weight, self.stable = landmark_weights(), stable_landmarks(model)
        self.identity = np.zeros(len(model.id_basis))
        self.scene = Scene(face_of(model, self.identity), camera)
        self.noise_cm = FIRST_NOISE_CM
        self.track = self._first_poses()
        self._trust_changes_of_depth(self.track, self.pixels)

    def _trust_changes_of_depth(self, track: Track, pixels: np.ndarray) -> None:
        """Shift each landmark's depth, in place, so that its mean over the frames equals that of the track."""
        if pixels.shape[-1] == 3:
            few = _spread(len(track))
            points = self.scene.face.points(track.expression[few])
            placed = project(points, track.rotation[few], track.translation[few], self.scene.camera, depth=True)
            pixels[..., 2] += (placed - pixels[few])[..., 2].mean(0)

    def _evidence(self, track: Track, pixels: np.ndarray) -> Evidence:
        noise = self.noise_cm * self.scene.camera.fx / track.translation[:, 2]
        return Evidence(pixels, self.weight, noise, LIP_PAIRS)

    def _stable(self, scene: Scene, evidence: Evidence) -> tuple[Scene, Evidence]:
        """The scene and the evidence with the stable landmarks alone, all of equal weight."""
        keys = self.stable
        still = Evidence(evidence.pixels[:, keys], np.ones(len(keys)), evidence.noise)
        return Scene(scene.face.at(keys), scene.camera), still

    def _first_poses(self) -> Track:
        """Estimate poses of the mean face, from SQPnP or the frontal pose, whichever fits better when refined."""
        face, camera = self.scene.face.at(self.stable), self.scene.camera
        expression = np.zeros((len(self.pixels), len(self.model.exp_basis)))
        found = []
        for start in (closed_form_pose, frontal_pose):
            track = Track(*start(face.rest, self.pixels[:, self.stable, :2], camera), expression)
            scene, evidence = self._stable(self.scene, self._evidence(track, self.pixels).flat())
            track = settle(scene, evidence, track, 12, pose_only=True)
            found.append((losses(scene, evidence, track), track))
        (loss, track), (other_loss, other) = found
        better = other_loss < loss
        return track.replaced(better, other[better])

    def _error(self, track: Track, pixels: np.ndarray) -> Float[np.ndarray, "F N"]:
        """Distance of the fitted landmarks from the input, px."""
        points = self.scene.face.points(track.expression)
        placed = project(points, track.rotation, track.translation, self.scene.camera)
        return np.linalg.norm(placed - pixels[..., :2], axis=-1)

    def measure_noise(self, track: Track, pixels: np.ndarray) -> None:
        """Estimate the standard deviation of the landmarks from the median of their errors."""
        few = _spread(len(track))
        track, pixels = track[few], pixels[few]
        cm = self._error(track, pixels) * (track.translation[:, 2:] / self.scene.camera.fx)
        self.noise_cm = float(np.clip(np.median(cm) / RAYLEIGH_MEDIAN, LEAST_NOISE_CM, FIRST_NOISE_CM))

    def sit(self, *, estimate_focal: bool) -> None:
        """Estimate identity and focal length, and convert the poses to them."""
        rows = varied_frames(self.track, self._evidence(self.track, self.pixels), N_SITTING)
        shared = np.r_[self.identity, np.zeros(N_OTHERS)]
        track, pixels, prior = self.track[rows], self.pixels[rows], self.scene.camera
        for _ in range(MOST_SITTINGS):
            evidence = self._evidence(track, pixels)
            modest = replace(evidence, weight=SITTING_SHARE * evidence.weight)
            sitting = Sitting(self.model, modest, prior, estimate_focal=estimate_focal)
            shared, track = sitting.solve(shared, track, 12)
            self.scene = sitting.scene(shared)
            pixels, shared = sitting.upright(shared).pixels, sitting.without_tilt(shared)
            self._trust_changes_of_depth(track, pixels)
            before = self.noise_cm
            self.measure_noise(track, pixels)
            if self.noise_cm > LESS_NOISE * before:
                break
        self.identity = shared[:-N_OTHERS]
        farther = np.array([1.0, 1.0, self.scene.camera.fx / prior.fx])
        moved = replace(self.track, translation=self.track.translation * farther)
        self.track = moved.replaced(rows, track)

    def settle(self) -> None:
        """Fit every frame independently: the pose without and with depth (its mean is now known), then all unknowns."""
        flat = self._stable(self.scene, self._evidence(self.track, self.pixels).flat())
        self.track = settle(*flat, self.track, 6, pose_only=True)
        self._trust_changes_of_depth(self.track, self.pixels)
        deep = self._stable(self.scene, self._evidence(self.track, self.pixels))
        self.track = settle(*deep, self.track, 6, pose_only=True)
        self.track = settle(self.scene, self._evidence(self.track, self.pixels).flat(), self.track, 15)
        self.measure_noise(self.track, self.pixels)

    def steady(self, here: np.ndarray, turns: int = 2) -> None:
        """Solve poses, then expressions, with smoothness over time."""
        for _ in range(turns):
            for part in (self._steady_poses, self._steady_expressions):
                for rows, keep in windows(len(self.track)):
                    evidence = self._evidence(self.track[rows], self.pixels[rows])
                    found = part(evidence, self.track[rows], here[rows])
                    kept = np.arange(rows.start, rows.stop)[keep]
                    self.track = self.track.replaced(kept, found[keep])

    def _steady_poses(self, evidence: Evidence, track: Track, here: np.ndarray) -> Track:
        scene, evidence = self._stable(self.scene, evidence)
        change = descend(
            lambda change: in_chunks(pose_equations, scene, evidence, track.moved(change)),
            lambda change: float(frame_loss(scene, evidence, track.moved(change)).sum()),
            lambda change: pose_acceleration(track.moved(change), here),
            here,
            POSE_ACCELERATION,
            rounds=6,
        )
        return track.moved(change)

    def _steady_expressions(self, evidence: Evidence, track: Track, here: np.ndarray) -> Track:
        evidence = evidence.flat()

        def changed(change: np.ndarray) -> Track:
            return track.with_expression(track.expression + change)

        change = descend(
            lambda change: in_chunks(expression_equations, self.scene, evidence, changed(change)),
            lambda change: float(frame_loss(self.scene, evidence, changed(change)).sum()),
            lambda change: acceleration(track.expression + change, here),
            here,
            np.full(track.expression.shape[1], EXPRESSION_ACCELERATION),
            rounds=3,
        )
        return changed(change)

    def result(self, frames: int, seen: np.ndarray) -> Fit:
        """Return the fit with rows for all frames of the clip."""
        track = self.track
        parts = (slice(start, start + N_MEASURED) for start in range(0, len(track), N_MEASURED))
        error = np.concatenate([self._error(track[rows], self.pixels[rows]).mean(-1) for rows in parts])

        def spread(values: np.ndarray) -> np.ndarray:
            rows = np.full((frames, *values.shape[1:]), np.nan)
            rows[seen] = values
            return rows

        return Fit(
            identity=self.identity,
            expression=spread(track.expression),
            rotation=spread(track.rotation),
            translation=spread(track.translation),
            focal=self.scene.camera.fx,
            error_px=spread(error),
        )


def _spread(count: int) -> Int[np.ndarray, "K"]:
    """At most N_MEASURED evenly spaced frames out of `count`."""
    return np.linspace(0, count - 1, min(count, N_MEASURED)).astype(int)


def pose_acceleration(track: Track, here: np.ndarray) -> Float[np.ndarray, "F 6"]:
    """Deviation of each pose from the mean of its neighbours: half the change of the turn and shift between frames."""
    turn = vector_from_rotation(track.rotation[1:] @ track.rotation[:-1].transpose(0, 2, 1))
    found = np.zeros((len(track), 6))
    found[1:-1, :3] = 0.5 * (turn[:-1] - turn[1:])
    found[:, 3:] = acceleration(track.translation, here)
    return found * here[:, None]
