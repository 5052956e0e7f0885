"""Visualization of predicted motion: curves and videos with sound."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from jaxtyping import Float

from beavervision.stages.audio2motion.data import Audio2MotionData
from beavervision.stages.visualization.landmark_video import landmark_video, landmarks_of, mouth_opening
from beavervision.stages.visualization.media import Curves, Media
from beavervision.stages.visualization.speech_panel import speech_panel

MAX_FRAMES = 150
"""Number of frames shown of a long held-out stretch: its last six seconds."""


def spoken_media(predicted: Float[np.ndarray, "T E"], data: Audio2MotionData) -> list[Media]:
    """Curves of the mouth opening, and a video of both faces with the speech.

    Args:
        predicted: expression over all input frames of the first held-out speech.
        data: the set-up DataModule.
    """
    speech, fps = data.held_out[0], data.dataset_stats.fps
    frames = speech.last(MAX_FRAMES)
    faces = {
        title: landmarks_of(data.face.condition68(speech.recording.identity, expression[-len(frames) :]), data.face)
        for title, expression in (("footage", speech.expression), ("predicted", predicted))
    }
    time = np.arange(frames.start, frames.stop) / fps
    openings = {title: mouth_opening(points) for title, points in faces.items()}
    return [
        Curves("mouth", time, openings, "s", "mouth opening, mm"),
        landmark_video("faces", faces, fps, speech.recording.sound(frames)),
    ]


def held_out_media(predicted: Float[np.ndarray, "T E"], data: Audio2MotionData) -> Iterator[Media]:
    """Curves over the waveform, and a mesh video of the held-out speech: true | predicted.

    Args:
        predicted: expression over all input frames of the first held-out speech.
        data: the set-up DataModule.
    """
    speech = data.held_out[0]
    yield from speech_panel(
        speech.recording, speech.scored_frames, {"predicted": predicted[-len(speech.scored_frames) :]}, data.face
    )
