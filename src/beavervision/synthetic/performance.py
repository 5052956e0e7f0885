"""Performance of the actor over time: speech, blinks, gaze, head turns, breathing, absence, and a raised hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float
from scipy.ndimage import gaussian_filter1d

from beavervision.face.camera import FRONTAL
from beavervision.face.morphable_model import FaceModel
from beavervision.face.pose import rotation_from_euler
from beavervision.synthetic.curves import Moment, blink_curve, smooth_noise
from beavervision.synthetic.speech import Phoneme
from beavervision.synthetic.visemes import SHAPES, viseme_curves

PLACE = np.array([0.0, -6.5, 128.0])
"""Position of the head at rest in camera space, cm."""
NECK_PIVOT = np.array([0.0, -9.0, -7.0])
"""Point of head space about which the head rotates on the neck, cm."""
FRIENDLY = {"corners_up": 0.20, "blink_left": 0.08, "blink_right": 0.08}
"""Resting expression."""


@dataclass(frozen=True)
class Performance:
    """The actor's motion, frame by frame; rows of `hand_*` are NaN where no hand is raised."""

    fps: float
    phonemes: tuple[Phoneme, ...]
    expression: Float[np.ndarray, "T E"]
    rotation: Float[np.ndarray, "T 3 3"]
    translation: Float[np.ndarray, "T 3"]
    gaze: Float[np.ndarray, "T 2"]
    body_rotation: Float[np.ndarray, "T 3 3"]
    body_translation: Float[np.ndarray, "T 3"]
    breath: Float[np.ndarray, "T"]
    hand_rotation: Float[np.ndarray, "T 3 3"]
    hand_translation: Float[np.ndarray, "T 3"]

    @property
    def n_frames(self) -> int:
        """Number of frames."""
        return len(self.expression)

    def pose(self, frame: int) -> Pose:
        """The actor's pose in a frame."""
        raised = bool(np.isfinite(self.hand_translation[frame]).all())
        return Pose(
            self.expression[frame],
            self.rotation[frame],
            self.translation[frame],
            (float(self.gaze[frame, 0]), float(self.gaze[frame, 1])),
            self.body_rotation[frame],
            self.body_translation[frame],
            float(self.breath[frame]),
            self.hand_rotation[frame] if raised else None,
            self.hand_translation[frame] if raised else None,
        )


def speak_and_blink(
    model: FaceModel, phonemes: Sequence[Phoneme], n: int, fps: float, rng: np.random.Generator
) -> Float[np.ndarray, "T E"]:
    """Expression coefficients: visemes, blinks, brow motion on stressed syllables, and a friendly resting face."""
    curves = viseme_curves(phonemes, n, fps)
    expression = curves @ np.stack([model.semantic[shape] for shape in SHAPES])
    blink = blink_curve(n, fps, rng)
    brows = np.clip(gaussian_filter1d(curves[:, 0], 0.25 * fps) * 1.0, 0, 0.35) + 0.12 * smooth_noise(n, fps, 1.5, rng)
    smile = 0.10 * smooth_noise(n, fps, 3.0, rng)
    for shape, weight in FRIENDLY.items():
        expression += weight * model.semantic[shape]
    expression += blink[:, None] * (model.semantic["blink_left"] + model.semantic["blink_right"])
    expression += brows[:, None] * (0.5 * model.semantic["brow_up_outer"] + 0.5 * model.semantic["brow_up_inner"])
    return expression + smile[:, None] * model.semantic["corners_up"]


def _turns(n: int, fps: float, rng: np.random.Generator, degrees: tuple[float, float, float]) -> np.ndarray:
    """Yaw, pitch and roll in radians: slow turns plus small quick ones."""
    slow = np.stack([smooth_noise(n, fps, period, rng) for period in (1.9, 1.5, 1.8)], axis=1)
    quick = np.stack([smooth_noise(n, fps, period, rng) for period in (0.6, 0.45, 0.6)], axis=1)
    return np.radians(degrees) * (0.88 * slow + 0.12 * quick)


def _hand(n: int, time: np.ndarray, moment: Moment | None, place: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pose of a hand that rises from the lower left of the image, passes in front of the chin, and sinks again."""
    rotation, translation = np.full((n, 3, 3), np.nan), np.full((n, 3), np.nan)
    if moment is None:
        return rotation, translation
    for i in np.flatnonzero(moment.holds(time)):
        s = (time[i] - moment.start) / (moment.end - moment.start)
        rise = np.sin(np.pi * s) ** 0.6  # it stays at the chin for a while
        lean = np.radians(38 - 30 * np.sin(np.pi * min(1.0, 0.9 * s + 0.1)))
        twist = np.radians(-12 + 25 * s)
        turn = np.array([[np.cos(lean), np.sin(lean), 0], [-np.sin(lean), np.cos(lean), 0], [0, 0, 1]])
        spin = np.array([[np.cos(twist), 0, np.sin(twist)], [0, 1, 0], [-np.sin(twist), 0, np.cos(twist)]])
        rotation[i] = FRONTAL @ turn @ spin
        translation[i] = place + np.array([-15.0 + 15.5 * rise, 44.0 - 24.5 * rise, -10.0])
    return rotation, translation


def perform(
    model: FaceModel,
    phonemes: Sequence[Phoneme],
    n: int,
    fps: float,
    seed: int,
    *,
    turns: tuple[float, float, float] = (25.0, 11.0, 7.0),
    away: Moment | None = None,
    hand: Moment | None = None,
    place: Float[np.ndarray, "3"] = PLACE,
) -> Performance:
    """Generate a performance of `n` frames for given phonemes.

    Args:
        model: face model of the expression coefficients.
        phonemes: phonemes of the speech.
        n: number of frames.
        fps: frames per second.
        seed: seed of everything except speech.
        turns: largest yaw, pitch and roll, degrees.
        away: time during which the actor is outside the image.
        hand: time during which a hand is in front of the chin.
        place: position of the head at rest in camera space, cm.
    """
    rng = np.random.default_rng(seed)
    time = np.arange(n) / fps
    euler = _turns(n, fps, rng, turns)
    sway = np.stack([smooth_noise(n, fps, 2.5, rng) for _ in range(3)], axis=1) * [2.0, 0.7, 3.0]
    duck = np.zeros(n) if away is None else away.progress(time, 0.7)
    euler[:, 1] += np.radians(9) * np.sin(np.pi * duck)  # nods on the way down and up
    body_translation = place + sway + duck[:, None] * np.array([0.0, 47.0, 3.0])
    body_rotation = rotation_from_euler(0.22 * euler * [1.0, 0.1, 0.25])
    rotation = rotation_from_euler(euler)
    # The head rotates about the neck: its pivot is fixed to the body.
    pivot = np.einsum("nij,j->ni", body_rotation, NECK_PIVOT) + body_translation
    translation = pivot - np.einsum("nij,j->ni", rotation, NECK_PIVOT)
    gaze = np.stack([-0.75 * euler[:, 0], 0.6 * euler[:, 1]], axis=1)
    gaze += 0.06 * np.stack([smooth_noise(n, fps, 0.5, rng) for _ in range(2)], axis=1)
    hand_rotation, hand_translation = _hand(n, time, hand, place)
    return Performance(
        fps,
        tuple(phonemes),
        speak_and_blink(model, phonemes, n, fps, rng),
        rotation,
        translation,
        gaze,
        body_rotation,
        body_translation,
        0.35 * np.sin(2 * np.pi * time / 3.6),
        hand_rotation,
        hand_translation,
    )


@dataclass(frozen=True)
class Pose:
    """All values that change per frame. Rotations and translations map to camera space, cm."""

    expression: Float[np.ndarray, "E"]
    rotation: Float[np.ndarray, "3 3"]
    translation: Float[np.ndarray, "3"]
    gaze: tuple[float, float] = (0.0, 0.0)
    """Yaw to the subject's left and pitch upwards of the eyes relative to the head, radians."""
    body_rotation: Float[np.ndarray, "3 3"] = field(default_factory=lambda: FRONTAL)
    body_translation: Float[np.ndarray, "3"] = field(default_factory=lambda: np.array([0.0, -6.0, 128.0]))
    breath: float = 0.0
    """Lift of the chest, cm."""
    hand_rotation: Float[np.ndarray, "3 3"] | None = None
    hand_translation: Float[np.ndarray, "3"] | None = None
