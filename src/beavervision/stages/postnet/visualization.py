"""Visualization of refined motion: curves and videos with sound."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float
from torch import Tensor

from beavervision.stages.postnet.batch import RefinementBatch
from beavervision.stages.postnet.data import PostNetData
from beavervision.stages.visualization.landmark_video import landmark_video, landmarks_of, mouth_opening
from beavervision.stages.visualization.media import Curves, Film, Media

MAX_FRAMES = 150
"""Number of frames shown: six seconds."""


def refined_media(
    speech: RefinementBatch, refined: Float[Tensor, "T 204"], frames: range, data: PostNetData
) -> list[Media]:
    """Curves of the mouth opening over the sound, and a video of the faces with it.

    Args:
        speech: ground truth and prediction.
        refined: refined landmark conditions, 1/10 cm.
        frames: frames of the recording; at most the first MAX_FRAMES are shown.
        data: the set-up DataModule.
    """
    openings = {title: mouth_opening(points) for title, points in _faces(speech, refined, data).items()}
    frames = frames[:MAX_FRAMES]
    time, sound = np.arange(frames.start, frames.stop) / data.dataset_stats.fps, data.recording.sound(frames)
    return [
        Curves("mouth", time, openings, "s", "mouth opening, mm", sound=sound),
        refined_film("faces", speech, refined, frames, data),
    ]


def refined_film(
    name: str, speech: RefinementBatch, refined: Float[Tensor, "T 204"], frames: range, data: PostNetData
) -> Film:
    """Video of the faces side by side with the speech; arguments as in `refined_media`."""
    sound = data.recording.sound(frames[:MAX_FRAMES])
    return landmark_video(name, _faces(speech, refined, data), data.dataset_stats.fps, sound)


def _faces(
    speech: RefinementBatch, refined: Float[Tensor, "T 204"], data: PostNetData
) -> dict[str, Float[np.ndarray, "T 68 3"]]:
    conditions = {"footage": speech.truth[0], "predicted": speech.predicted[0], "refined": refined}
    known = speech.known[0, :MAX_FRAMES].cpu().numpy()
    faces = {}
    for title, condition in conditions.items():
        points = condition[:MAX_FRAMES].unflatten(-1, (68, 3)).float().cpu().numpy()
        faces[title] = landmarks_of(points, data.face)
    faces["footage"][~known] = np.nan
    return faces
