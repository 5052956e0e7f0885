import numpy as np
import pytest
from faces import landmarks

from beavervision.errors import BeaverError
from beavervision.preprocess.people import join, largest
from beavervision.preprocess.track import Track


def person(seed):
    return np.random.default_rng(seed).normal(size=80)


def track(first, length, who, centre=(320, 240), eyes=60.0):
    rng = np.random.default_rng(first)
    turns = np.radians(rng.uniform(-15, 15, (length, 3)))
    return Track(first, [landmarks(centre, eyes, euler=turn, identity=person(who)) for turn in turns])


def test_one_person_who_comes_back_elsewhere_is_one_person():
    tracks = [track(0, 10, who=1), track(60, 10, who=1, centre=(100, 100))]
    (found,) = join(tracks)
    assert [t.first for t in found.tracks] == [0, 60]


def test_another_person_elsewhere_is_another_person():
    assert len(join([track(0, 10, who=1), track(60, 10, who=2, centre=(100, 100))])) == 2


def test_people_in_the_same_frame_are_never_joined():
    assert len(join([track(0, 10, who=1), track(5, 10, who=1, centre=(100, 100))])) == 2


def test_a_short_gap_in_the_same_place_is_bridged_whatever_the_shape():
    assert len(join([track(0, 10, who=1), track(12, 1, who=2)])) == 1


def test_landmarks_keep_their_indices():
    (found,) = join([track(2, 3, who=1), track(7, 2, who=1)])
    seen = np.isfinite(found.landmarks(12)).all((1, 2))
    assert np.flatnonzero(seen).tolist() == [2, 3, 4, 7, 8]


def test_the_largest_is_chosen_by_size_over_time():
    # 10 frames at 60 px against 20 frames at 40 px: 600 < 800
    people = join([track(0, 10, who=1, eyes=60), track(0, 20, who=2, centre=(100, 100), eyes=40)])
    chosen = largest(people, "a.mp4")
    assert len(chosen.tracks[0].landmarks) == 20


def test_nobody_is_an_error_that_names_the_video():
    with pytest.raises(BeaverError, match=r"a\.mp4 shows no face"):
        largest([], "a.mp4")
