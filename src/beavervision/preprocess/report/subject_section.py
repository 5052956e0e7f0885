"""Section of the report about one subject."""

from __future__ import annotations

import html
import json
from collections.abc import Sequence
from dataclasses import dataclass

from beavervision.preprocess.report.assessment import PURPOSE, Verdict
from beavervision.preprocess.report.frame_selection import Moment
from beavervision.preprocess.report.images import Picture
from beavervision.preprocess.report.panels import COLOURS
from beavervision.preprocess.report.plot_svg import draw_band, draw_strip, values
from beavervision.preprocess.report.plots import Band, Strip
from beavervision.preprocess.report.statistics import Facts
from beavervision.preprocess.report.statistics_table import draw_figures
from beavervision.preprocess.report.time_axis import TimeAxis, draw_axis
from beavervision.types import Label


@dataclass(frozen=True)
class Section:
    """Content of the section about one subject."""

    facts: Facts
    verdicts: Sequence[Verdict]
    shown: Sequence[tuple[Moment, dict[str, Picture]]]
    """The selected frames with their panels."""
    band: Band
    strips: Sequence[Strip]


def draw_section(section: Section, axis: TimeAxis) -> str:
    """HTML of a subject: assessments, command, frames, plots, statistics."""
    person = section.facts["person"]
    title = f'<h2 id="{html.escape(person)}">Person {html.escape(person)}</h2>' if person else ""
    return f"""{title}
<p class=headline>{html.escape(section.facts["headline"])}</p>
<div class=verdicts>{"".join(draw_verdict(v) for v in section.verdicts)}</div>
<h3>Next</h3><p>{html.escape(section.facts["recommended"]["because"])}</p>{_command(section.facts)}
<h3>Frames</h3><p class=soft>Evenly spread, and the extremes. In the frame: face (white), shoulders (yellow), the
recommended canvas (blue). Landmarks: as found (white), and of the fitted face model (yellow). {label_key()}</p>
{"".join(_moment(moment, panels, axis) for moment, panels in section.shown)}
<h3>Over time</h3><p class=soft>Point at a strip for its values. Red lines: cuts. Grey at the end: held out for the
test.</p>
<div class=chart><p class="now soft">&nbsp;</p>{draw_band(section.band, axis)}
{"".join(draw_strip(strip, axis) for strip in section.strips)}{draw_axis(axis)}{_script(section, axis)}</div>
<h3>Figures</h3>{draw_figures(section.facts)}
"""


def _command(facts: Facts) -> str:
    """The next command, where there is something to train."""
    command = facts["recommended"]["command"]
    if not command:
        return ""
    return f"""<pre>{html.escape(command)}</pre>
<p class=soft>Without a GPU, add <code>experiment=cpu_quick</code>: half an hour on two cores. With runs elsewhere than
in <code>runs/</code>, add your <code>paths.runs=</code>.</p>"""


def draw_verdict(verdict: Verdict) -> str:
    """HTML card: stage, grade, remarks with their remedies."""
    kind = verdict.grade.split()[0]
    remarks = "".join(
        f"<li>{html.escape(r.found)}{f' <span class=soft>→ {html.escape(r.remedy)}</span>' if r.remedy else ''}</li>"
        for r in verdict.remarks
    )
    return (
        f'<div class="verdict {kind}"><span class=grade>{verdict.grade}</span><b>{verdict.stage}</b>'
        f"<p class=soft>{PURPOSE[verdict.stage]}</p><ul>{remarks or '<li>nothing to object to</li>'}</ul></div>"
    )


def label_key() -> str:
    """Legend of the labels' colours."""
    return "Labels:" + "".join(
        f'<i class=key style="background:rgb{tuple(COLOURS[label].tolist())}"></i>{label.name.lower()}'
        for label in Label
        if label != Label.BACKGROUND
    )


def _moment(moment: Moment, panels: dict[str, Picture], axis: TimeAxis) -> str:
    figures = "".join(
        f'<figure style="--aspect:{picture.width / picture.height:.3f}">'
        f'<img alt="{title}" width={picture.width} height={picture.height} src="{picture.url}">'
        f"<figcaption>{title}</figcaption></figure>"
        for title, picture in panels.items()
    )
    why = f": <b>{html.escape(moment.why)}</b>" if moment.why else ""
    time = f"{moment.index / axis.fps:.2f} s, frame {moment.index}"
    return f"<div class=moment><p class=soft>{time}{why}</p><div>{figures}</div></div>"


def _script(section: Section, axis: TimeAxis) -> str:
    shown = [strip for strip in section.strips if strip.known]
    told = {"fps": axis.fps, "frames": axis.n_frames, "strips": values([section.band, *shown])}
    # "</" would end the script element.
    text = json.dumps(told, separators=(",", ":"), ensure_ascii=False).replace("</", "<\\/")
    return f"<script type=application/json>{text}</script>"
