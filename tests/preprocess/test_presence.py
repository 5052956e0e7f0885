import numpy as np
import pytest

from beavervision.preprocess.face_visibility import FacePresence, names


def person(x, first=0, stop=10, tall=100):
    box = np.full((60, 4), np.nan)
    box[first:stop] = (x, 50, x + 80, 50 + tall)
    return FacePresence(box)


def test_figures_by_hand():
    box = np.full((5, 4), np.nan)
    box[1], box[2], box[4] = (0, 0, 10, 20), (10, 10, 20, 40), (20, 0, 40, 22)
    one = FacePresence(box)
    assert one.seen.tolist() == [False, True, True, False, True]
    assert one.n_frames == 3
    assert one.height == 22
    assert one.size == 20 + 30 + 22
    assert one.centre == (15, 11)


def test_two_or_three_side_by_side_have_names_of_their_places():
    assert names([person(100), person(400)]) == ["left", "right"]
    assert names([person(100), person(300), person(500)]) == ["left", "middle", "right"]


@pytest.mark.parametrize(
    "people",
    [
        [person(300)],
        [person(100), person(400, first=20, stop=30)],  # never seen together
        [person(300), person(340)],
        [person(100), person(250), person(400), person(550)],
    ],
)
def test_others_have_numbers(people):
    assert names(people) == [f"person {i}" for i in range(len(people))]
