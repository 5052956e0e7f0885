"""What predicted motion looks and sounds like."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from beavervision.stages.audio2motion.data import Audio2MotionData
from beavervision.stages.face_film import faces_film, landmarks_of, mouth_opening
from beavervision.stages.media import Curves, Media
from beavervision.stages.takes import sound_of

MOST_FRAMES = 150
"""Six seconds are shown of a long clip's held-out end: its last ones."""


@dataclass(frozen=True)
class Spoken:
    """Expression over the frames that validation heard."""

    predicted: Float[np.ndarray, "T E"]
    truth: Float[np.ndarray, "T E"]
    """NaN where the face was not seen."""


def spoken_media(spoken: Spoken, data: Audio2MotionData) -> list[Media]:
    """Curves of the mouth's opening and a film of both faces with the speech.

    Args:
        spoken: over `data.heard`.
        data: set up.
    """
    frames = data.heard[-MOST_FRAMES:]
    faces = {
        title: landmarks_of(data.face.condition68(data.identity, expression[-len(frames) :]), data.face)
        for title, expression in (("footage", spoken.truth), ("predicted", spoken.predicted))
    }
    time = np.arange(frames.start, frames.stop) / data.clip.fps
    openings = {title: mouth_opening(points) for title, points in faces.items()}
    return [
        Curves("mouth", time, openings, "s", "mouth opening, mm"),
        faces_film("faces", faces, data.clip.fps, sound_of(data.clip, frames)),
    ]
