"""What refining does to a motion, to look at and to hear."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float
from torch import Tensor

from beavervision.stages.face_film import faces_film, landmarks_of, mouth_opening
from beavervision.stages.media import Curves, Film, Media
from beavervision.stages.postnet.data import PostNetData
from beavervision.stages.postnet.refinement import Refinement

MOST_FRAMES = 150
"""Six seconds are shown."""


def refined_media(speech: Refinement, refined: Float[Tensor, "T 204"], frames: range, data: PostNetData) -> list[Media]:
    """Curves of the mouth's opening over the sound and a film of the faces with it.

    Args:
        speech: truth and prediction.
        refined: landmark conditions, 1/10 cm.
        frames: of the recording, in which they are; of very many the first MOST_FRAMES are shown.
        data: set up.
    """
    openings = {title: mouth_opening(points) for title, points in _faces(speech, refined, data).items()}
    frames = frames[:MOST_FRAMES]
    time, sound = np.arange(frames.start, frames.stop) / data.survey.fps, data.recording.sound(frames)
    return [
        Curves("mouth", time, openings, "s", "mouth opening, mm", sound=sound),
        refined_film("faces", speech, refined, frames, data),
    ]


def refined_film(
    name: str, speech: Refinement, refined: Float[Tensor, "T 204"], frames: range, data: PostNetData
) -> Film:
    """The faces side by side with the speech; arguments as in `refined_media`."""
    sound = data.recording.sound(frames[:MOST_FRAMES])
    return faces_film(name, _faces(speech, refined, data), data.survey.fps, sound)


def _faces(
    speech: Refinement, refined: Float[Tensor, "T 204"], data: PostNetData
) -> dict[str, Float[np.ndarray, "T 68 3"]]:
    conditions = {"footage": speech.truth[0], "predicted": speech.predicted[0], "refined": refined}
    known = speech.known[0, :MOST_FRAMES].cpu().numpy()
    faces = {}
    for title, condition in conditions.items():
        points = condition[:MOST_FRAMES].unflatten(-1, (68, 3)).float().cpu().numpy()
        faces[title] = landmarks_of(points, data.face)
    faces["footage"][~known] = np.nan
    return faces
