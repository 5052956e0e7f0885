"""Film comparison: sharpness, steadiness, mouth and seam of rendered frames, each beside the footage's own."""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Bool, Float, UInt8

FEWEST = 8
"""Frames with both openings that correlation and quantiles need."""
WIDE = 95
"""Percentile of the mouth's opening that is compared."""
OWN = "_footage"
"""Suffix of the footage's own value of a figure."""


class FilmComparison:
    """Compares rendered frames with the footage's frames of the same moments, one pair at a time.

    Example:
        >>> footage = np.tile(np.array([0, 100], np.uint8)[None, :, None], (8, 4, 3))
        >>> comparison = FilmComparison()
        >>> comparison.add(0, footage // 2, footage, np.ones((8, 8), bool))
        >>> comparison.compute()
        {'gradient': 0.5, 'gradient_footage': 100.0}
    """

    def __init__(self) -> None:
        self._gradients, self._changes, self._openings, self._seams = ([] for _ in range(4))
        self._before: tuple[int, np.ndarray, np.ndarray] | None = None

    def add(
        self,
        frame: int,
        made: UInt8[np.ndarray, "H W 3"],
        footage: UInt8[np.ndarray, "H W 3"],
        mask: Bool[np.ndarray, "H W"],
        openings: tuple[float, float] | None = None,
        seam: tuple[float, float] | None = None,
    ) -> None:
        """Add a pair of frames.

        Args:
            frame: number of the frame in the footage; changes are measured between consecutive ones.
            made: the rendered frame.
            footage: the footage's frame.
            mask: pixels of the face, in which gradient and change are measured.
            openings: opening of the mouth in both, eye distances; None where it is not known in both.
            seam: gradients across the border of what was rendered, in both (`metrics.seam`).
        """
        if mask.any():
            self._gradients.append([mean_gradient(picture, mask) for picture in (made, footage)])
        now = (made.astype(np.float32), footage.astype(np.float32))
        if self._before is not None and self._before[0] == frame - 1 and mask.any():
            pairs = zip(now, self._before[1:], strict=True)
            self._changes.append([float(np.abs(a - b)[mask].mean()) for a, b in pairs])
        self._before = (frame, *now)
        if openings is not None:
            self._openings.append(openings)
        if seam is not None and np.isfinite(seam).all():
            self._seams.append(seam)

    def compute(self) -> dict[str, float]:
        """Ratio of each figure to the footage's, and after it the footage's own value with the suffix OWN.

        `gradient`: mean absolute difference of neighbouring pixels in the mask, grey values. `flicker`: mean change
        from frame to frame in the mask, grey values. `opening`: 95th percentile, eye distances. `seam`: mean gradient
        across the border, grey values a pixel. `mouth_r`: correlation of the openings. What was not measured is left
        out.
        """
        figures: dict[str, float] = {}
        for name, rows in (("gradient", self._gradients), ("flicker", self._changes), ("seam", self._seams)):
            if rows:
                figures |= _ratio(name, *np.mean(rows, 0))
        if len(self._openings) >= FEWEST:
            made, true = np.array(self._openings).T
            figures |= _ratio("opening", *np.percentile([made, true], WIDE, axis=1))
            if made.std() and true.std():
                figures["mouth_r"] = float(np.corrcoef(made, true)[0, 1])
        return figures


def mean_gradient(picture: UInt8[np.ndarray, "H W 3"], mask: Bool[np.ndarray, "H W"]) -> float:
    """Mean absolute difference of horizontally and of vertically neighbouring pixels, both in the mask; grey values."""
    grey = picture.astype(np.float32).mean(-1)
    total = 0.0
    for axis in (0, 1):
        both = np.logical_and(*(np.take(mask, range(i, mask.shape[axis] - 1 + i), axis) for i in (0, 1)))
        steps = np.abs(np.diff(grey, axis=axis))[both]
        total += float(steps.mean()) if len(steps) else 0.0
    return total


def face_square(
    picture: UInt8[np.ndarray, "H W 3"], box: Float[np.ndarray, "4"], side: int
) -> UInt8[np.ndarray, "S S 3"] | None:
    """The face's box, resampled to a square; None where it has no pixel in the picture.

    Args:
        picture: whole frame.
        box: x0 y0 x1 y1, px.
        side: of the square, px.
    """
    low = np.clip(np.floor(box[:2]), 0, None).astype(int)
    high = np.minimum(np.ceil(box[2:]), picture.shape[1::-1]).astype(int)
    if (high <= low).any():
        return None
    part = picture[low[1] : high[1], low[0] : high[0]]
    return cv2.resize(part, (side, side), interpolation=cv2.INTER_AREA).astype(np.uint8)


def _ratio(name: str, made: float, true: float) -> dict[str, float]:
    """The figure relative to the footage's, and the footage's."""
    return {name: float(made / max(true, 1e-6)), f"{name}{OWN}": float(true)}
