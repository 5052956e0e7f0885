"""Batches that the head is trained and validated on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch

from beavervision.stages.radnerf_head.targets import PixelTarget
from beavervision.types import Batch, Bool, Float, Int, Label, Tensor, UInt8


@dataclass
class FaceBatch(Batch):
    """Condition of the field in some frames: landmarks, eyes, tracking."""

    windows: Float[Tensor, "F W C 204"]
    """Normalised landmark conditions round each frame."""
    eye: Float[Tensor, "F"]
    """Normalised openness of the eyes."""
    tracked: Float[Tensor, "F K"]
    """How the frames were tracked: see `pose_optimizer.tracked_features`."""


@dataclass
class RayBatch(Batch):
    """Pixels of a few training frames, P of each of F frames."""

    face: FaceBatch
    frame: Int[Tensor, "F"]
    """Which training frame (row of the appearance codes)."""
    pixels: Float[Tensor, "F P 2"]
    """(u, v) of the pixels' centres."""
    rgb: Float[Tensor, "F P 3"]
    """What the footage shows, in [0, 1]."""
    behind: Float[Tensor, "F P 3"]
    """What the plate shows there; equal to `rgb` where there is no plate."""
    target: UInt8[Tensor, "F P"]
    """`targets.PixelTarget`."""
    matte: Float[Tensor, "F P"]
    """Opacity of hair and face, in [0, 1]."""
    moves: Bool[Tensor, "F P"]
    """Whether the pixel shows the face's skin, which the expression moves."""
    cameras: Float[Tensor, "F 4"]
    """fx, fy, cx, cy of the canvas."""
    rotation: Float[Tensor, "F 3 3"]
    """Head to camera."""
    translation: Float[Tensor, "F 3"]
    """cm, camera space."""
    shown: tuple[int, ...]
    """Frames of the clip, for a sentence about the batch."""

    def describe(self) -> str:
        """The frames that its pixels are of."""
        return describe_frames(self.shown)

    def to(self, device: torch.device | str) -> RayBatch:
        """Return the same batch with every tensor on `device`."""
        moved: dict[str, Any] = {
            name: value if isinstance(value, tuple) else value.to(device) for name, value in vars(self).items()
        }
        return RayBatch(**moved)


@dataclass
class FrameBatch(Batch):
    """One whole frame, to be rendered and compared."""

    face: FaceBatch
    index: int
    """Frame of the clip."""
    rgb: UInt8[Tensor, "H W 3"]
    plate: UInt8[Tensor, "H W 3"]
    """What is behind the person; a flat grey where that is unknown."""
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
    """Frames of a clip as a sentence names them.

    Example:
        >>> describe_frames((7, 3, 7))
        'of frames 3, 7'
    """
    return f"of frames {', '.join(str(frame) for frame in sorted(set(frames)))}"


def head_masks(batch: FrameBatch) -> dict[str, Bool[Tensor, "H W"]]:
    """Pixels that each figure counts: the head, its skin, and what of it lies in the mouth's box."""
    valid = batch.target != PixelTarget.IGNORED
    skin = (batch.labels == Label.FACE) & valid
    head = ((batch.labels == Label.HAIR) & valid) | skin
    x0, y0, x1, y1 = batch.mouth.tolist()
    mouth = head.clone().zero_()
    mouth[y0:y1, x0:x1] = head[y0:y1, x0:x1]
    return {"psnr": head, "psnr_face": skin, "psnr_mouth": mouth}
