"""Words above pictures, legible whatever the pictures' size."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import UInt8
from PIL import Image, ImageDraw, ImageFont

PAPER, INK = (24, 26, 30), (236, 236, 232)
LETTERS = 13
"""Height of letters at the least, pixels."""
SHARE = 24
"""A panel is this many times as wide as letters are high, where that is more: pages show large pictures smaller."""
NARROWEST = 160
"""Panels less wide than this are shown enlarged, so that their titles find room."""


def caption_line(texts: Sequence[str], width: int, letters: int) -> UInt8[np.ndarray, "h W 3"]:
    """A line of words, each text at the beginning of a column of its own.

    Args:
        texts: one a column; columns are equally wide.
        width: of the line, pixels.
        letters: their height, pixels.
    """
    band = Image.new("RGB", (width, round(1.6 * letters)), PAPER)
    draw, font = ImageDraw.Draw(band), ImageFont.load_default(size=letters)
    for column, text in enumerate(texts):
        draw.text((column * width / len(texts) + letters / 2, 0.2 * letters), text, fill=INK, font=font)
    return np.asarray(band)


def caption_height(panel: int) -> int:
    """Height of letters above panels of a width, pixels.

    Example:
        >>> caption_height(160), caption_height(512)
        (13, 21)
    """
    return max(LETTERS, round(panel / SHARE))


def enlarge_for_caption(picture: UInt8[np.ndarray, "H W 3"], panels: int) -> UInt8[np.ndarray, "H2 W2 3"]:
    """Panels side by side, wide enough for their titles: small ones enlarged, pixel by pixel.

    Example:
        >>> enlarge_for_caption(np.zeros((64, 144, 3), np.uint8), 4).shape  # 36 pixels each become 180
        (320, 720, 3)
    """
    times = max(1, -(-NARROWEST * panels // picture.shape[1]))
    return picture.repeat(times, 0).repeat(times, 1)
