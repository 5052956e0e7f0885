import numpy as np
import pytest
from faces import landmarks

from beavervision.face.model_registry import load_face_model
from beavervision.preprocess.face_track import FaceTrack
from beavervision.preprocess.reidentification import FLEETING, MIN_MOTION, join_tracks

N_EXPRESSION = len(load_face_model().exp_basis)


def identity(who):
    return np.random.default_rng(who).normal(size=80)


def colours(who):
    """A portrait of its own for each; nothing in common with the next."""
    return np.tile(np.eye(8, dtype=np.float32)[who % 8], 9)


def track(first, length, who, centre=(320, 240), eyes=60.0, clothes=None):
    turns = np.radians(np.random.default_rng(first).uniform(-15, 15, (5, 3)))
    some = [landmarks(centre, eyes, euler=turn, identity=identity(who)) for turn in turns]
    faces = [some[i % len(some)] for i in range(length)]
    portraits = [colours(who if clothes is None else clothes)] * length
    return FaceTrack(first, faces, portraits=portraits, scores=[0.9] * length)


def shots(people):
    """First frames of each person's tracks, people in the order in which they first appear."""
    return sorted([track.first for track in person.tracks] for person in people)


def test_one_person_who_comes_back_elsewhere_is_one_person():
    assert shots(join_tracks([track(0, 12, who=1), track(60, 12, who=1, centre=(100, 100))])) == [[0, 60]]


def test_another_person_elsewhere_is_another_person():
    assert len(join_tracks([track(0, 12, who=1), track(60, 12, who=2, centre=(100, 100))])) == 2


def test_people_in_the_same_frame_are_never_joined():
    assert len(join_tracks([track(0, 12, who=1), track(5, 12, who=1, centre=(100, 100))])) == 2


def test_shot_and_reverse_shot_in_one_place_are_two_people():
    # A B A B at the very same place, size and distance: only looks can tell
    film = [track(25 * i, 25, who=1 + i % 2) for i in range(4)]
    assert shots(join_tracks(film, [25, 50, 75])) == [[0, 50], [25, 75]]


def test_a_track_across_a_cut_is_parted_there():
    first, second = track(0, 25, who=1), track(25, 25, who=2)
    portraits = first.portraits + second.portraits
    both = FaceTrack(0, first.landmarks + second.landmarks, portraits=portraits, scores=[0.9] * 50)
    people = join_tracks([both], [25])
    assert shots(people) == [[0], [25]]
    assert sum(person.n_frames for person in people) == 50


def test_segments_are_joined_at_their_borders():
    film = [track(250 * i, 250, who=w, centre=(200 * w, 240)) for i in range(2) for w in (1, 2)]
    people = join_tracks(film)
    assert shots(people) == [[0, 250], [0, 250]]
    assert [person.centre[0] for person in people] == sorted(person.centre[0] for person in people)


def test_a_short_gap_in_the_same_place_is_bridged_even_when_the_face_looks_odd():
    # 12 frames that show it well, then three blurred ones after two frames without any
    assert len(join_tracks([track(0, 12, who=1), track(14, 10, who=2, clothes=1)])) == 1
    assert len(join_tracks([track(0, 12, who=1), track(14, 10, who=2, clothes=1)], [13])) == 2


def test_people_come_from_left_to_right():
    people = join_tracks([track(0, 20, who=w, centre=(x, 240)) for w, x in ((1, 500), (2, 100), (3, 300))])
    assert [round(person.centre[0], -2) for person in people] == [100, 300, 500]


def test_the_order_of_the_tracks_does_not_matter():
    film = [track(25 * i, 25, who=1 + i % 3, centre=(100 + 90 * (i % 3), 240)) for i in range(6)]
    assert shots(join_tracks(film, range(25, 150, 25))) == shots(join_tracks(film[::-1], range(25, 150, 25)))


def test_a_passing_mistake_is_left_out_and_a_short_clip_is_not():
    long, short = track(0, 250, who=1), track(40, FLEETING - 1, who=2, centre=(100, 100))
    assert len(join_tracks([long, short])) == 1
    assert len(join_tracks([short])) == 1


def test_who_is_seen_for_a_moment_of_a_long_clip_is_left_out():
    day = FaceTrack(0, [landmarks()] * 7500, scores=[0.9] * 7500)  # five minutes; 0.002 of it are 15 frames
    assert len(join_tracks([day, track(40, 14, who=2, centre=(100, 100))])) == 1
    assert len(join_tracks([day, track(40, 16, who=2, centre=(100, 100))])) == 2


def test_landmarks_go_into_a_mapped_file(tmp_path):
    (found,) = join_tracks([track(2, 3, who=1)])
    found.landmarks(6, np.lib.format.open_memmap(tmp_path / "a.npy", "w+", np.float32, (6, 478, 3))).flush()
    assert np.array_equal(np.load(tmp_path / "a.npy"), found.landmarks(6), equal_nan=True)


def test_landmarks_keep_their_indices():
    (found,) = join_tracks([track(2, 3, who=1), track(7, 2, who=1)])
    assert np.flatnonzero(np.isfinite(found.landmarks(12)).all((1, 2))).tolist() == [2, 3, 4, 7, 8]
    assert np.flatnonzero(found.presence(12).seen).tolist() == [2, 3, 4, 7, 8]


def test_sharpness_keeps_its_indices():
    (found,) = join_tracks([FaceTrack(3, [landmarks()] * 3, [0.1, 0.2, 0.3], scores=[0.9] * 3)])
    assert found.n_frames == 3
    assert found.sharpness(7)[3:6] == pytest.approx([0.1, 0.2, 0.3])
    assert np.isnan(found.sharpness(7)[[0, 1, 2, 6]]).all()


def test_what_no_detector_is_ever_sure_of_is_no_face():
    hand = track(0, 30, who=2, centre=(100, 100))
    hand.scores = [0.7] * 30
    assert len(join_tracks([track(0, 30, who=1), hand])) == 1
    assert join_tracks([hand]) == []
    hand.scores[20] = 0.85
    assert len(join_tracks([hand])) == 1


def test_a_picture_on_the_wall_is_left_out_unless_there_are_only_pictures():
    speaking = track(0, 100, who=1)
    for t in range(100):
        speaking.landmarks[t] = landmarks(expression=np.sin(t / np.arange(3.0, 3 + N_EXPRESSION)))
    poster = track(0, 100, who=2, centre=(100, 100))  # turns, as a moving camera shows it, and nothing else
    people = join_tracks([speaking, poster])
    assert [person.movement > MIN_MOTION for person in people] == [True]
    assert len(join_tracks([poster])) == 1


def test_nobody_is_nobody():
    assert join_tracks([]) == []
