"""Recommendations: the next commands, and the reason for their canvas."""

from __future__ import annotations

from collections.abc import Sequence

from beavervision.face.canvas_recommendation import canvas_reason
from beavervision.face.framing import FrameSpec
from beavervision.overrides import format_override
from beavervision.preprocess.report.report_input import Findings

CHAIN = ("audio2motion", "postnet", "radnerf_head", "radnerf_torso", "lower_face")
"""Stages of an avatar, in order."""

NOTHING = "None of the stages can learn from this clip."
ELSEWHERE = "What is not usable here can be learnt from another clip of the same person, or from many (data=corpus)."


def settings(spec: FrameSpec) -> list[str]:
    """The canvas as overrides of the command line."""
    scale = [] if spec.face_scale is None else [f"frame.face_scale={spec.face_scale:g}"]
    return [f"frame={spec.name}", f"frame.height={spec.height}", *scale]


def because(spec: FrameSpec, stages: Sequence[str]) -> str:
    """Reason for this command, in plain words.

    Args:
        spec: the recommended canvas, which `frame=auto` applies.
        stages: the stages of CHAIN that can be trained on the clip.
    """
    if not stages:
        return NOTHING
    rest = [] if len(stages) == len(CHAIN) else [ELSEWHERE]
    return " ".join([canvas_reason(spec), f"Training applies it by itself: {' '.join(settings(spec))}.", *rest])


def train_command(name: str, stages: Sequence[str] = CHAIN) -> str:
    """The command that trains these stages on the clip, on the recommended canvas (`frame=auto`)."""
    return f"python train.py -m model={','.join(stages)} data=myvideo {format_override('data.name', name)}"


def next_command(findings: Findings, number: int, stages: Sequence[str]) -> str:
    """Next command for a subject: stages train on a clip's first subject; another one needs its own clip."""
    if not stages:
        return ""
    if number == 0:
        return train_command(findings.name, stages)
    person = findings.subjects[number].person.split()[0]
    name = f"{findings.name}_{person}"
    own = [
        format_override("data.name", name),
        format_override("data.video", str(findings.source.path)),
        f"data.subject={person}",
    ]
    return f"beavervision prepare data=myvideo {' '.join(own)}\n{train_command(name, stages)}"
