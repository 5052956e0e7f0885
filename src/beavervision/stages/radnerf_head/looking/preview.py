"""The film that shows what a trained head does with frames that it never saw."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
import torch
from jaxtyping import Float, UInt8

from beavervision.stages.media import PREVIEW, Film
from beavervision.stages.radnerf_head.batch import FrameBatch
from beavervision.stages.radnerf_head.data import HeadData
from beavervision.stages.radnerf_head.network import HeadNetwork
from beavervision.stages.radnerf_head.picture import render_pictures
from beavervision.stages.radnerf_head.pose import PoseCorrection
from beavervision.stages.takes import sound_of

MOST_FRAMES = 75
"""Three seconds say enough, and cost seconds on a CPU."""
MOST_ROWS = 256
"""A preview is no taller than this: what is rendered full size is infer's."""


def preview_film(
    network: HeadNetwork,
    data: HeadData,
    poses: PoseCorrection | None = None,
    name: str = PREVIEW,
    most: int | None = MOST_FRAMES,
) -> Film:
    """Footage beside render, with the footage's sound, over the beginning of the held-out frames.

    Args:
        network: the head, on any device.
        data: set up.
        poses: corrects what was tracked.
        name: of the film.
        most: frames that it shows; None for all that were held out.
    """
    clip = data.clip
    frames = clip.test_range[:most]
    sound = sound_of(clip, frames) if clip.has_audio else None
    return Film(name, _pairs(network, data, poses, frames), clip.fps, sound, "footage | head, held-out frames")


def preview_size(canvas: tuple[int, int]) -> tuple[int, int]:
    """Width and height of one of the preview's pictures: the canvas's, or as much smaller as it takes.

    Example:
        >>> preview_size((910, 512))
        (455, 256)
    """
    share = min(1.0, MOST_ROWS / canvas[1])
    return max(1, round(canvas[0] * share)), max(1, round(canvas[1] * share))


def _pairs(
    network: HeadNetwork, data: HeadData, poses: PoseCorrection | None, frames: range
) -> Iterator[UInt8[np.ndarray, "H W2 3"]]:
    size = preview_size(data.crops.size)
    for t in frames:
        truth = _shrunk(data.crops.rgb[t], size)
        plate = data.crops.plate(t)
        behind = np.zeros_like(truth) if plate is None else _shrunk(plate, size)
        seen = data.subject.visible[t]
        if seen:
            batch = data.frame_batch(t).to(network.box.device)
            behind = _rendered(network, batch if poses is None else poses.correct(batch), behind)
        yield np.concatenate([truth, behind], 1)


def _rendered(
    network: HeadNetwork, batch: FrameBatch, behind: UInt8[np.ndarray, "H W 3"]
) -> UInt8[np.ndarray, "H W 3"]:
    """The head of a frame over what is behind it, at that picture's size."""
    height, width, _ = behind.shape
    cameras = batch.cameras * (width / batch.labels.shape[1])
    with torch.inference_mode():
        condition = network.encode(batch.face.windows, batch.face.eye)
        shown = render_pictures(network, condition, cameras, batch.rotation, batch.translation, (width, height))
    rgb, alpha = shown.rgb[0].cpu().numpy(), shown.alpha[0].cpu().numpy()[..., None]
    return _bytes(rgb + (1 - alpha) * (behind / np.float32(255)))


def _shrunk(picture: UInt8[np.ndarray, "H W 3"], size: tuple[int, int]) -> UInt8[np.ndarray, "h w 3"]:
    return cv2.resize(np.asarray(picture), size, interpolation=cv2.INTER_AREA)


def _bytes(picture: Float[np.ndarray, "H W 3"]) -> UInt8[np.ndarray, "H W 3"]:
    return (np.clip(picture, 0, 1) * 255 + 0.5).astype(np.uint8)
