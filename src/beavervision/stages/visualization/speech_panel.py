"""Speech panel: mouth, eyes and pitch over the waveform, true and predicted."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import numpy as np
from jaxtyping import Float, UInt8

from beavervision.audio.features import ROWS_PER_FRAME, pitch_features
from beavervision.data.recording import Recording
from beavervision.face.morphable_model import FaceModel
from beavervision.stages.face_geometry import lid_distance, lip_distance
from beavervision.stages.visualization.media import Curves, Media, Picture
from beavervision.stages.visualization.mesh_video import mesh_video
from beavervision.stages.visualization.plot import draw_curves

MAX_SECONDS = 60.0
"""Seconds shown of a long recording, from its start."""
TRUTH = "true"


def speech_panel(
    recording: Recording, frames: range, predicted: Mapping[str, Float[np.ndarray, "T E"]], face: FaceModel
) -> Iterator[Media]:
    """Curves of mouth, eyes and pitch over the sound, and a video of the face meshes with it.

    Args:
        recording: speech and true motion.
        frames: T frames of the recording; at most the first MAX_SECONDS are shown.
        predicted: title -> expression coefficients in these frames.
        face: face model of the coefficients.
    """
    frames = frames[: round(MAX_SECONDS * recording.fps)]
    span = slice(frames.start, frames.stop)
    truth = np.where(recording.known[span][:, None], recording.expression[span], np.nan)
    motions = {TRUTH: truth, **{title: motion[: len(frames)] for title, motion in predicted.items()}}
    sound = recording.sound(frames)
    yield Picture("curves", draw_speech_panel(motions, face, recording.fps, sound, first=frames.start))
    yield mesh_video("mesh", motions, recording.identity, face, recording.fps, sound)


def draw_speech_panel(
    motions: Mapping[str, Float[np.ndarray, "T E"]],
    face: FaceModel,
    fps: float,
    sound: Float[np.ndarray, "N"],
    first: int = 0,
) -> UInt8[np.ndarray, "H W 3"]:
    """Mouth opening, lid opening and pitch over time, one plot below the other, each over the waveform.

    Args:
        motions: title -> expression coefficients; NaN where unknown.
        face: face model of the coefficients.
        fps: frames per second.
        sound: sound of the same time, 16 kHz.
        first: number of the first frame, for the time axis.
    """
    length = len(next(iter(motions.values())))
    time = (first + np.arange(length)) / fps
    pitch = pitch_features(sound, fps)[: ROWS_PER_FRAME * length : ROWS_PER_FRAME]
    panels = (
        Curves("mouth", time, _in_mm(lip_distance, face, motions), "", "mouth opening, mm", sound=sound),
        Curves("eyes", time, _in_mm(lid_distance, face, motions), "", "lid opening, mm", sound=sound),
        Curves("pitch", time, {"voice": np.where(pitch > 0, pitch, np.nan)}, "s", "pitch, Hz", sound=sound),
    )
    return np.concatenate([draw_curves(panel) for panel in panels])


def _in_mm(
    distance: Callable[[FaceModel, np.ndarray], np.ndarray],
    face: FaceModel,
    motions: Mapping[str, Float[np.ndarray, "T E"]],
) -> dict[str, Float[np.ndarray, "T"]]:
    """Title -> distance in mm, from a function that measures in cm."""
    return {title: 10 * distance(face, motion) for title, motion in motions.items()}
