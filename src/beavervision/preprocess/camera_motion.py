"""Estimates the motion of the camera from the visible background."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import cv2
import numpy as np
from jaxtyping import Bool, Float, UInt8

SIDE = 320
"""Longer side of the images that are compared, px."""

ALIKE = 0.7
"""Correlation of two registered images from which their offset is accepted."""

DETAIL = 0.6
"""Smallest mean gradient (per cent of brightness per pixel) of a background that can be registered."""

DARK, LIGHT_REACH = 10.0, 0.03
"""Grey value below which all counts as dark; standard deviation of the local mean of brightness, relative to SIDE."""

LEAST = 0.08
"""Smallest share of the frame that must be background in both images."""

STEPS, ACCURACY, SMOOTHING = 40, 1e-4, 3
"""Iterations of the refinement (ECC: Evangelidis and Psarakis, PAMI 2008), the gain in correlation below which it
stops, and the blur of its input, px."""


def camera_travel(
    frames: Iterable[UInt8[np.ndarray, "H W 3"]], people: Sequence[Bool[np.ndarray, "h w"]]
) -> Float[np.ndarray, "K"]:
    """Distance of the image points from their position in the middle frame, in frame heights.

    Pans, tilts, zooms, rotation and shake all count; changes of light do not. The distance is the root mean square over
    the frame's points; NaN where the images cannot be registered.

    Args:
        frames: samples of the clip.
        people: mask of each frame's people, any size.
    """
    pictures = [_Picture(frame, mask) for frame, mask in zip(frames, people, strict=True)]
    middle = len(pictures) // 2
    travel = np.full(len(pictures), np.nan)
    # From the middle outwards: the last frame's position is the initial guess for the next.
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
    """Background of a frame, reduced and grey.

    Args:
        rgb: RGB frame.
        people: mask of the people in the frame, any size.
    """

    def __init__(self, rgb: UInt8[np.ndarray, "H W 3"], people: Bool[np.ndarray, "h w"]) -> None:
        factor = min(1.0, SIDE / max(rgb.shape[:2]))
        size = (max(1, round(rgb.shape[1] * factor)), max(1, round(rgb.shape[0] * factor)))
        grey = cv2.cvtColor(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY)
        self.free = cv2.resize(people.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST) == 0
        self.free = cv2.erode(self.free.astype(np.uint8), np.ones((3, 3), np.uint8))
        # Ratios to the local mean are invariant to smooth changes of light.
        light = np.log(cv2.GaussianBlur(grey.astype(np.float32), (0, 0), 1.0) + DARK)
        self.grey = 100 * (light - cv2.GaussianBlur(light, (0, 0), SIDE * LIGHT_REACH))

    def lay(self, other: _Picture, guess: Float[np.ndarray, "2 3"]) -> Float[np.ndarray, "2 3"] | None:
        """Affine map from this image's points to the other's; None where they cannot be registered."""
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
            except cv2.error:  # the map left the image: no match
                continue
            if best is None or alike > best[0]:
                best = (alike, warp)
        return best[1] if best is not None and best[0] > ALIKE else None

    def distance(self, warp: Float[np.ndarray, "2 3"]) -> float:
        """Root mean square displacement of the frame's points by a map, in frame heights."""
        height, width = self.grey.shape
        y, x = np.mgrid[: height : height / 8, : width : width / 8]
        points = np.stack([x.ravel(), y.ravel(), np.ones(x.size)])
        way = warp @ points - points[:2]
        return float(np.sqrt((way**2).sum(0).mean()) / height)

    def _shift(self, other: _Picture, both: UInt8[np.ndarray, "h w"]) -> Float[np.ndarray, "2 3"]:
        """Best translation, by phase correlation of the backgrounds."""
        window = cv2.createHanningWindow(self.grey.shape[::-1], cv2.CV_32F) * both
        planes = [(picture.grey - picture.grey[both > 0].mean()) * window for picture in (self, other)]
        (x, y), _ = cv2.phaseCorrelate(*planes)
        return np.array([[1, 0, x], [0, 1, y]], np.float32)

    def _detail(self, where: UInt8[np.ndarray, "h w"]) -> float:
        gradient = np.abs(cv2.Sobel(self.grey, cv2.CV_32F, 1, 0)) + np.abs(cv2.Sobel(self.grey, cv2.CV_32F, 0, 1))
        return float(gradient[where > 0].mean()) / 8
