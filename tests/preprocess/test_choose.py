import pytest
from faces import landmarks

from beavervision.errors import BeaverError
from beavervision.preprocess.choose import choose, names
from beavervision.preprocess.people import Person
from beavervision.preprocess.track import Track


def person(x, frames=10, eyes=60.0, first=0):
    return Person((Track(first, [landmarks((x, 240), eyes)] * frames),))


PEOPLE = [person(100, frames=20, eyes=40), person(300, frames=10, eyes=60), person(500, frames=15, eyes=60)]
"""Faces times frames: 800, 600, 900."""


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
    assert choose(PEOPLE, subject) == chosen


def test_of_equals_the_leftmost_is_meant():
    twins = [person(100), person(300)]
    assert choose(twins, "largest") == choose(twins, "most_visible") == [0]


def test_of_those_seen_as_often_the_larger_is_meant():
    assert choose([person(100, eyes=40), person(300, eyes=60)], "most_visible") == [1]


@pytest.mark.parametrize(
    ("people", "subject", "message"),
    [
        (PEOPLE, "3", "data.subject=3 is nobody: there are 3 people, numbers 0 to 2"),
        (PEOPLE[:1], "1", "there is one person, number 0"),
        (PEOPLE, "biggest", "data.subject=biggest is not known; choose one of largest, most_visible, leftmost, all"),
        (PEOPLE, "-1", "data.subject=-1 is not known"),
        ([], "largest", "No face is seen anywhere"),
    ],
)
def test_what_cannot_be_chosen_is_said_in_a_sentence(people, subject, message):
    with pytest.raises(BeaverError, match=message):
        choose(people, subject)


def test_two_or_three_side_by_side_have_names_of_their_places():
    assert names([person(100), person(400)]) == ["left", "right"]
    assert names([person(100), person(300), person(500)]) == ["left", "middle", "right"]


@pytest.mark.parametrize(
    "people",
    [
        [person(300)],
        [person(100), person(400, first=50)],  # never seen together
        [person(300), person(310)],
        [person(100), person(250), person(400), person(550)],
    ],
)
def test_others_have_numbers(people):
    assert names(people) == [f"person {i}" for i in range(len(people))]
