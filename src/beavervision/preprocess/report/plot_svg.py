"""Charts as SVG in HTML, with an axis in seconds; the page's script also gets the values."""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from jaxtyping import Bool, Float, Int

from beavervision.preprocess.report.plots import Band, Series, Strip
from beavervision.preprocess.report.time_axis import WIDTH, TimeAxis

HEIGHT = 64
"""Height of a chart in SVG units; its width is time_axis.WIDTH, and the page scales both."""

COLUMNS = 1000
"""Largest number of columns of a line: longer clips are drawn by the minimum and maximum of each column."""

MARGIN = 4


def draw_strip(strip: Strip, axis: TimeAxis) -> str:
    """A line chart as HTML: title, range of values, and lines over time with gaps where values are unknown."""
    if not strip.known:
        return f"<div class=strip><div class=title>{html.escape(strip.title)} <small>unknown</small></div></div>"
    unit = html.escape(strip.unit)
    low, high = _extent(np.concatenate([values[np.isfinite(values)] for values in strip.lines.values()]))
    inside = {name: at for name, at in strip.marks.items() if low < at < high}
    marks = "".join(f'<path class=mark d="M0 {_y(at, low, high)}H{WIDTH}"/>' for at in inside.values())
    ground = "" if strip.shaded is None else "".join(_runs(strip.shaded, axis, "shade"))
    lines = "".join(
        f'<path class="line l{i}" d="{_path(values, low, high)}"/>' for i, values in enumerate(strip.lines.values())
    )
    return (
        f"<div class=strip data-kind=line><div class=title>{html.escape(strip.title)} <small>{unit}</small>"
        f"{_legend(strip, inside)}<output></output></div><div class=plot>{_svg(ground + marks + lines, axis)}"
        f"<span class=high>{_short(high)}</span><span class=low>{_short(low)}</span></div></div>"
    )


def draw_band(band: Band, axis: TimeAxis) -> str:
    """A state band as HTML, with a legend of the states that occur."""
    present = [code for code in range(len(band.states)) if (band.codes == code).any()]
    runs = "".join(part for code in present for part in _runs(band.codes == code, axis, f"s{code}"))
    legend = "".join(f'<i class="key s{code}"></i>{html.escape(band.states[code])}' for code in present)
    return (
        f'<div class="strip band" data-kind=band><div class=title>{html.escape(band.title)} '
        f"<small>{legend}</small><output></output></div><div class=plot>{_svg(runs, axis)}</div></div>"
    )


def values(strips: Sequence[Strip | Band]) -> list[dict[str, object]]:
    """Values that the page's script shows under the pointer: JSON types, at most COLUMNS values per line."""
    return [_band_values(s) if isinstance(s, Band) else _strip_values(s) for s in strips]


def _strip_values(strip: Strip) -> dict[str, object]:
    return {"names": list(strip.lines), "unit": strip.unit, "lines": [_rounded(v) for v in strip.lines.values()]}


def _band_values(band: Band) -> dict[str, object]:
    return {"states": list(band.states), "codes": band.codes[_bins(len(band.codes))].tolist()}


def _rounded(series: Series) -> list[float | None]:
    middle = series[_bins(len(series))]
    return [float(f"{value:.3g}") if np.isfinite(value) else None for value in middle]


def _bins(n: int) -> Int[np.ndarray, "C"]:
    """The frame that represents each column."""
    return np.arange(n) if n <= COLUMNS else ((np.arange(COLUMNS) + 0.5) * n / COLUMNS).astype(int)


def _extent(known: Float[np.ndarray, "n"]) -> tuple[float, float]:
    """Values at the chart's lower and upper edge; the lower edge is at most 0."""
    low, high = float(known.min()), float(known.max())
    low = min(low, 0.0)
    return low, high if high - low > 1e-9 else low + 1.0


def _y(value: float, low: float, high: float) -> float:
    return round(HEIGHT - MARGIN - (value - low) / (high - low) * (HEIGHT - 2 * MARGIN), 1)


def _path(series: Series, low: float, high: float) -> str:
    """SVG path with gaps where values are unknown."""
    at, value = _thinned(series)
    x = np.round((at + 0.5) / len(series) * WIDTH, 1)
    y = np.round(HEIGHT - MARGIN - (value - low) / (high - low) * (HEIGHT - 2 * MARGIN), 1)
    known = np.flatnonzero(np.isfinite(value))
    runs = np.split(known, np.flatnonzero(np.diff(known) > 1) + 1)
    # h0: without it a run of a single frame would be invisible.
    return "".join("M" + "L".join(f"{x[i]:g} {y[i]:g}" for i in run) + ("h0" if len(run) == 1 else "") for run in runs)


def _thinned(series: Series) -> tuple[Float[np.ndarray, "n"], Series]:
    """(frame, value) of every frame, or of the minimum and maximum of each column, in order."""
    n = len(series)
    if n <= 2 * COLUMNS:
        return np.arange(n, dtype=float), series
    at, kept = [], []
    for part in np.array_split(np.arange(n), COLUMNS):
        known = part[np.isfinite(series[part])]
        ends = {int(known[np.argmin(series[known])]), int(known[np.argmax(series[known])])} if len(known) else {part[0]}
        at += sorted(ends)
        kept += [series[i] for i in sorted(ends)]
    return np.array(at, float), np.array(kept)


def _runs(flags: Bool[np.ndarray, "T"], axis: TimeAxis, kind: str) -> Iterator[str]:
    """Rectangles over the runs of flagged frames."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(int), [0]])))
    for first, stop in edges.reshape(-1, 2).tolist():
        x = axis.x(first)
        # A run of a single frame in a long clip must be visible.
        width = max(round(axis.x(stop) - x, 2), 0.8)
        yield f'<rect class={kind} x="{x:g}" width="{width:g}" y="0" height="{HEIGHT}"/>'


def _svg(drawn: str, axis: TimeAxis) -> str:
    held = f'<rect class=held x="{axis.x(axis.held_out):g}" width="{WIDTH}" height="{HEIGHT}"/>'
    grid = "".join(f"M{axis.x(tick * axis.fps):g} 0V{HEIGHT}" for tick in axis.ticks[1:])
    cuts = "".join(f"M{axis.x(cut):g} 0V{HEIGHT}" for cut in axis.cuts)
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" preserveAspectRatio="none">{held}<path class=grid d="{grid}"/>{drawn}'
        f'<path class=cut d="{cuts}"/></svg>'
    )


def _legend(strip: Strip, marks: Mapping[str, float]) -> str:
    """Legend: names of several lines, meaning of the tint, and the drawn levels."""
    names = [f'<i class="key k{i}"></i>{html.escape(name)}' for i, name in enumerate(strip.lines) if name]
    if strip.shaded is not None and strip.shaded.any():
        names.append(f'<i class="key shade"></i>{html.escape(strip.shade_means)}')
    names += [f'<i class="key dash"></i>{html.escape(name)}: {at:g}' for name, at in marks.items() if name]
    return f"<small>{''.join(names)}</small>" if names else ""


def _short(value: float) -> str:
    return f"{value:.3g}"
