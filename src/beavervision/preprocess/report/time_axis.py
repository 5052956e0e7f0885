"""Time axis of all plots of a clip."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH = 1000
"""Width of a chart in SVG units; the page scales it."""

TICKS = (0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600)
"""Possible distances of ticks, seconds; the smallest with at most ten ticks is used."""


@dataclass(frozen=True)
class TimeAxis:
    """Length, held-out split and cuts of a clip, on a common axis."""

    n_frames: int
    fps: float
    held_out: int
    """First frame of the held-out split."""
    cuts: Sequence[int] = ()
    """First frames of later shots."""

    @property
    def seconds(self) -> float:
        """Length of the clip."""
        return self.n_frames / self.fps

    def x(self, frame: float) -> float:
        """Horizontal position of the start of a frame."""
        return round(frame / self.n_frames * WIDTH, 2)

    @property
    def ticks(self) -> list[float]:
        """Times of the tick labels, seconds."""
        step = next((step for step in TICKS if self.seconds / step <= 10), TICKS[-1])
        return [step * k for k in range(int(self.seconds / step) + 1)]


def draw_axis(axis: TimeAxis) -> str:
    """Tick labels under the plots."""
    # Not in the last few per cent: the text would exceed the page.
    ticks = "".join(
        f'<span style="left:{100 * tick / axis.seconds:.2f}%">{_clock(tick)}</span>'
        for tick in axis.ticks
        if tick <= 0.97 * axis.seconds
    )
    return f'<div class="strip axis">{ticks}</div>'


def _clock(seconds: float) -> str:
    """Seconds, or minutes and seconds from one minute on."""
    return f"{seconds:g} s" if seconds < 60 else f"{int(seconds) // 60}:{int(seconds) % 60:02d}"
