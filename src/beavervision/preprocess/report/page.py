"""The report as one HTML page that needs nothing else."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Float
from PIL import Image

from beavervision.preprocess.report.sheet import COLOURS
from beavervision.preprocess.report.verdict import Verdict
from beavervision.types import Label

WIDTH, HEIGHT = 900, 60
"""Pixels of a strip."""

STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 1100px; margin: 2em auto; padding: 0 1em; color: #222; }
img { width: 100%; border-radius: 6px; } table { border-collapse: collapse; }
td, th { padding: .2em .9em .2em 0; text-align: left; vertical-align: top; }
svg { background: #f4f4f2; border-radius: 4px; width: 100%; height: 60px; }
.good { color: #18794e; } .usable { color: #9a6700; } .not { color: #b42318; }
.key { display: inline-block; width: .9em; height: .9em; border-radius: 2px; margin: 0 .3em 0 1em; }
"""


def page(
    name: str,
    facts: dict[str, Any],
    verdicts: Sequence[Verdict],
    strips: Sequence[tuple[str, str, Float[np.ndarray, "T"]]],
    sheet: Image.Image,
    fps: float,
) -> str:
    """HTML of the report.

    Args:
        name: the clip's.
        facts: as `facts.gather` gives them.
        verdicts: one a stage.
        strips: (title, unit, value per frame).
        sheet: the contact sheet.
        fps: frames per second, for the time axis.
    """
    title = html.escape(name)
    rows = "".join(_strip(*strip) for strip in strips)
    seconds = len(strips[0][2]) / fps
    return f"""<!doctype html><html lang="en"><meta charset="utf-8"><title>Clip {title}</title>
<style>{STYLE}</style><h1>Clip {title}</h1>
<table>{"".join(_verdict_row(v) for v in verdicts)}</table>
<h2>Frames</h2><p>Left: landmarks (white), fitted model (yellow), the head's crop (blue), hands (red). Right: labels.
{_key()}</p><img alt="contact sheet" src="data:image/jpeg;base64,{_jpeg(sheet)}">
<h2>Over time (0 to {seconds:.1f} s)</h2>{rows}
<h2>Figures</h2><table>{"".join(_fact_row(k, v) for k, v in facts.items())}</table></html>
"""


def _verdict_row(verdict: Verdict) -> str:
    kind = verdict.grade.split()[0]
    why = html.escape(verdict.why)
    return f"<tr><th>{verdict.stage}</th><td class={kind}><b>{verdict.grade}</b></td><td>{why}</td></tr>"


def _fact_row(name: str, value: object) -> str:
    if isinstance(value, dict):
        value = ", ".join(f"{k} {_short(v)}" for k, v in value.items())
    return f"<tr><td>{html.escape(name.replace('_', ' '))}</td><td>{html.escape(_short(value))}</td></tr>"


def _short(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _key() -> str:
    return "".join(
        f'<span class=key style="background:rgb{tuple(COLOURS[label].tolist())}"></span>{label.name.lower()}'
        for label in Label
        if label != Label.BACKGROUND
    )


def _strip(title: str, unit: str, values: Float[np.ndarray, "T"]) -> str:
    """A line over time; gaps where the value is unknown."""
    known = np.isfinite(values)
    if not known.any():
        return f"<p>{title}: unknown</p>"
    low, high = min(0.0, float(values[known].min())), float(values[known].max())
    span = max(high - low, 1e-9)
    x = np.linspace(0, WIDTH, len(values))
    y = HEIGHT - 3 - (values - low) / span * (HEIGHT - 6)
    runs = np.split(np.flatnonzero(known), np.flatnonzero(np.diff(np.flatnonzero(known)) > 1) + 1)
    path = " ".join("M" + " L".join(f"{x[i]:.1f},{y[i]:.1f}" for i in run) for run in runs)
    label = html.escape(f"{title} ({low:.3g} to {high:.3g} {unit})".replace(" )", ")"))
    return (
        f'<div>{label}</div><svg viewBox="0 0 {WIDTH} {HEIGHT}" preserveAspectRatio="none">'
        f'<path d="{path}" fill="none" stroke="#2f6fde" stroke-width="1.5"/></svg>'
    )


def _jpeg(image: Image.Image) -> str:
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=85)
    return base64.b64encode(stream.getvalue()).decode()
