"""Draws curves as an image: axes, grid, lines and legend, without a plotting library."""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Float, UInt8
from PIL import Image, ImageDraw, ImageFont

from beavervision.stages.visualization.media import Curves

HEIGHT = 320
NARROWEST, WIDEST = 960, 3200
"""Smallest and largest width in px; in between it grows with the number of points."""
PX_PER_POINT = 3.0
LEFT, RIGHT, TOP, BOTTOM = 64, 16, 34, 40
"""Margins in px."""
WAVE = (232, 238, 246)
COLOURS = ((32, 32, 36), (214, 72, 32), (38, 110, 200), (40, 140, 70), (130, 70, 160))
PAPER, GRID, INK = (255, 255, 255), (228, 228, 232), (70, 70, 78)
TICKS = 5


def draw_curves(curves: Curves) -> UInt8[np.ndarray, "H W 3"]:
    """Draw curves on white, over the envelope of their sound if they have one.

    Args:
        curves: curves to draw; lines without a finite value only appear in the legend.
    """
    x_range, y_range = _span(curves.x), _span(np.concatenate([np.asarray(v) for v in curves.lines.values()]))
    plot = _Plot(len(curves.x), x_range, y_range)
    if curves.sound is not None:
        plot.wave(curves.sound)
    plot.axes(curves)
    for place, (name, values) in enumerate(curves.lines.items()):
        plot.line(name, curves.x, np.asarray(values), COLOURS[place % len(COLOURS)])
    return np.asarray(plot.picture)


class _Plot:
    """An image with axes.

    Args:
        points: number of points along x, which determines the width.
        x_range: smallest and largest x.
        y_range: smallest and largest y.
    """

    def __init__(self, points: int, x_range: tuple[float, float], y_range: tuple[float, float]) -> None:
        width = int(np.clip(LEFT + RIGHT + PX_PER_POINT * points, NARROWEST, WIDEST))
        self.picture = Image.new("RGB", (width, HEIGHT), PAPER)
        self._draw, self._font = ImageDraw.Draw(self.picture), ImageFont.load_default(size=13)
        self._x_range, self._y_range = x_range, y_range
        self._right, self._bottom = width - RIGHT, HEIGHT - BOTTOM
        self._legend = LEFT

    def wave(self, sound: Float[np.ndarray, "N"]) -> None:
        """Draw the envelope of a sound that lasts from the first to the last x."""
        columns = np.array_split(np.asarray(sound, np.float64), self._right - LEFT)
        peaks = np.array([np.abs(column).max(initial=0.0) for column in columns])
        middle, half = (TOP + self._bottom) / 2, 0.4 * (self._bottom - TOP)
        for x, peak in enumerate(half * peaks / max(peaks.max(), 1e-9), LEFT):
            self._draw.line([(x, middle - peak), (x, middle + peak)], fill=WAVE)

    def axes(self, curves: Curves) -> None:
        """Draw grid, numbers and labels."""
        draw, font = self._draw, self._font
        for value in ticks(*self._y_range):
            y = float(self._y(np.array(value)))
            draw.line([(LEFT, y), (self._right, y)], fill=GRID)
            draw.text((LEFT - 6, y), f"{value:g}", fill=INK, font=font, anchor="rm")
        for value in ticks(*self._x_range, TICKS * self.picture.width // NARROWEST):
            x = float(self._x(np.array(value)))
            draw.line([(x, TOP), (x, self._bottom)], fill=GRID)
            draw.text((x, self._bottom + 5), f"{value:g}", fill=INK, font=font, anchor="ma")
        draw.text(((LEFT + self._right) / 2, HEIGHT - 4), curves.x_label, fill=INK, font=font, anchor="md")
        draw.text((self._right, 9), curves.y_label, fill=INK, font=font, anchor="ra")

    def line(
        self, name: str, x: Float[np.ndarray, "N"], y: Float[np.ndarray, "N"], colour: tuple[int, int, int]
    ) -> None:
        """Draw a line and its legend entry; NaN interrupts it."""
        for piece in _unbroken(np.stack([self._x(np.asarray(x)), self._y(y)], 1)):
            self._draw.line([tuple(p) for p in piece], fill=colour, width=2)
        self._draw.line([(self._legend, 17), (self._legend + 18, 17)], fill=colour, width=3)
        self._draw.text((self._legend + 24, 9), name, fill=INK, font=self._font)
        self._legend += 44 + round(self._draw.textlength(name, font=self._font))

    def _x(self, values: Float[np.ndarray, "*n"]) -> Float[np.ndarray, "*n"]:
        return LEFT + _share(values, self._x_range) * (self._right - LEFT)

    def _y(self, values: Float[np.ndarray, "*n"]) -> Float[np.ndarray, "*n"]:
        return self._bottom - _share(values, self._y_range) * (self._bottom - TOP)


def ticks(low: float, high: float, count: int = TICKS) -> list[float]:
    """Round numbers between two values, at least two of them.

    Example:
        >>> ticks(0.0, 9.3)
        [0.0, 2.0, 4.0, 6.0, 8.0]
    """
    motion_noise = (high - low) / count
    power = 10.0 ** math.floor(math.log10(motion_noise))
    step = next(power * m for m in (1, 2, 5, 10) if power * m >= motion_noise * 0.999)
    first = math.ceil(low / step - 1e-9)
    return [float(f"{i * step:.12g}") for i in range(first, math.floor(high / step + 1e-9) + 1)]


def _span(values: Float[np.ndarray, "N"]) -> tuple[float, float]:
    """Smallest and largest finite value; never an empty range."""
    finite = np.asarray(values, np.float64)
    finite = finite[np.isfinite(finite)]
    low, high = (float(finite.min()), float(finite.max())) if len(finite) else (0.0, 1.0)
    return (low, high) if high - low > 1e-9 * max(1.0, abs(high)) else (low - 0.5, high + 0.5)


def _share(values: Float[np.ndarray, "*n"], span: tuple[float, float]) -> Float[np.ndarray, "*n"]:
    """0 at the start of the range, 1 at its end."""
    return (np.asarray(values, np.float64) - span[0]) / (span[1] - span[0])


def _unbroken(points: Float[np.ndarray, "N 2"]) -> list[Float[np.ndarray, "M 2"]]:
    """The pieces of a line between its gaps, each of at least two points."""
    known = np.isfinite(points).all(1)
    borders = np.flatnonzero(np.diff(known.astype(np.int8))) + 1
    return [piece for piece in np.split(points, borders) if len(piece) > 1 and np.isfinite(piece).all()]
