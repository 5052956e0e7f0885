"""Curves as a picture: axes, grid, lines and legend, without a plotting library."""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Float, UInt8
from PIL import Image, ImageDraw, ImageFont

from beavervision.stages.media import Curves

SIZE = (960, 320)
LEFT, RIGHT, TOP, BOTTOM = 64, 16, 34, 40
"""Margins in px."""
COLOURS = ((32, 32, 36), (214, 72, 32), (38, 110, 200), (40, 140, 70), (130, 70, 160))
PAPER, GRID, INK = (255, 255, 255), (228, 228, 232), (70, 70, 78)
TICKS = 5


def draw_curves(curves: Curves) -> UInt8[np.ndarray, "H W 3"]:
    """Draw curves on white.

    Args:
        curves: what to draw; lines without a finite value are only named in the legend.
    """
    picture = Image.new("RGB", SIZE, PAPER)
    draw, font = ImageDraw.Draw(picture), ImageFont.load_default(size=13)
    x_range, y_range = _span(curves.x), _span(np.concatenate([np.asarray(v) for v in curves.lines.values()]))
    _draw_axes(draw, font, curves, x_range, y_range)
    place = LEFT
    for (name, values), colour in zip(curves.lines.items(), COLOURS * len(curves.lines), strict=False):
        points = np.stack([_to_px(curves.x, x_range, 0), _to_px(np.asarray(values), y_range, 1)], 1)
        for piece in _unbroken(points):
            draw.line([tuple(p) for p in piece], fill=colour, width=2)
        draw.line([(place, 17), (place + 18, 17)], fill=colour, width=3)
        draw.text((place + 24, 9), name, fill=INK, font=font)
        place += 44 + round(draw.textlength(name, font=font))
    return np.asarray(picture)


def ticks(low: float, high: float, count: int = TICKS) -> list[float]:
    """Round numbers between two values, at least two of them.

    Example:
        >>> ticks(0.0, 9.3)
        [0.0, 2.0, 4.0, 6.0, 8.0]
    """
    rough = (high - low) / count
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * m for m in (1, 2, 5, 10) if power * m >= rough * 0.999)
    first = math.ceil(low / step - 1e-9)
    return [float(f"{i * step:.12g}") for i in range(first, math.floor(high / step + 1e-9) + 1)]


def _span(values: Float[np.ndarray, "N"]) -> tuple[float, float]:
    """Least and greatest finite value; never empty."""
    finite = np.asarray(values, np.float64)
    finite = finite[np.isfinite(finite)]
    low, high = (float(finite.min()), float(finite.max())) if len(finite) else (0.0, 1.0)
    return (low, high) if high - low > 1e-9 * max(1.0, abs(high)) else (low - 0.5, high + 0.5)


def _to_px(values: Float[np.ndarray, "N"], span: tuple[float, float], axis: int) -> Float[np.ndarray, "N"]:
    share = (np.asarray(values, np.float64) - span[0]) / (span[1] - span[0])
    if axis == 0:
        return LEFT + share * (SIZE[0] - LEFT - RIGHT)
    return SIZE[1] - BOTTOM - share * (SIZE[1] - TOP - BOTTOM)


def _draw_axes(
    draw: ImageDraw.ImageDraw,
    font: ImageFont.FreeTypeFont | ImageFont.ImageFont,
    curves: Curves,
    x_range: tuple[float, float],
    y_range: tuple[float, float],
) -> None:
    right, bottom = SIZE[0] - RIGHT, SIZE[1] - BOTTOM
    for value in ticks(*y_range):
        y = float(_to_px(np.array(value), y_range, 1))
        draw.line([(LEFT, y), (right, y)], fill=GRID)
        draw.text((LEFT - 6, y), f"{value:g}", fill=INK, font=font, anchor="rm")
    for value in ticks(*x_range):
        x = float(_to_px(np.array(value), x_range, 0))
        draw.line([(x, TOP), (x, bottom)], fill=GRID)
        draw.text((x, bottom + 5), f"{value:g}", fill=INK, font=font, anchor="ma")
    draw.text(((LEFT + right) / 2, SIZE[1] - 4), curves.x_label, fill=INK, font=font, anchor="md")
    draw.text((right, 9), curves.y_label, fill=INK, font=font, anchor="ra")


def _unbroken(points: Float[np.ndarray, "N 2"]) -> list[Float[np.ndarray, "M 2"]]:
    """The pieces of a line between its gaps, of two points or more."""
    known = np.isfinite(points).all(1)
    borders = np.flatnonzero(np.diff(known.astype(np.int8))) + 1
    return [piece for piece in np.split(points, borders) if len(piece) > 1 and np.isfinite(piece).all()]
