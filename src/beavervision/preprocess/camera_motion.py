"""Estimate how far the camera moves, from the visible background."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import cv2
import numpy as np
from jaxtyping import Bool, Float, UInt8

SIDE = 320
"""Longer side of the pictures that are compared, px."""

ALIKE = 0.7
"""Correlation of two pictures, laid over each other, from which their offset is believed."""

DETAIL = 0.6
"""Mean gradient (per cent of brightness per pixel) of a background below which nothing can be laid over anything."""

DARK, LIGHT_REACH = 10.0, 0.03
"""Grey value below which all counts as dark; reach (standard deviation) of what is a pixel's light, in SIDE."""

LEAST = 0.08
"""Share of the frame that two pictures must show of the background, both."""

STEPS, ACCURACY, SMOOTHING = 40, 1e-4, 3
"""Iterations of the refinement (ECC: Evangelidis and Psarakis, PAMI 2008), the gain in correlation below which it
ends, and the blur that it works on, px."""


def camera_travel(
    frames: Iterable[UInt8[np.ndarray, "H W 3"]], people: Sequence[Bool[np.ndarray, "h w"]]
) -> Float[np.ndarray, "K"]:
    """How far the picture's points lie from where the middle frame has them, in frame heights.

    Pans, tilts, zooms, turns and shake all count; light does not. The root mean square over the frame's points is
    taken; NaN where the pictures cannot be laid over each other.

    Args:
        frames: samples of the clip.
        people: mask of each frame's people, any size.
    """
    pictures = [_Picture(frame, mask) for frame, mask in zip(frames, people, strict=True)]
    middle = len(pictures) // 2
    travel = np.full(len(pictures), np.nan)
    # From the middle outwards: the last frame's place is where the next is looked for.
    for order in (range(middle, len(pictures)), range(middle, -1, -1)):
        guess = np.eye(2, 3, dtype=np.float32)
        for i in order:
            found = None if i == middle else pictures[middle].lay(pictures[i], guess)
            if i == middle:
                travel[i] = 0.0
            elif found is not None:
                guess, travel[i] = found, pictures[i].distance(found)
    return travel


class _Picture:
    """A frame's background, small and grey.

    Args:
        rgb: the frame.
        people: mask of its people, any size.
    """

    def __init__(self, rgb: UInt8[np.ndarray, "H W 3"], people: Bool[np.ndarray, "h w"]) -> None:
        factor = min(1.0, SIDE / max(rgb.shape[:2]))
        size = (max(1, round(rgb.shape[1] * factor)), max(1, round(rgb.shape[0] * factor)))
        grey = cv2.cvtColor(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY)
        self.free = cv2.resize(people.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST) == 0
        self.free = cv2.erode(self.free.astype(np.uint8), np.ones((3, 3), np.uint8))
        # Ratios to what is round a pixel: light that grows or fades smoothly leaves them as they are.
        light = np.log(cv2.GaussianBlur(grey.astype(np.float32), (0, 0), 1.0) + DARK)
        self.grey = 100 * (light - cv2.GaussianBlur(light, (0, 0), SIDE * LIGHT_REACH))

    def lay(self, other: _Picture, guess: Float[np.ndarray, "2 3"]) -> Float[np.ndarray, "2 3"] | None:
        """Affine map from this picture's points to the other's; None where they cannot be laid over each other."""
        both = np.bitwise_and(self.free, other.free)
        if both.mean() < LEAST or self._detail(both) < DETAIL or other._detail(both) < DETAIL:
            return None
        best: tuple[float, np.ndarray] | None = None
        for start in (guess, self._shift(other, both)):
            warp = np.asarray(start, np.float32).copy()
            moved = cv2.warpAffine(self.free, warp, both.shape[::-1], flags=cv2.INTER_NEAREST)
            free = np.bitwise_and(other.free, moved)
            criteria = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, STEPS, ACCURACY)
            try:
                alike, warp = cv2.findTransformECC(
                    self.grey, other.grey, warp, cv2.MOTION_AFFINE, criteria, free, SMOOTHING
                )
            except cv2.error:  # ran out of the picture: not alike
                continue
            if best is None or alike > best[0]:
                best = (alike, warp)
        return best[1] if best is not None and best[0] > ALIKE else None

    def distance(self, warp: Float[np.ndarray, "2 3"]) -> float:
        """Root mean square way of the frame's points under a map, in frame heights."""
        height, width = self.grey.shape
        y, x = np.mgrid[: height : height / 8, : width : width / 8]
        points = np.stack([x.ravel(), y.ravel(), np.ones(x.size)])
        way = warp @ points - points[:2]
        return float(np.sqrt((way**2).sum(0).mean()) / height)

    def _shift(self, other: _Picture, both: UInt8[np.ndarray, "h w"]) -> Float[np.ndarray, "2 3"]:
        """Best shift alone, by phase correlation of the backgrounds."""
        window = cv2.createHanningWindow(self.grey.shape[::-1], cv2.CV_32F) * both
        planes = [(picture.grey - picture.grey[both > 0].mean()) * window for picture in (self, other)]
        (x, y), _ = cv2.phaseCorrelate(*planes)
        return np.array([[1, 0, x], [0, 1, y]], np.float32)

    def _detail(self, where: UInt8[np.ndarray, "h w"]) -> float:
        gradient = np.abs(cv2.Sobel(self.grey, cv2.CV_32F, 1, 0)) + np.abs(cv2.Sobel(self.grey, cv2.CV_32F, 0, 1))
        return float(gradient[where > 0].mean()) / 8
