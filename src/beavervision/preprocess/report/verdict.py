"""What the facts mean for each stage: good, usable or not usable, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from beavervision.audio.waveform import SILENCE_DB

GOOD, USABLE, NOT_USABLE = "good", "usable", "not usable"
GRADES = (GOOD, USABLE, NOT_USABLE)

ENOUGH_SECONDS = 120.0
"""Visible speech from which a renderer or a motion model has enough to learn from (GeneFace++ asks for 2-5 min)."""

FEW_SECONDS = 2.0
"""Below this there is nothing to learn from."""

TALL_FACE = 200
"""Pixels of face height from which training at 512 is worth while."""

SMALL_FACE = 40
"""Pixels of face height under which lips are two or three pixels high."""

FIT_GOOD, FIT_POOR = 2.0, 5.0
"""Reprojection error in per cent of the eye distance."""

OFTEN = 0.1
"""Share of frames that is worth a word."""


@dataclass(frozen=True)
class Verdict:
    """A judgement on one use of the clip."""

    stage: str
    grade: str
    why: str


def judge_stages(facts: dict[str, Any], fps: float) -> list[Verdict]:
    """One verdict a stage."""
    picture, speech = _picture(facts, fps), _speech(facts, fps)
    torso = list(picture)
    if facts["background"]["moving"]:
        torso.append((USABLE, "the background moves, so the source frames serve as background (mode=dub)"))
    return [
        _verdict("audio2motion, postnet", speech),
        _verdict("radnerf_head", picture),
        _verdict("radnerf_torso", torso),
    ]


def _picture(facts: dict[str, Any], fps: float) -> list[tuple[str, str]]:
    """(grade, remark) of what concerns the picture."""
    remarks = _amount(facts, fps)
    height = facts["face_height_px"]["median"]
    error = facts["reprojection_error_percent_of_eye_distance"]["median"]
    if height < SMALL_FACE:
        remarks.append((NOT_USABLE, f"the face is only {height:.0f} px high"))
    elif height < TALL_FACE:
        remarks.append((USABLE, f"the face is {height:.0f} px high: train with frame.height of 256 or less"))
    if error > FIT_POOR:
        remarks.append((NOT_USABLE, f"the face model misses the landmarks by {error:.1f} % of the eye distance"))
    elif error > FIT_GOOD:
        remarks.append((USABLE, f"the face model misses the landmarks by {error:.1f} % of the eye distance"))
    if facts["occluded_share"] > OFTEN:
        remarks.append((USABLE, f"{100 * facts['occluded_share']:.0f} % of the frames have a hand before the head"))
    return remarks


def _speech(facts: dict[str, Any], fps: float) -> list[tuple[str, str]]:
    """(grade, remark) of what concerns the speech."""
    sound, remarks = facts["sound"], _amount(facts, fps)
    if sound is None:
        return [(NOT_USABLE, "the footage has no sound")]
    if sound["loudest_db"] < SILENCE_DB:
        return [(NOT_USABLE, "the sound is silent from end to end")]
    if sound["clipped_share"] > 1e-3:
        remarks.append((USABLE, f"the sound is clipped in {100 * sound['clipped_share']:.1f} % of its samples"))
    return remarks


def _amount(facts: dict[str, Any], fps: float) -> list[tuple[str, str]]:
    """(grade, remark) of how much there is to learn from."""
    seconds = facts["visible_share"] * facts["frames"] / fps
    remarks = []
    if seconds < FEW_SECONDS:
        remarks.append((NOT_USABLE, f"the face is visible for {seconds:.1f} s only"))
    elif seconds < ENOUGH_SECONDS:
        remarks.append((USABLE, f"{seconds:.0f} s of face: two minutes or more give a better avatar"))
    gone = 1 - facts["visible_share"]
    if gone > OFTEN:
        remarks.append((USABLE, f"{100 * gone:.0f} % of the frames do not show the face and are left out"))
    return remarks


def _verdict(stage: str, remarks: list[tuple[str, str]]) -> Verdict:
    grade = max((grade for grade, _ in remarks), key=GRADES.index, default=GOOD)
    return Verdict(stage, grade, "; ".join(remark for _, remark in remarks) or "nothing to object to")
