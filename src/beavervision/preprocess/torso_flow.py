"""Motion of a person's torso from frame to frame, from the optical flow of the clothes."""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Bool, Float, UInt8

from beavervision.preprocess.crop import SquareCrop

TOP, BOTTOM, WIDTH = 0.45, 1.5, 1.0
"""Region of the torso: distance below the face's middle, and width to either side of it, in sides of the face
square."""

CORNERS, APART, QUALITY = 60, 6, 0.01
"""Largest number of tracked points; distance between them, px; smallest strength relative to the strongest."""

WINDOW, LEVELS, RETURN = 15, 2, 0.3
"""Window and pyramid levels of Lucas-Kanade; largest error of a point that is tracked forward and back, px."""

FEWEST, AGREEING = 8, 0.7
"""Smallest number of points that agree on a motion, and the tolerance, px."""

MARGIN = 9
"""Margin around hands and along the person's outline that is excluded, px."""


class TorsoFlow:
    """Tracks one person's torso in reduced frames that come in order."""

    def __init__(self) -> None:
        self._last: UInt8[np.ndarray, "h w"] | None = None

    def step(
        self, grey: UInt8[np.ndarray, "h w"], free: Bool[np.ndarray, "h w"], face: SquareCrop
    ) -> Float[np.ndarray, "2 3"] | None:
        """Affine map of the torso's points from the last frame to this one, px; None where it is unknown.

        Args:
            grey: the frame.
            free: pixels of people, without their hands.
            face: the face's square.
        """
        last, self._last = self._last, grey
        height, width = grey.shape
        x0, x1 = (int(np.clip(face.x + way * WIDTH * face.side, 0, width)) for way in (-1, 1))
        y0, y1 = (int(np.clip(face.y + way * face.side, 0, height)) for way in (TOP, BOTTOM))
        if last is None or min(x1 - x0, y1 - y0) < 2 * WINDOW:
            return None
        part = slice(y0, y1), slice(x0, x1)
        motion = _motion(last[part], grey[part], cv2.erode(free[part].astype(np.uint8), _SQUARE))
        if motion is not None:  # from pixels of the part to those of the frame
            motion[:, 2] += np.array([x0, y0]) - motion[:, :2] @ np.array([x0, y0])
        return motion

    def forget(self) -> None:
        """Reset: the person was not visible, so the next frame has no predecessor."""
        self._last = None


_SQUARE = np.ones((MARGIN, MARGIN), np.uint8)


def _followed(
    last: UInt8[np.ndarray, "h w"], now: UInt8[np.ndarray, "h w"], points: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Track points from one image to another (Lucas and Kanade); return positions and which of them were found."""
    there, found, _ = cv2.calcOpticalFlowPyrLK(  # pyright: ignore[reportCallIssue]  # the stub lacks nextPts=None
        last,
        now,
        points,
        None,  # pyright: ignore[reportArgumentType]  # likewise
        winSize=(WINDOW, WINDOW),
        maxLevel=LEVELS,
    )
    return there, found


def _motion(
    last: UInt8[np.ndarray, "h w"], now: UInt8[np.ndarray, "h w"], free: UInt8[np.ndarray, "h w"]
) -> Float[np.ndarray, "2 3"] | None:
    """Shift, rotation and scale on which most points agree."""
    corners = cv2.goodFeaturesToTrack(last, CORNERS, QUALITY, APART, mask=free)
    if corners is None or len(corners) < FEWEST:
        return None
    there, found = _followed(last, now, corners)
    back, again = _followed(now, last, there)
    good = (found & again).ravel() > 0
    good &= np.hypot(*(back - corners)[:, 0].T) < RETURN
    if good.sum() < FEWEST:
        return None
    motion, agree = cv2.estimateAffinePartial2D(corners[good], there[good], ransacReprojThreshold=AGREEING)
    return motion if motion is not None and agree.sum() >= FEWEST else None
