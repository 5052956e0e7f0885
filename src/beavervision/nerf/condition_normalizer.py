"""Normalisation of landmark conditions by the statistics of a clip's training frames, which the bundle stores."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

FLOOR = 0.1
"""Smallest standard deviation, as a share of the clip's root mean square. A landmark that hardly moves varies by
tracking noise only; division by its own deviation would amplify that noise to full size."""

QUANTILES = (0.03, 0.97)
"""Quantiles of the training frames to which driven motion is clamped (GeneFace++ inference)."""


@dataclass(frozen=True)
class ConditionNormalizer:
    """Mean, standard deviation and range of the landmark condition over a clip's training frames."""

    mean: Float[np.ndarray, "68 3"]
    std: Float[np.ndarray, "68 3"]
    low: Float[np.ndarray, "68 3"]
    high: Float[np.ndarray, "68 3"]

    @classmethod
    def from_training_frames(cls, training: Float[np.ndarray, "T 68 3"], floor: float = FLOOR) -> ConditionNormalizer:
        """Compute the statistics of the given frames, which must be training frames that show the face.

        Args:
            training: raw condition, 1/10 cm.
            floor: smallest standard deviation, as a share of the clip's root mean square.
        """
        std = training.std(0)
        std = np.maximum(std, max(floor * np.sqrt((std**2).mean()), 1e-6))
        low, high = np.quantile(training, QUANTILES, 0)
        return cls(*(array.astype(np.float32) for array in (training.mean(0), std, low, high)))

    def normalise(self, raw: Float[np.ndarray, "T 68 3"], *, clamp: bool) -> Float[np.ndarray, "T 204"]:
        """Return conditions with zero mean and unit deviation; `clamp` first clamps them to the clip's range."""
        if clamp:
            raw = np.clip(raw, self.low, self.high)
        return ((raw - self.mean) / self.std).reshape(len(raw), -1).astype(np.float32)


def frame_windows(
    values: Float[np.ndarray, "T C"], frames: Int[np.ndarray, "B"], window: int
) -> Float[np.ndarray, "B W 1 C"]:
    """Windows of `window` frames centred on `frames`; the first and last frame are repeated at the clip's ends."""
    around = np.asarray(frames)[:, None] + np.arange(window) - window // 2
    return values[np.clip(around, 0, len(values) - 1)][:, :, None]


def fill_gaps(values: Float[np.ndarray, "T *c"]) -> Float[np.ndarray, "T *c"]:
    """Interpolate frames that hold NaN linearly over time; at the ends the nearest valid frame is repeated.

    Raises:
        ValueError: when every frame holds NaN.
    """
    flat = values.reshape(len(values), -1)
    whole = np.isfinite(flat).all(1)
    if not whole.any():
        raise ValueError("no frame holds values")
    known, every = np.flatnonzero(whole), np.arange(len(flat))
    after = np.searchsorted(known, every).clip(0, len(known) - 1)
    before = np.where(known[after] == every, after, (after - 1).clip(0))
    a, b = known[before], known[after]
    share = np.where(b > a, (every - a) / np.maximum(b - a, 1), 0.0).clip(0, 1)[:, None]
    share = np.where((every < a)[:, None], 0.0, share)
    filled = flat[a] * (1 - share) + flat[b] * share
    return filled.reshape(values.shape).astype(values.dtype)
