"""Recommendations: a canvas for the footage, and the next commands."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from beavervision.face.framing import FrameSpec
from beavervision.overrides import format_override
from beavervision.preprocess.report.report_input import Findings

HEIGHTS = (128, 192, 256, 384, 512)
"""Possible canvas heights, px; conf/frame's 512 is the largest that the schedules are made for."""

FINER = 1.05
"""Canvas pixels per footage pixel that do not count as enlargement."""

LARGE_FACE = 0.25
"""Face height / frame height from which the whole frame is a good canvas: 128 px of face at 512."""

FACE_SCALE = 0.45
"""Face height / canvas height where the canvas is cropped to the head: it leaves room for hair, neck and shoulders
(framing.HEAD_MARGIN makes the head 1.67 face heights high)."""

CHAIN = ("audio2motion", "postnet", "radnerf_head", "radnerf_torso", "lower_face")
"""Stages of an avatar, in order."""

NOTHING = "None of the stages can learn from this clip."
ELSEWHERE = "What is not usable here can be learnt from another clip of the same person, or from many (data=corpus)."


def recommend(box: Float[np.ndarray, "T 4"], size: tuple[int, int], n_people: int) -> FrameSpec:
    """Choose the canvas that shows the subject as large as possible without enlarging the footage.

    Args:
        box: face box, full-frame px; NaN where not visible.
        size: width and height of the footage, px.
        n_people: number of people in the footage; with several, the canvas is cropped to the subject.
    """
    heights = (box[:, 3] - box[:, 1])[np.isfinite(box).all(1)]
    share = float(np.median(heights)) / size[1] if len(heights) else 0.0
    if not share or (share >= LARGE_FACE and n_people == 1):
        return FrameSpec("native", None, _fitting(size[1]))
    scale = round(float(max(FACE_SCALE, share * size[1] / min(size))), 2)
    return FrameSpec("1x1", 1.0, _fitting(share * size[1] / scale), scale)


def settings(spec: FrameSpec) -> list[str]:
    """The canvas as overrides of the command line."""
    scale = [] if spec.face_scale is None else [f"frame.face_scale={spec.face_scale:g}"]
    return [f"frame={spec.name}", f"frame.height={spec.height}", *scale]


def because(spec: FrameSpec, stages: Sequence[str]) -> str:
    """Reason for this command, in plain words.

    Args:
        spec: the canvas.
        stages: the stages of CHAIN that can be trained on the clip.
    """
    if not stages:
        return NOTHING
    rest = [] if len(stages) == len(CHAIN) else [ELSEWHERE]
    if spec.face_scale is None:
        canvas = "The face fills enough of the frame for the whole of it to be the canvas."
    else:
        canvas = f"The canvas is cut round the head: the face takes {100 * spec.face_scale:.0f} % of its height."
    return " ".join([canvas, *rest])


def train_command(name: str, spec: FrameSpec, stages: Sequence[str] = CHAIN) -> str:
    """The command that trains these stages on the clip."""
    clip = format_override("data.name", name)
    return " ".join(["python train.py -m", f"model={','.join(stages)}", "data=myvideo", clip, *settings(spec)])


def next_command(findings: Findings, number: int, spec: FrameSpec, stages: Sequence[str]) -> str:
    """Next command for a subject: stages train on a clip's first subject; another one needs its own clip."""
    if not stages:
        return ""
    if number == 0:
        return train_command(findings.name, spec, stages)
    person = findings.subjects[number].person.split()[0]
    name = f"{findings.name}_{person}"
    own = [
        format_override("data.name", name),
        format_override("data.video", str(findings.source.path)),
        f"data.subject={person}",
    ]
    return f"beavervision prepare data=myvideo {' '.join(own)}\n{train_command(name, spec, stages)}"


def _fitting(height: float) -> int:
    """The largest canvas height that does not enlarge `height` pixels of footage, or the smallest of all."""
    return max((h for h in HEIGHTS if h <= FINER * height), default=HEIGHTS[0])
