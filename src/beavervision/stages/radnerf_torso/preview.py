"""Preview video of head, torso and background together on held-out frames."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
from jaxtyping import Float, UInt8

from beavervision.data.speech_sample import audio_of_frames
from beavervision.stages.radnerf_head.visualization.preview_video import MOST_FRAMES, preview_size
from beavervision.stages.radnerf_torso.data import TorsoData
from beavervision.stages.radnerf_torso.inference import bake, render_baked
from beavervision.stages.radnerf_torso.network import TorsoField
from beavervision.stages.visualization.media import PREVIEW, Film


def preview_film(network: TorsoField, data: TorsoData) -> Film:
    """Footage beside the avatar, with sound, for the first held-out frames.

    Args:
        network: torso network, on the CPU.
        data: the set-up DataModule.
    """
    frames = data.clip.test_range[:MOST_FRAMES]
    sound = audio_of_frames(data.clip, frames) if data.clip.has_audio else None
    return Film(PREVIEW, _pairs(network, data, frames), data.clip.fps, sound, "footage | avatar, held-out frames")


def _pairs(network: TorsoField, data: TorsoData, frames: range) -> Iterator[UInt8[np.ndarray, "H W2 3"]]:
    baked = bake(network, data.raster)
    seen = np.array([t for t in frames if data.person.visible[t]], np.int64)
    heads = data.frozen_head().render(seen)
    size = preview_size(data.crops.size)
    for t in frames:
        truth = np.asarray(data.crops.rgb[t])
        plate = data.crops.plate(t)
        behind = np.zeros_like(truth) if plate is None else np.asarray(plate)
        if data.person.visible[t]:
            condition = data.conditioner.condition(data.track.take(np.array([t])))
            rgb, alpha = render_baked(network, baked, data.raster, data.region, condition)
            _, colour, opacity = next(heads)
            torso = _on_canvas(np.dstack([rgb[0] * alpha[0, ..., None], alpha[0]]), data.crops.size)
            behind = _over(colour, opacity, _over(torso[..., :3], torso[..., 3], behind / np.float32(255)))
            behind = (np.clip(behind, 0, 1) * 255 + 0.5).astype(np.uint8)
        pair = [cv2.resize(picture, size, interpolation=cv2.INTER_AREA) for picture in (truth, behind)]
        yield np.concatenate(pair, 1)


def _on_canvas(picture: Float[np.ndarray, "H W 4"], size: tuple[int, int]) -> Float[np.ndarray, "h w 4"]:
    """Resample from the torso's pixel grid to the head's canvas."""
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA)


def _over(
    colour: Float[np.ndarray, "H W 3"], opacity: Float[np.ndarray, "H W"], behind: Float[np.ndarray, "H W 3"]
) -> Float[np.ndarray, "H W 3"]:
    """Composite a premultiplied layer over a background."""
    return colour + (1 - opacity[..., None]) * behind
