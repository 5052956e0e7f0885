"""A held-out frame to measure a torso by."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, UInt8
from torch import Tensor


@dataclass(frozen=True)
class HeldOut:
    """One frame that the torso never saw, with the frozen head rendered for it."""

    frame: int
    picture: Float[Tensor, "H W 3"]
    counted: Bool[Tensor, "H W"]
    """Pixels that take part: no hand, nothing foreign, no padding."""
    kind: UInt8[np.ndarray, "H W"]
    """`targets.Target`"""
    head_rgb: Float[Tensor, "H W 3"]
    """Times its opacity."""
    head_alpha: Float[Tensor, "H W"]
    background: Float[Tensor, "H W 3"]
