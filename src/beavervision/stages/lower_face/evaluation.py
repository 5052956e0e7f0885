"""What is measured of a drawn lower face, and the picture that shows it."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor

STRIP_CAPTION = "footage | what the network sees | drawn"


def masked_psnr(
    drawn: Float[Tensor, "B 3 S S"], truth: Float[Tensor, "B 3 S S"], mask: Float[Tensor, "B 1 S S"]
) -> Float[Tensor, ""]:
    """Peak signal-to-noise ratio in dB over the pixels of the mask."""
    error = (((drawn.clamp(0, 1) - truth) ** 2) * mask).sum() / (3 * mask.sum()).clamp_min(1)
    return -10 * torch.log10(error.clamp_min(1e-10))


def gradient_energy(picture: Float[Tensor, "B 3 S S"], mask: Float[Tensor, "B 1 S S"]) -> Float[Tensor, ""]:
    """Sum of the absolute differences between neighbouring pixels of the mean colour, both inside the mask."""
    grey, total = picture.clamp(0, 1).mean(1, keepdim=True), picture.new_zeros(())
    for axis in (2, 3):
        count = mask.shape[axis] - 1
        both = mask.narrow(axis, 0, count) * mask.narrow(axis, 1, count)
        total = total + (torch.diff(grey, dim=axis).abs() * both).sum()
    return total


def comparison_strip(
    truth: Float[Tensor, "1 3 S S"],
    seen: Float[Tensor, "1 3 S S"],
    maps: Float[Tensor, "1 3 S S"],
    drawn: Float[Tensor, "1 3 S S"],
) -> UInt8[np.ndarray, "S S3 3"]:
    """Footage | blanked patch with the target landmarks | drawn, as one row."""
    told = torch.maximum(seen, maps)
    row = torch.cat([truth, told, drawn], 3)[0].permute(1, 2, 0)
    return (row.clamp(0, 1) * 255 + 0.5).byte().cpu().numpy()
