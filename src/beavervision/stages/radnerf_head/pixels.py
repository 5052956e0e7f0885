"""Reads colours, mattes and targets of chosen pixels from a clip's canvas."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Int, UInt8
from torch import Tensor

from beavervision.artifacts.crops import Crops
from beavervision.stages.radnerf_head.targets import pixel_targets
from beavervision.types import Label

WHOLE = (slice(None), slice(None))
NAMES = ("pixels", "rgb", "behind", "target", "matte", "moves")
"""Names of the `RayBatch` fields that `read_pixels` returns."""


def frame_targets(crops: Crops, t: int, band: int, window: tuple[slice, slice] = WHOLE) -> UInt8[np.ndarray, "H W"]:
    """Targets of the pixels of frame `t`, or of a window in it.

    Args:
        crops: the clip on the canvas.
        t: frame of the clip.
        band: height of the free band under the chin, pixels.
        window: rows and columns of the window.
    """
    labels, matte, inside = (np.asarray(array[t][window]) for array in (crops.labels, crops.matte, crops.inside))
    return pixel_targets(labels, matte, inside, band, has_plate=crops.full_plate is not None)


def read_pixels(
    crops: Crops, frames: Int[np.ndarray, "F"], chosen: list[Int[np.ndarray, "P 2"]], band: int
) -> dict[str, Tensor]:
    """The fields of a `RayBatch` that describe its pixels.

    Args:
        crops: the clip on the canvas.
        frames: frames of the clip.
        chosen: pixels (column, row) of each frame.
        band: height of the free band under the chin, pixels.
    """
    parts = [
        _of_frame(crops, int(t), pixels[:, 0], pixels[:, 1], band) for t, pixels in zip(frames, chosen, strict=True)
    ]
    return dict(zip(NAMES, (torch.tensor(np.stack(part)) for part in zip(*parts, strict=True)), strict=True))


def _of_frame(crops: Crops, t: int, column: np.ndarray, row: np.ndarray, band: int) -> tuple[np.ndarray, ...]:
    rgb, matte = (array[t][row, column].astype(np.float32) / 255 for array in (crops.rgb, crops.matte))
    plate = crops.plate(t)
    behind = rgb if plate is None else plate[row, column].astype(np.float32) / 255
    centres = (np.stack([column, row], 1) + 0.5).astype(np.float32)
    moves = crops.labels[t][row, column] == Label.FACE
    return centres, rgb, behind, _targets_at(crops, t, column, row, band), matte, moves


def _targets_at(crops: Crops, t: int, column: np.ndarray, row: np.ndarray, band: int) -> np.ndarray:
    """Targets of some pixels of frame `t`, computed from their surroundings only."""
    margin = band + 2
    left, top = max(0, column.min() - margin), max(0, row.min() - margin)
    window = slice(top, row.max() + margin + 1), slice(left, column.max() + margin + 1)
    return frame_targets(crops, t, band, window)[row - top, column - left]
