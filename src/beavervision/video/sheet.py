"""Contact sheet: some frames of a video side by side, to look at without playing it."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from jaxtyping import UInt8
from PIL import Image

from beavervision.compositing.layers import blend

GAP = 4
"""Pixels between the pictures."""
GREY = 128
"""Pixel value behind what is not opaque."""


class ContactSheet:
    """Keeps evenly spread frames of a video, small, while it is made.

    Args:
        n_frames: frames of the video.
        count: pictures on the sheet.
        columns: pictures in a row.
        width: of a picture, px.
    """

    def __init__(self, n_frames: int, count: int = 12, columns: int = 4, width: int = 400) -> None:
        count = min(count, n_frames)
        # The middles of `count` equal parts: neither the first nor the last frame, which say least.
        self._wanted = set(((np.arange(count) + 0.5) * n_frames / count).astype(int).tolist())
        self._columns, self._width = columns, width
        self._pictures: list[np.ndarray] = []

    @property
    def n_pictures(self) -> int:
        """Pictures on the sheet so far."""
        return len(self._pictures)

    def see(self, index: int, rgb: UInt8[np.ndarray, "H W c"]) -> None:
        """Look at frame `index`; it is kept when it belongs on the sheet, before grey where it is not opaque."""
        if index in self._wanted:
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
    """Pictures of one size in rows of `columns`, white between them.

    Raises:
        ValueError: when there is none.
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
