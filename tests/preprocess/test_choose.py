import numpy as np
import pytest

from beavervision.errors import BeaverError
from beavervision.preprocess.face_visibility import FacePresence
from beavervision.preprocess.subject_selection import select_subjects


def person(x, frames=10, tall=60):
    box = np.full((30, 4), np.nan)
    box[:frames] = (x, 100, x + 50, 100 + tall)
    return FacePresence(box)


PEOPLE = [person(100, frames=20, tall=40), person(300, frames=10), person(500, frames=15)]
"""Heights times frames: 800, 600, 900."""


@pytest.mark.parametrize(
    ("subject", "chosen"),
    [
        ("largest", [2]),
        ("most_visible", [0]),
        ("leftmost", [0]),
        ("all", [0, 1, 2]),
        ("0", [0]),
        ("2", [2]),
        (1, [1]),
    ],
)
def test_who_is_meant(subject, chosen):
    assert select_subjects(PEOPLE, subject) == chosen


def test_of_equals_the_leftmost_is_meant():
    twins = [person(100), person(300)]
    assert select_subjects(twins, "largest") == select_subjects(twins, "most_visible") == [0]


def test_of_those_seen_as_often_the_larger_is_meant():
    assert select_subjects([person(100, tall=40), person(300, tall=60)], "most_visible") == [1]


@pytest.mark.parametrize(
    ("people", "subject", "message"),
    [
        (PEOPLE, "3", "data.subject=3 is nobody: 3 people are seen; choose a number from 0 .the leftmost. to 2"),
        (PEOPLE[:1], "1", "only one person is seen; write data.subject=0"),
        (PEOPLE, "biggest", "data.subject=biggest is not known; choose one of largest, most_visible, leftmost, all"),
        (PEOPLE, "-1", "data.subject=-1 is not known"),
        ([], "largest", "No face is seen anywhere"),
    ],
)
def test_what_cannot_be_chosen_is_said_in_a_sentence(people, subject, message):
    with pytest.raises(BeaverError, match=message):
        select_subjects(people, subject)
