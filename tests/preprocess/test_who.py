import numpy as np
import pytest

from beavervision.preprocess.face_visibility import FacePresence
from beavervision.preprocess.report.subjects_panel import COLOURS, WIDTH, describe_people, telling_frames, who_is_who

SIZE = (640, 360)


def person(x, *spans, n_frames=100, tall=90):
    box = np.full((n_frames, 4), np.nan)
    for first, stop in spans:
        box[first:stop] = (x, 120, x + 80, 120 + tall)
    return FacePresence(box)


def frame(grey=128):
    return np.full((SIZE[1], SIZE[0], 3), grey, np.uint8)


def count(picture, colour):
    return int((np.asarray(picture) == colour).all(-1).sum())


def test_one_frame_shows_everybody_where_one_can():
    people = [person(50, (0, 40)), person(200, (30, 60)), person(400, (35, 100))]
    (index,) = telling_frames(people)
    assert 35 <= index < 40


def test_few_frames_show_all_who_are_never_together():
    people = [person(50, (0, 20)), person(200, (20, 60)), person(400, (30, 50)), person(100, (70, 80))]
    chosen = telling_frames(people)
    assert len(chosen) == 3
    assert all(people[i].seen[chosen].any() for i in range(4))
    assert telling_frames(people, most=1)[0] in range(30, 50)


def test_only_frames_that_are_there_are_chosen():
    people = [person(50, (0, 40)), person(200, (30, 60))]
    assert telling_frames(people, available=[5, 32, 80]) == [32]
    assert telling_frames(people, available=[80]) == []


def test_faces_of_usual_size_are_preferred():
    one = person(50, (0, 100))
    one.box[:90, 3] += 40
    assert telling_frames([one])[0] < 90


def test_everybody_is_boxed_in_a_colour_of_their_own():
    people = [person(50, (0, 100)), person(400, (0, 50))]
    both, alone = (who_is_who({i: frame()}, people, [1], 25.0) for i in (10, 80))
    assert both.size[0] == WIDTH
    strips = np.asarray(both)[-72:-30]
    assert count(both, COLOURS[1]) > count(strips, COLOURS[1]) + 500
    assert count(alone, COLOURS[1]) == pytest.approx(count(strips, COLOURS[1]), abs=5)


def test_the_box_is_where_the_face_is():
    picture = np.asarray(who_is_who({0: frame()}, [person(50, (0, 100))], [0], 25.0))
    rows, columns = np.nonzero((picture[:-80] == COLOURS[0]).all(-1))
    # frames are shown 620 px high: 120 px of 360 come to 207, below the margin of 12
    assert rows.max() == pytest.approx(12 + (120 + 90) * 620 / 360, abs=3)
    assert np.ptp(columns) == pytest.approx(80 * 620 / 360, abs=4)


def test_strips_are_as_long_as_people_are_seen():
    picture = who_is_who({}, [person(50, (0, 50), (75, 100)), person(400, (0, 20))], [0], 25.0)
    assert count(picture, COLOURS[0]) / count(picture, COLOURS[1]) == pytest.approx(75 / 20, rel=0.02)


def test_the_same_people_give_the_same_bytes():
    people = [person(50, (0, 100)), person(400, (20, 50))]
    one, other = (who_is_who({30: frame(), 60: frame(90)}, people, [0], 25.0, [20, 50]) for _ in range(2))
    assert one.tobytes() == other.tobytes()


def test_a_line_each_for_the_terminal():
    people = [person(50, (0, 100)), person(400, (0, 50), tall=120)]
    assert describe_people(people, [1], 25.0) == [
        "0  left: seen 4.0 of 4.0 s, face 90 px high",
        "1  right: seen 2.0 of 4.0 s, face 120 px high, chosen",
    ]
