"""Line chart of one metric over the steps, as inline SVG."""

from __future__ import annotations

import html
from collections.abc import Mapping

from beavervision.stages.visualization.plot import ticks

WIDTH, HEIGHT = 360, 150
LEFT, RIGHT, TOP, BOTTOM = 52, 8, 10, 22
"""Margins in px."""
MOST_POINTS = 400
"""Largest number of points of a line; more would be finer than its pixels."""


def line_svg(name: str, values: Mapping[int, float]) -> str:
    """Return a line chart of a metric.

    Args:
        name: name of the metric, also for screen readers.
        values: step -> finite value; at least one.
    """
    steps, figures = thinned(list(values), MOST_POINTS), thinned(list(values.values()), MOST_POINTS)
    x0, x1 = _span(steps)
    y0, y1 = _span(figures)

    def place(step: float, value: float) -> tuple[float, float]:
        x = LEFT + (step - x0) / (x1 - x0) * (WIDTH - LEFT - RIGHT)
        return x, HEIGHT - BOTTOM - (value - y0) / (y1 - y0) * (HEIGHT - TOP - BOTTOM)

    parts = [f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{html.escape(name)}">']
    for value in ticks(y0, y1, 3):
        y = place(x0, value)[1]
        parts.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(f'<text x="{LEFT - 4}" y="{y + 4:.1f}" text-anchor="end">{value:g}</text>')
    for step in ticks(x0, x1, 4):
        parts.append(f'<text x="{place(step, y0)[0]:.1f}" y="{HEIGHT - 6}" text-anchor="middle">{step:g}</text>')
    points = [place(step, value) for step, value in zip(steps, figures, strict=True)]
    drawn = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    parts.append(f'<polyline points="{drawn}"/>')
    x, y = points[-1]
    parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.5"/></svg>')
    return "".join(parts)


def thinned(values: list[float], most: int) -> list[float]:
    """Means of at most `most` equal runs of values.

    Example:
        >>> thinned([1.0, 3.0, 5.0, 7.0], 2)
        [2.0, 6.0]
    """
    size = -(-len(values) // most)
    return [sum(part) / len(part) for part in (values[i : i + size] for i in range(0, len(values), size))]


def _span(values: list[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    return (low, high) if high > low else (low - 0.5, high + 0.5)
