"""Speaking style of one person: amplitudes of mouth and eyes, and the rest pose."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from beavervision.data.speech_sample import SpeechSample
from beavervision.face.morphable_model import FaceModel
from beavervision.stages.face_geometry import lid_distance, lip_distance

AMPLITUDE_PERCENTILE = 90
"""Amplitudes are this percentile of the distance between lips and between lids (STAGES.md section 2); that of the mouth
is measured from the rest pose, which is not the same expression for all people."""
REST_PERCENTILE = 15
"""The rest pose is the median of the frames whose mouth opening is below this percentile."""
MAX_FRAMES = 30_000
"""Largest number of frames for the percentiles, evenly spaced: 20 minutes."""
EYE_SHAPES = ("blink_", "wide_", "squint_", "brow_")
"""Prefixes of the names of semantic shapes that move eyes and brows; all others move the mouth."""


@dataclass(frozen=True)
class SpeakingStyle:
    """Speaking style of one person."""

    mouth_amp: float
    """Amplitude of the mouth, cm."""
    eye_amp: float
    """Amplitude of the eyes, cm."""
    mouth_range: tuple[float, float]
    """Lip distance at rest and its 95th percentile, cm."""
    rest: Float[np.ndarray, "E"]
    """Expression of the resting face."""


def estimate_style(samples: Sequence[SpeechSample], face: FaceModel) -> SpeakingStyle | None:
    """Estimate the style of the speaker of all samples; None when the face is never visible."""
    step = max(1, -(-sum(sample.n_frames for sample in samples) // MAX_FRAMES))
    return style_of_motion(np.concatenate([sample.expression[sample.valid][::step] for sample in samples]), face)


def style_of_motion(motion: Float[np.ndarray, "T E"], face: FaceModel) -> SpeakingStyle | None:
    """Estimate the style from expressions of one person; None without any frame."""
    return measure_style(motion, face) if len(motion) else None


def measure_style(motion: Float[np.ndarray, "T E"], face: FaceModel) -> SpeakingStyle:
    """Style of one person's expressions, at least one."""
    lips = lip_distance(face, motion)
    rest = np.median(motion[lips <= np.percentile(lips, REST_PERCENTILE)], axis=0)
    return SpeakingStyle(
        mouth_amp=float(np.percentile(lip_distance(face, motion - rest), AMPLITUDE_PERCENTILE)),
        eye_amp=float(np.percentile(lid_distance(face, motion), AMPLITUDE_PERCENTILE)),
        mouth_range=(float(np.percentile(lips, 2)), float(np.percentile(lips, 95))),
        rest=rest.astype(np.float32),
    )


def average_style(styles: Sequence[SpeakingStyle]) -> SpeakingStyle:
    """Median of every value over several styles."""
    return SpeakingStyle(
        mouth_amp=float(np.median([style.mouth_amp for style in styles])),
        eye_amp=float(np.median([style.eye_amp for style in styles])),
        mouth_range=tuple(np.median([style.mouth_range for style in styles], axis=0).tolist()),
        rest=np.median([style.rest for style in styles], axis=0).astype(np.float32),
    )


def mouth_projector(face: FaceModel) -> Float[np.ndarray, "E E"]:
    """Matrix P such that deviation @ P is the mouth's part of an expression's deviation.

    The deviation is explained by the named shapes of the mouth and those of eyes and brows (least squares); the
    unexplained rest is dropped. If no shapes are named, everything counts as mouth.
    """
    names = sorted(face.semantic)
    width = len(face.exp_basis)
    if not names:
        return np.eye(width, dtype=np.float32)
    shapes = np.stack([face.semantic[name] for name in names])
    shares = np.linalg.pinv(shapes)
    mouth = [not name.startswith(EYE_SHAPES) for name in names]
    return (shares[:, mouth] @ shapes[mouth]).astype(np.float32)
