"""Captions above images, legible at any image size."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import UInt8
from PIL import Image, ImageDraw, ImageFont

PAPER, INK = (24, 26, 30), (236, 236, 232)
LETTERS = 13
"""Smallest height of letters, pixels."""
SHARE = 24
"""Width of a panel / height of its letters, where that is larger: pages show large images reduced."""
NARROWEST = 160
"""Panels narrower than this are enlarged, so that their titles fit."""


def caption_line(texts: Sequence[str], width: int, letters: int) -> UInt8[np.ndarray, "h W 3"]:
    """A line of text, each text at the start of its column.

    Args:
        texts: one text per column; columns are equally wide.
        width: width of the line, pixels.
        letters: height of the letters, pixels.
    """
    band = Image.new("RGB", (width, round(1.6 * letters)), PAPER)
    draw, font = ImageDraw.Draw(band), ImageFont.load_default(size=letters)
    for column, text in enumerate(texts):
        draw.text((column * width / len(texts) + letters / 2, 0.2 * letters), text, fill=INK, font=font)
    return np.asarray(band)


def caption_height(panel: int) -> int:
    """Height of the letters above panels of a given width, pixels.

    Example:
        >>> caption_height(160), caption_height(512)
        (13, 21)
    """
    return max(LETTERS, round(panel / SHARE))


def enlarge_for_caption(picture: UInt8[np.ndarray, "H W 3"], panels: int) -> UInt8[np.ndarray, "H2 W2 3"]:
    """Panels side by side, wide enough for their titles: small ones are enlarged by an integer factor.

    Example:
        >>> enlarge_for_caption(np.zeros((64, 144, 3), np.uint8), 4).shape  # 36 pixels each become 180
        (320, 720, 3)
    """
    times = max(1, -(-NARROWEST * panels // picture.shape[1]))
    return picture.repeat(times, 0).repeat(times, 1)
