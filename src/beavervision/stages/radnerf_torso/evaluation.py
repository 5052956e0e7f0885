"""Metrics of the torso, and a comparison image."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float, UInt8
from torch import Tensor

from beavervision.stages.radnerf_torso.targets import TorsoTarget

STRIP_CAPTION = "footage | torso | all layers"


def composite(rgb: Float[Tensor, "H W 3"], alpha: Float[Tensor, "H W"], frame: HeldOut) -> Float[Tensor, "H W 3"]:
    """Head over torso over background."""
    torso = alpha[..., None] * rgb + (1 - alpha[..., None]) * frame.background
    return frame.head_rgb + (1 - frame.head_alpha[..., None]) * torso


def psnr(picture: Float[Tensor, "H W 3"], frame: HeldOut) -> Float[Tensor, ""]:
    """Peak signal-to-noise ratio in dB over the counted pixels."""
    error = ((picture - frame.picture) ** 2)[frame.counted].mean()
    return -10 * torch.log10(error.clamp_min(1e-10))


def neck_gap(alpha: Float[Tensor, "H W"], frame: HeldOut) -> Float[Tensor, ""]:
    """Visibility of the background at the neck: mean transparency of head and torso, 0 if there is no gap."""
    seam = torch.from_numpy(np.isin(frame.kind, (TorsoTarget.SEAM, TorsoTarget.UNDER)))
    if not seam.any():
        return torch.zeros(())
    return ((1 - alpha) * (1 - frame.head_alpha))[seam].mean()


def comparison_strip(
    rgb: Float[Tensor, "H W 3"], alpha: Float[Tensor, "H W"], whole: Float[Tensor, "H W 3"], frame: HeldOut
) -> UInt8[np.ndarray, "H W3 3"]:
    """Source | torso alone over the background | all layers."""
    torso = alpha[..., None] * rgb + (1 - alpha[..., None]) * frame.background
    row = torch.cat([frame.picture, torso, whole], 1)
    return (row.clamp(0, 1) * 255 + 0.5).byte().numpy()


@dataclass(frozen=True)
class HeldOut:
    """One held-out frame with the rendered frozen head."""

    frame: int
    picture: Float[Tensor, "H W 3"]
    counted: Bool[Tensor, "H W"]
    """Pixels that are counted: no hand, no other object, no padding."""
    kind: UInt8[np.ndarray, "H W"]
    """`targets.TorsoTarget`"""
    head_rgb: Float[Tensor, "H W 3"]
    """Colour of the head, premultiplied by its opacity."""
    head_alpha: Float[Tensor, "H W"]
    background: Float[Tensor, "H W 3"]
