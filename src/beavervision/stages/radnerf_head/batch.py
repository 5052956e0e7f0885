"""Batches of the head's training and validation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch.utils.data import Dataset

from beavervision.stages.radnerf_head.targets import PixelTarget
from beavervision.types import Batch, Bool, Float, Int, Label, Tensor, UInt8


@dataclass
class FaceBatch(Batch):
    """Condition of the field in some frames: landmarks, eye openness, tracking features."""

    windows: Float[Tensor, "F W C 204"]
    """Normalised landmark conditions around each frame."""
    eye: Float[Tensor, "F"]
    """Normalised openness of the eyes."""
    tracked: Float[Tensor, "F K"]
    """Tracking features of the frames: see `pose_optimizer.tracked_features`."""


@dataclass
class RayBatch(Batch):
    """Pixels of a few training frames: P pixels of each of F frames."""

    face: FaceBatch
    frame: Int[Tensor, "F"]
    """Index of the training frame (row of the appearance codes)."""
    pixels: Float[Tensor, "F P 2"]
    """(u, v) of the pixel centres."""
    rgb: Float[Tensor, "F P 3"]
    """Colour of the footage, in [0, 1]."""
    behind: Float[Tensor, "F P 3"]
    """Colour of the plate; equal to `rgb` where there is no plate."""
    target: UInt8[Tensor, "F P"]
    """`targets.PixelTarget`."""
    matte: Float[Tensor, "F P"]
    """Opacity of hair and face, in [0, 1]."""
    moves: Bool[Tensor, "F P"]
    """Whether the pixel shows facial skin, which the expression moves."""
    cameras: Float[Tensor, "F 4"]
    """fx, fy, cx, cy of the canvas."""
    rotation: Float[Tensor, "F 3 3"]
    """Rotation, head to camera."""
    translation: Float[Tensor, "F 3"]
    """Translation in camera space, cm."""
    shown: tuple[int, ...]
    """Frames of the clip, for error messages about the batch."""

    def describe(self) -> str:
        """The frames of the batch as text."""
        return describe_frames(self.shown)

    def to(self, device: torch.device | str) -> RayBatch:
        """Return the same batch with every tensor on `device`."""
        moved: dict[str, Any] = {
            name: value if isinstance(value, tuple) else value.to(device) for name, value in vars(self).items()
        }
        return RayBatch(**moved)


@dataclass
class FrameBatch(Batch):
    """One whole frame, for rendering and comparison."""

    face: FaceBatch
    index: int
    """Index of the frame in the clip."""
    rgb: UInt8[Tensor, "H W 3"]
    plate: UInt8[Tensor, "H W 3"]
    """Background behind the person; uniform grey where it is unknown."""
    labels: UInt8[Tensor, "H W"]
    """`types.Label`."""
    target: UInt8[Tensor, "H W"]
    """`targets.PixelTarget`."""
    mouth: Int[Tensor, "4"]
    """x0, y0, x1, y1 of the mouth's box, pixels."""
    cameras: Float[Tensor, "1 4"]
    rotation: Float[Tensor, "1 3 3"]
    translation: Float[Tensor, "1 3"]

    def to(self, device: torch.device | str) -> FrameBatch:
        """Return the same batch with every tensor on `device`."""
        moved: dict[str, Any] = {
            name: value if isinstance(value, int) else value.to(device) for name, value in vars(self).items()
        }
        return FrameBatch(**moved)


def describe_frames(frames: tuple[int, ...]) -> str:
    """Frames of a clip as text for messages.

    Example:
        >>> describe_frames((7, 3, 7))
        'of frames 3, 7'
    """
    return f"of frames {', '.join(str(frame) for frame in sorted(set(frames)))}"


def head_masks(batch: FrameBatch) -> dict[str, Bool[Tensor, "H W"]]:
    """Pixels of each metric: the head, its skin, and its pixels in the mouth's box."""
    valid = batch.target != PixelTarget.IGNORED
    skin = (batch.labels == Label.FACE) & valid
    head = ((batch.labels == Label.HAIR) & valid) | skin
    x0, y0, x1, y1 = batch.mouth.tolist()
    mouth = head.clone().zero_()
    mouth[y0:y1, x0:x1] = head[y0:y1, x0:x1]
    return {"psnr": head, "psnr_face": skin, "psnr_mouth": mouth}


class HeldOutFrameDataset(Dataset):
    """Dataset of whole frames by position in a list.

    Args:
        batch: function that makes the batch of a frame of the clip.
        frames: frames of the clip.
    """

    def __init__(self, batch: Callable[[int], FrameBatch], frames: Int[np.ndarray, "N"]) -> None:
        self.batch, self.frames = batch, frames

    def __len__(self) -> int:
        return len(self.frames)

    def __getitem__(self, i: int) -> FrameBatch:
        return self.batch(int(self.frames[i]))
