from __future__ import annotations

from beavervision.preprocess.report.grading import GOOD, NOT_USABLE, USABLE
from beavervision.workflows.prepare import next_command

PERSON = "data=myvideo data.name=me"


def report(**grades: str) -> dict[str, object]:
    """What a clip's report says of its first subject."""
    verdicts = [{"stage": stage, "grade": grade} for stage, grade in grades.items()]
    return {"subjects": [{"verdicts": verdicts}]}


def test_the_next_command_leaves_out_what_the_clip_is_not_usable_for():
    silent = report(audio2motion=NOT_USABLE, postnet=NOT_USABLE, radnerf_head=GOOD, lower_face=USABLE, dub=GOOD)
    expected = f"python train.py -m model=radnerf_head,lower_face {PERSON}"
    assert next_command(silent, PERSON) == expected


def test_a_clip_that_is_usable_for_nothing_gets_no_command():
    assert "other footage" in next_command(report(audio2motion=NOT_USABLE), PERSON)


def test_a_clip_without_a_report_gets_the_whole_chain():
    chain = "audio2motion,postnet,radnerf_head,radnerf_torso,lower_face"
    assert next_command({}, PERSON) == f"python train.py -m model={chain} {PERSON}"
