"""Plots of motion curves on the page: a window that moves with the clip, and the whole clip."""

from __future__ import annotations

from typing import Any

import numpy as np

from beavervision.viewer.motion_curves import WINDOW_S, MotionCurves

WAVE = "rgba(140, 150, 170, 0.45)"
MARKER = "#f08c3c"
COLOURS = ("#5ab4ff", "#7ddc8c", "#f078b4")
AXIS, GRID = "#aab0bc", "rgba(130, 140, 155, 0.18)"
HEIGHT = 190
"""Height of a plot, px."""
DEGREES = 5.0
"""Space above and below the head's angles."""


class CurvePlots:
    """Three plots on a panel, each over the waveform.

    Args:
        gui: the panel (`viser.GuiApi`).
        curves: of the whole clip.
    """

    def __init__(self, gui: Any, curves: MotionCurves) -> None:
        self._curves, self._overview = curves, curves.overview()
        near = curves.around(0.0)
        face, pose = _span(curves.face, 0.0), _span(curves.pose, DEGREES)
        self._face = _plot(gui, f"mouth and eyes, {WINDOW_S:g} s", near, near.face, face)
        self._pose = _plot(gui, f"head, degrees, {WINDOW_S:g} s", near, near.pose, pose)
        self._whole = _plot(gui, "mouth and eyes, whole clip", self._overview, self._overview.face, face)

    def show(self, seconds: float) -> None:
        """Move the windows and the markers to a time, s."""
        near = self._curves.around(seconds)
        self._face.data = _data(near, near.face, seconds)
        self._pose.data = _data(near, near.pose, seconds)
        self._whole.data = _data(self._overview, self._overview.face, seconds)


def _data(curves: MotionCurves, lines: dict[str, np.ndarray], seconds: float) -> tuple[np.ndarray, ...]:
    """Arrays of a plot in the order of its series."""
    return tuple(
        np.asarray(c, np.float64) for c in (curves.time, *curves.sound, *lines.values(), curves.marker(seconds))
    )


def _span(lines: dict[str, np.ndarray], margin: float) -> tuple[float, float]:
    """Range of an axis, at least 0 to 1: that of the whole clip, so that it stays while the window moves."""
    known = np.concatenate([line[np.isfinite(line)] for line in lines.values()])
    return min(0.0, float(known.min(initial=0.0)) - margin), max(1.0, float(known.max(initial=1.0)) + margin)


def _plot(gui: Any, title: str, curves: MotionCurves, lines: dict[str, np.ndarray], span: tuple[float, float]) -> Any:
    """Add a plot: waveform as a band, lines on an axis of their own, and the marker."""
    wave = {"scale": "sound", "stroke": WAVE, "width": 1, "points": {"show": False}}
    drawn = {"width": 2, "points": {"show": False}, "scale": "line", "spanGaps": False}
    series = (
        {"label": "s"},
        {**wave, "label": "sound"},
        {**wave, "label": "sound "},
        *({**drawn, "label": name, "stroke": COLOURS[i]} for i, name in enumerate(lines)),
        {**wave, "label": "now", "stroke": MARKER, "width": 2},
    )
    axis = {"stroke": AXIS, "grid": {"stroke": GRID, "width": 1}, "size": 48}
    return gui.add_uplot(
        _data(curves, lines, 0.0),
        series,
        title=title,
        bands=({"series": (2, 1), "fill": WAVE},),
        scales={
            "x": {"time": False},
            "sound": {"auto": False, "range": (-1.0, 1.0)},
            "line": {"auto": False, "range": span},
        },
        axes=({**axis, "size": 44}, {**axis, "scale": "line"}),
        legend={"show": True},
        height=HEIGHT,
    )
