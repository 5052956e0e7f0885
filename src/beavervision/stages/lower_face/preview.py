"""The film that shows the lower face drawn into frames that the network never saw."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from jaxtyping import UInt8

from beavervision.data.speech_sample import audio_of_frames
from beavervision.stages.lower_face.data import LowerFaceData
from beavervision.stages.lower_face.inference import render_patches
from beavervision.stages.lower_face.network import LowerFaceNetwork
from beavervision.stages.radnerf_head.visualization.preview_video import MOST_FRAMES
from beavervision.stages.visualization.media import PREVIEW, Film

GREY = 96
"""Of the panel of a frame without a face."""


def preview_film(network: LowerFaceNetwork, data: LowerFaceData) -> Film:
    """Footage beside what is drawn, with the footage's sound, over the beginning of the held-out frames.

    Args:
        network: of the lower face, on the CPU.
        data: set up.
    """
    frames = data.clip.test_range[:MOST_FRAMES]
    sound = audio_of_frames(data.clip, frames) if data.clip.has_audio else None
    return Film(PREVIEW, _pairs(network, data, frames), data.clip.fps, sound, "footage | drawn, held-out frames")


def _pairs(network: LowerFaceNetwork, data: LowerFaceData, frames: range) -> Iterator[UInt8[np.ndarray, "S S2 3"]]:
    size, known = data.geometry.size, set(data.patches.frames.tolist())
    for t in frames:
        if t not in known:
            yield np.full((size, 2 * size, 3), GREY, np.uint8)
            continue
        row = data.patches.row(t)
        patch = np.array(data.patches.rgb[row])
        drawn = render_patches(network, data.geometry, patch[None], data.points[row][None])[0]
        yield np.concatenate([patch, (drawn + 0.5).astype(np.uint8)], 1)
