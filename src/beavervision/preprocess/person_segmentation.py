"""Segments people: MediaPipe's selfie segmentation on the frame, with more detail around body and head."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

import cv2
import numpy as np
from jaxtyping import Float, UInt8

from beavervision.preprocess.crop import SquareCrop
from beavervision.preprocess.perception_networks import open_networks

NETWORK = 256
"""Size of the network's input and output (the general model), px."""

BORDER = 0.08
"""Width of the border in which a square's finer mask fades into the coarser one, relative to its side."""


class Segmenter(ABC):
    """Interface of soft person masks, from coarse to fine."""

    def mask(self, rgb: UInt8[np.ndarray, "H W 3"], squares: Sequence[SquareCrop] = ()) -> Float[np.ndarray, "H W"]:
        """Probability of a person in every pixel of the frame.

        Args:
            rgb: the frame; best reduced to the size of the requested mask.
            squares: squares to segment again, coarse to fine; each replaces the earlier result inside it.
        """
        height, width = rgb.shape[:2]
        small = cv2.resize(rgb, (NETWORK, NETWORK), interpolation=cv2.INTER_AREA)
        mask = cv2.resize(self._run(small), (width, height), interpolation=cv2.INTER_LINEAR)
        for square in squares:
            fine = self.inside(rgb, square)
            paste(mask, fine, square)
        return mask

    def inside(self, rgb: UInt8[np.ndarray, "H W 3"], square: SquareCrop) -> Float[np.ndarray, "S S"]:
        """Probability of a person in a square of the frame, NETWORK pixels per side."""
        return self._run(square.cut(rgb, NETWORK))

    def head(
        self, crop: UInt8[np.ndarray, "S S 3"]
    ) -> tuple[Float[np.ndarray, "S S"], Float[np.ndarray, "S S C"] | None]:
        """Probability of a person in a head crop, and of the network's classes, if it has any."""
        mask = self._run(cv2.resize(crop, (NETWORK, NETWORK), interpolation=cv2.INTER_AREA))
        return cv2.resize(mask, crop.shape[1::-1], interpolation=cv2.INTER_LINEAR), None

    @abstractmethod
    def _run(self, crop: UInt8[np.ndarray, "S S 3"]) -> Float[np.ndarray, "S S"]:
        """Probability of a person in an image of NETWORK pixels per side."""

    @abstractmethod
    def close(self) -> None:
        """Free the network."""


class PersonSegmenter(Segmenter):
    """MediaPipe's selfie segmentation."""

    def __init__(self) -> None:
        self._network = open_networks().person_mask()

    def _run(self, crop: UInt8[np.ndarray, "S S 3"]) -> Float[np.ndarray, "S S"]:
        return self._network.mask(crop)

    def close(self) -> None:
        """Free the network."""
        self._network.close()


def fade(size: int, border: float = BORDER) -> Float[np.ndarray, "S S"]:
    """Weight 1 in the middle of a square, falling to 0 at its border."""
    ramp = np.clip(np.minimum(np.arange(size) + 0.5, size - np.arange(size) - 0.5) / (border * size), 0, 1)
    return np.minimum(ramp[:, None], ramp[None]).astype(np.float32)


def paste(canvas: Float[np.ndarray, "H W *c"], patch: Float[np.ndarray, "S S *c"], square: SquareCrop) -> None:
    """Blend a square's patch into a frame-sized canvas, in place, with soft borders."""
    size = patch.shape[0]
    window, matrix = window_of(square, size, canvas.shape[1], canvas.shape[0])
    if window is None:
        return
    rows, columns = window
    shape = (columns.stop - columns.start, rows.stop - rows.start)
    there = cv2.warpAffine(patch, matrix, shape, flags=cv2.INTER_LINEAR)
    weight = cv2.warpAffine(fade(size), matrix, shape, flags=cv2.INTER_LINEAR)
    weight = weight.reshape(weight.shape + (1,) * (canvas.ndim - 2))
    canvas[rows, columns] += weight * (there - canvas[rows, columns])


def window_of(
    square: SquareCrop, size: int, width: int, height: int
) -> tuple[tuple[slice, slice] | None, Float[np.ndarray, "2 3"]]:
    """Rows and columns of the frame that a square covers, and OpenCV's map from its crop to that part.

    None where the square is outside the frame.
    """
    corners = square.to_frame(np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]]))
    low = np.clip(np.floor(corners.min(0)), 0, [width, height]).astype(int)
    high = np.clip(np.ceil(corners.max(0)), 0, [width, height]).astype(int)
    forward = square.to_crop(size)
    back = cv2.invertAffineTransform(forward)
    half = np.array([0.5, 0.5])
    back[:, 2] += back[:, :2] @ half - half - low
    if (high - low).min() <= 0:
        return None, back
    return (slice(low[1], high[1]), slice(low[0], high[0])), back
