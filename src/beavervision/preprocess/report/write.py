"""Write the report: page, contact sheet and JSON."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from PIL import Image

from beavervision.artifacts.clip import Subject
from beavervision.audio.waveform import Waveform
from beavervision.face.fit import Fit
from beavervision.preprocess.background import Background
from beavervision.preprocess.describe import Description
from beavervision.preprocess.ingest import Source
from beavervision.preprocess.report.facts import gather, strips
from beavervision.preprocess.report.page import page
from beavervision.preprocess.report.verdict import judge_stages

PAGE, SHEET, FACTS = "report.html", "contact_sheet.png", "report.json"


def write_report(
    folder: Path,
    name: str,
    source: Source,
    subject: Subject,
    fit: Fit,
    found: Description,
    background: Background,
    sound: Waveform | None,
    n_people: int,
    sheet: Image.Image,
) -> dict[str, Any]:
    """Write the report into `folder` and return its facts and verdicts."""
    folder.mkdir()
    facts = gather(subject, fit.error_px, found, background, sound, n_people)
    verdicts = judge_stages(facts, source.fps)
    summary = {**facts, "verdicts": [asdict(verdict) for verdict in verdicts]}
    sheet.save(folder / SHEET)
    text = page(name, facts, verdicts, strips(subject, fit.error_px, found), sheet, source.fps)
    (folder / PAGE).write_text(text, encoding="utf-8")
    (folder / FACTS).write_text(json.dumps(summary, indent=2) + "\n", encoding="utf-8")
    return summary
