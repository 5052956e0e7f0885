"""The report as one self-contained HTML page."""

from __future__ import annotations

import html
from collections.abc import Sequence
from pathlib import Path

from beavervision.preprocess.report.assessment import NEEDS
from beavervision.preprocess.report.images import Picture
from beavervision.preprocess.report.statistics import Facts
from beavervision.preprocess.report.statistics_table import draw_figures
from beavervision.preprocess.report.subject_section import Section, draw_section
from beavervision.preprocess.report.time_axis import TimeAxis

STYLE, SCRIPT = (Path(__file__).with_name(f"page.{kind}").read_text(encoding="utf-8") for kind in ("css", "js"))


def page(
    facts: Facts,
    sections: Sequence[Section],
    axis: TimeAxis,
    who: Picture | None = None,
    lines: Sequence[str] = (),
) -> str:
    """HTML of the report.

    Args:
        facts: facts of the clip.
        sections: one section per subject.
        axis: time axis.
        who: image of the subjects panel.
        lines: the subjects panel as text.
    """
    parts = [summary(sections) if len(sections) > 1 else "", _who(who, lines)]
    parts += [draw_section(section, axis) for section in sections]
    size = f"{facts['width']} × {facts['height']}, {facts['fps']:g} frames a second, {facts['seconds']:g} s"
    body = f"""<h1>{html.escape(facts["clip"])}</h1>
<p class=soft>{html.escape(facts["video"])}: {size}, {_count(facts["people"], "person", "people")}</p>
{"".join(parts)}
<h2>The clip</h2>{draw_figures(facts)}"""
    return document(f"Clip {facts['clip']}", body, SCRIPT)


def document(title: str, body: str, script: str = "") -> str:
    """A whole HTML page in the report's style.

    Args:
        title: plain text.
        body: HTML.
        script: JavaScript, if any.
    """
    end = f"<script>{script}</script>" if script else ""
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{html.escape(title)}</title><style>{STYLE}</style></head>
<body>{body}{end}</body></html>
"""


def summary(sections: Sequence[Section]) -> str:
    """Table of the grades of all subjects."""
    head = "".join(f"<th>{stage}</th>" for stage in NEEDS)
    rows = ""
    for section in sections:
        person = html.escape(section.facts["person"])
        cells = "".join(f"<td class={v.grade.split()[0]}>{v.grade}</td>" for v in section.verdicts)
        rows += f'<tr><th><a href="#{person}">person {person}</a></th>{cells}</tr>'
    return f'<div style="overflow-x:auto"><table class=clips><tr><th></th>{head}</tr>{rows}</table></div>'


def _who(who: Picture | None, lines: Sequence[str]) -> str:
    if who is None:
        return ""
    words = "<br>".join(html.escape(line) for line in lines)
    return f'<h2>Who is who</h2><div class=who><img alt="who is who" src="{who.url}"></div><p class=soft>{words}</p>'


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"
