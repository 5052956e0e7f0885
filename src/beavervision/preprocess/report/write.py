"""Writes the report: page, contact sheets, thumbnail and JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from beavervision.artifacts.clip import TEST_SHARE
from beavervision.audio.vad import VoiceActivity, detect_voice_activity
from beavervision.face.canvas_recommendation import recommend
from beavervision.preprocess.report.assessment import headline, judge_stages
from beavervision.preprocess.report.av_sync import spoken
from beavervision.preprocess.report.frame_samples import stills
from beavervision.preprocess.report.frame_selection import moments
from beavervision.preprocess.report.grading import NOT_USABLE
from beavervision.preprocess.report.images import Picture, contact_sheet
from beavervision.preprocess.report.page import page
from beavervision.preprocess.report.panels import Artist
from beavervision.preprocess.report.plots import sound_strips, subject_strips, visibility
from beavervision.preprocess.report.recommendations import CHAIN, because, next_command, settings
from beavervision.preprocess.report.report_input import Findings
from beavervision.preprocess.report.statistics import Facts, gather
from beavervision.preprocess.report.subject_section import Section
from beavervision.preprocess.report.time_axis import TimeAxis

PAGE, FACTS = "report.html", "report.json"
SHEET, THUMBNAIL = "contact_sheet_{}.jpg", "thumbnail_{}.jpg"
"""File names, one per subject."""

DIGITS = 5
"""Significant digits of numbers in the JSON file."""


def write_report(folder: Path, findings: Findings) -> Facts:
    """Write the report into the new folder `folder`, and return its facts and assessments.

    Equal clips give equal bytes: the report contains no date, no duration and no random choice.

    Args:
        folder: folder inside the clip that is being written.
        findings: results for the clip, whose label maps and mattes must exist.
    """
    folder.mkdir()
    activity = None if findings.sound is None else detect_voice_activity(findings.sound.samples)
    facts = gather(findings, activity)
    sections = [_section(findings, activity, facts, number) for number in range(len(findings.subjects))]
    held_out = findings.n_frames - max(1, round(findings.n_frames * TEST_SHARE))
    axis = TimeAxis(findings.n_frames, findings.fps, held_out, findings.cuts)
    who = None if findings.who is None else Picture.of(np.asarray(findings.who.convert("RGB")))
    (folder / PAGE).write_text(page(facts, sections, axis, who, findings.lines), encoding="utf-8")
    for number, section in enumerate(sections):
        sheet = contact_sheet(section.shown, findings.fps)
        (folder / SHEET.format(number)).write_bytes(Picture.of(sheet).jpeg)
        (folder / THUMBNAIL.format(number)).write_bytes(_thumbnail(section).jpeg)
    told = _rounded(facts)
    (folder / FACTS).write_text(json.dumps(told, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return told


def _section(findings: Findings, activity: VoiceActivity | None, facts: Facts, number: int) -> Section:
    """Assess a subject, add the assessment to the facts, draw the frames."""
    about, own = findings.subjects[number], facts["subjects"][number]
    spec = recommend(about.subject.box, findings.size, facts["people"])
    own["recommended"] = {"settings": settings(spec)}
    verdicts = judge_stages(facts, own)
    usable = [verdict.stage for verdict in verdicts if verdict.stage in CHAIN and verdict.grade != NOT_USABLE]
    own["recommended"] |= {
        "because": because(spec, usable),
        "command": next_command(findings, number, usable),
    }
    own["headline"] = headline(verdicts)
    own["verdicts"] = [verdict.as_json() for verdict in verdicts]
    artist = Artist(about, findings.model, findings.camera, spec)
    chosen = {moment.index: moment for moment in moments(about.subject, about.error_px)}
    shown = [
        (chosen[still.index], {title: Picture.of(panel) for title, panel in artist.panels(still).items()})
        for still in stills(findings.source, about, list(chosen))
    ]
    strips = [
        *sound_strips(findings, activity),
        *subject_strips(about, spoken(activity, findings), findings.fps),
    ]
    return Section(own, verdicts, shown, visibility(about), strips)


def _thumbnail(section: Section) -> Picture:
    """Crop of the subject as in training, from the middle one of the selected frames that show it."""
    seen = [panels["as trained"] for _, panels in section.shown if "as trained" in panels]
    return seen[len(seen) // 2] if seen else section.shown[0][1]["frame"]


def _rounded(value: Any) -> Any:
    """Round the numbers in JSON values to DIGITS significant digits."""
    if isinstance(value, dict):
        return {name: _rounded(part) for name, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_rounded(part) for part in value]
    return float(f"{value:.{DIGITS}g}") if isinstance(value, float) else value
