"""Contact sheet: frames of a video side by side in one image."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from jaxtyping import UInt8
from PIL import Image

from beavervision.compositing.layers import blend

GAP = 4
"""Pixels between the images."""
GREY = 128
"""Grey value behind transparent pixels."""


class ContactSheet:
    """Collects evenly spaced frames of a video, at reduced size, while the video is made.

    Args:
        n_frames: number of frames of the video.
        count: number of images on the sheet.
        columns: number of images per row.
        width: width of an image, px.
    """

    def __init__(self, n_frames: int, count: int = 12, columns: int = 4, width: int = 400) -> None:
        count = min(count, n_frames)
        # The middles of `count` equal parts; the first and last frame show least.
        self._wanted = set(((np.arange(count) + 0.5) * n_frames / count).astype(int).tolist())
        self._columns, self._width = columns, width
        self._pictures: list[np.ndarray] = []

    @property
    def n_pictures(self) -> int:
        """Number of images on the sheet so far."""
        return len(self._pictures)

    def wants(self, index: int) -> bool:
        """Whether frame `index` belongs on the sheet."""
        return index in self._wanted

    def see(self, index: int, rgb: UInt8[np.ndarray, "H W c"]) -> None:
        """Add frame `index` if it belongs on the sheet; transparent pixels become grey."""
        if self.wants(index):
            if rgb.shape[2] == 4:
                rgb = blend(rgb[..., :3], np.full_like(rgb[..., :3], GREY), rgb[..., 3].astype(np.float32) / 255)
            height = max(1, round(rgb.shape[0] * self._width / rgb.shape[1]))
            self._pictures.append(cv2.resize(rgb, (self._width, height), interpolation=cv2.INTER_AREA))

    def picture(self) -> UInt8[np.ndarray, "H W 3"]:
        """The sheet so far."""
        return tile(self._pictures, self._columns)

    def save(self, path: Path) -> Path:
        """Write the sheet as PNG and return its path."""
        Image.fromarray(self.picture()).save(path)
        return path


def tile(pictures: list[np.ndarray], columns: int) -> UInt8[np.ndarray, "H W 3"]:
    """Arrange images of equal size in rows of `columns`, with white gaps.

    Raises:
        ValueError: when there is no image.
    """
    if not pictures:
        raise ValueError("a contact sheet of no pictures")
    height, width, _ = pictures[0].shape
    columns = min(columns, len(pictures))
    rows = -(-len(pictures) // columns)
    sheet = np.full((rows * (height + GAP) - GAP, columns * (width + GAP) - GAP, 3), 255, np.uint8)
    for i, picture in enumerate(pictures):
        y, x = (i // columns) * (height + GAP), (i % columns) * (width + GAP)
        sheet[y : y + height, x : x + width] = picture
    return sheet
