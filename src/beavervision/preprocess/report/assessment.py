"""Assesses a clip for each stage: good, usable or not usable, with reasons and remedies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from beavervision.preprocess.report.grading import GOOD, GRADES, NOT_USABLE, USABLE, Remark
from beavervision.preprocess.report.quality_checks import CONCERNS
from beavervision.preprocess.report.statistics import Facts

NEEDS = {
    "audio2motion": ("speech", "sound", "voices", "step", "fit", "mouth"),
    "syncnet": ("speech", "sound", "voices", "step", "fit", "mouth"),
    "postnet": ("speech", "sound", "voices", "step", "fit", "mouth"),
    "radnerf_head": ("view", "footage", "size", "fit", "hidden", "light", "turns"),
    "radnerf_torso": ("view", "footage", "size", "fit", "hidden", "light", "background", "shoulders"),
    "lower_face": ("view", "footage", "size", "fit", "hidden", "light", "mouth"),
    "dub": ("view", "footage", "size", "fit", "speech_or_none", "hidden", "light"),
}
"""Quality checks for each use of a clip; see `quality_checks`. The first six are stages, dub is a mode of infer."""

PURPOSE = {
    "audio2motion": "learns how this voice moves the face",
    "syncnet": "learns which sound belongs to which lips",
    "postnet": "learns this person's own way of moving",
    "radnerf_head": "learns what the head looks like",
    "radnerf_torso": "learns neck, shoulders and background",
    "lower_face": "learns mouth and chin for dubs of this footage",
    "dub": "puts new speech into this very footage",
}


@dataclass(frozen=True)
class Verdict:
    """Assessment of one use of the clip."""

    stage: str
    remarks: tuple[Remark, ...]

    @property
    def grade(self) -> str:
        """The worst grade of the remarks."""
        return max((remark.grade for remark in self.remarks), key=GRADES.index, default=GOOD)

    @property
    def why(self) -> str:
        """The remarks in one line."""
        return "; ".join(str(remark) for remark in self.remarks) or "nothing to object to"

    def as_json(self) -> dict[str, Any]:
        """Return JSON types only."""
        return {
            "stage": self.stage,
            "grade": self.grade,
            "why": self.why,
            "remarks": [vars(remark) for remark in self.remarks],
        }


def judge_stages(facts: Facts, subject: Facts) -> list[Verdict]:
    """One assessment per stage for one subject.

    Args:
        facts: facts of the clip from `statistics.gather`.
        subject: one of `facts["subjects"]`.
    """
    return [
        Verdict(stage, tuple(remark for need in needs for remark in CONCERNS[need](facts, subject)))
        for stage, needs in NEEDS.items()
    ]


def headline(verdicts: Sequence[Verdict]) -> str:
    """Summary of the assessments in one sentence."""
    by_grade = {grade: [v.stage for v in verdicts if v.grade == grade] for grade in GRADES}
    if by_grade[NOT_USABLE]:
        bad, rest = _listed(by_grade[NOT_USABLE]), by_grade[USABLE] + by_grade[GOOD]
        return f"Not usable for {bad}" + (f"; usable for {_listed(rest)}." if rest else ".")
    if by_grade[USABLE]:
        good = f"Good for {_listed(by_grade[GOOD])}, usable" if by_grade[GOOD] else "Usable"
        return f"{good} for {_listed(by_grade[USABLE])}: what would make it better is said below."
    return "Good for everything."


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
