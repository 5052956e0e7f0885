"""Overview of many prepared clips: one page with one row per clip, and the failed preparations."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

from beavervision.artifacts.atomic_write import atomic_file
from beavervision.preprocess.report.assessment import NEEDS
from beavervision.preprocess.report.page import document
from beavervision.preprocess.report.statistics import Facts
from beavervision.preprocess.report.write import FACTS, PAGE, THUMBNAIL

INDEX = "prepared.html"
REPORTS = f"*/clip/report/{FACTS}"
"""Reports of all clips, relative to the folder of all runs."""


def write_index(runs: Path, failures: Mapping[str, str] | None = None) -> Path:
    """Write a page that lists every clip prepared in a folder of runs, and return its path.

    Args:
        runs: the folder of all runs (`paths.runs`).
        failures: name of each failed clip -> error message.
    """
    failures = failures or {}
    rows = [_row(runs, path.parent) for path in sorted(runs.glob(REPORTS)) if _name(path) not in failures]
    rows += [_failed(name, why) for name, why in sorted(failures.items())]
    stages = "".join(f"<th>{stage}</th>" for stage in NEEDS)
    body = f"""<h1>Prepared clips</h1>
<p class=soft>{len(rows) - len(failures)} prepared, {len(failures)} failed.</p>
<div style="overflow-x:auto"><table class=clips>
<tr><th></th><th>clip</th><th>length</th><th>face</th>{stages}</tr>{"".join(rows)}</table></div>"""
    with atomic_file(runs / INDEX) as part:
        part.write_text(document("Prepared clips", body), encoding="utf-8")
    return runs / INDEX


def _name(path: Path) -> str:
    """Name of the clip whose facts are in `path`."""
    return path.parents[2].name


def _row(runs: Path, report: Path) -> str:
    facts: Facts = json.loads((report / FACTS).read_text(encoding="utf-8"))
    link = quote((report / PAGE).relative_to(runs).as_posix())
    return "".join(
        f"<tr><td>{_thumbnail(report / THUMBNAIL.format(number))}</td>"
        f'<td><a href="{link}">{html.escape(_title(facts, subject))}</a></td>'
        f"<td>{facts['seconds']:.1f} s</td><td>{_height(subject)}</td>{_grades(subject)}</tr>"
        for number, subject in enumerate(facts["subjects"])
    )


def _thumbnail(path: Path) -> str:
    picture = base64.b64encode(path.read_bytes()).decode()
    return f'<img alt="" src="data:image/jpeg;base64,{picture}">'


def _title(facts: Facts, subject: Facts) -> str:
    return f"{facts['clip']}, person {subject['person']}" if subject["person"] else facts["clip"]


def _height(subject: Facts) -> str:
    found = subject["face_height_px"]
    return "not seen" if found is None else f"{found['median']:.0f} px"


def _grades(subject: Facts) -> str:
    """One cell per stage, with a tooltip that gives the reason."""
    return "".join(
        f'<td class={v["grade"].split()[0]} title="{html.escape(v["why"])}">{html.escape(v["grade"])}</td>'
        for v in subject["verdicts"]
    )


def _failed(name: str, why: str) -> str:
    columns = len(NEEDS) + 2
    return f"<tr><td></td><td>{html.escape(name)}</td><td class=not colspan={columns}>{html.escape(why)}</td></tr>"
