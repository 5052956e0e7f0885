import numpy as np
import pytest
from faces import landmarks

from beavervision.preprocess.frame_visibility import classify_frames, inside_share, relative_sharpness, rough_yaw
from beavervision.preprocess.shot_detection import ShotBoundaries
from beavervision.types import VisibilityReason as Reason

SIZE = (640, 480)


def clip(*frames):
    gone = np.full((478, 3), np.nan, np.float32)
    return np.stack([gone if frame is None else frame for frame in frames])


def test_faces_in_the_picture_are_visible():
    visible, reason = classify_frames(clip(landmarks(), landmarks()), *SIZE)
    assert visible.all()
    assert (reason == Reason.VISIBLE).all()


def test_inside_share_by_hand():
    points = np.zeros((1, 478, 3))
    points[0, :100, 0] = -1.0
    points[0, 100:200, 1] = 480.0
    assert inside_share(points, *SIZE)[0] == pytest.approx(278 / 478)


def test_a_face_half_over_the_border_is_out_of_frame():
    _, reason = classify_frames(clip(landmarks((0.0, 240.0))), *SIZE)
    assert reason[0] == Reason.OUT_OF_FRAME


def test_a_face_lost_at_the_border_has_left():
    edge = landmarks((640 - 40.0, 240.0))
    assert 0.8 < inside_share(edge[None], *SIZE)[0] < 0.98
    _, reason = classify_frames(clip(landmarks(), edge, None, None, landmarks()), *SIZE)
    assert reason.tolist() == [0, 0, Reason.OUT_OF_FRAME, Reason.OUT_OF_FRAME, 0]


def test_a_face_lost_in_profile_has_turned_away():
    turned = landmarks(euler=(np.radians(60), 0, 0))
    _, reason = classify_frames(clip(landmarks(), turned, None), *SIZE)
    assert reason[2] == Reason.TURNED_AWAY


def test_a_face_beyond_profile_is_not_visible():
    visible, reason = classify_frames(clip(landmarks(euler=(np.radians(82), 0, 0))), *SIZE)
    assert not visible[0]
    assert reason[0] == Reason.TURNED_AWAY


def test_first_and_last_frames_without_a_face_keep_their_place():
    visible, reason = classify_frames(clip(None, landmarks(), None), *SIZE)
    assert visible.tolist() == [False, True, False]
    assert reason.tolist() == [Reason.NO_FACE, Reason.VISIBLE, Reason.NO_FACE]


@pytest.mark.parametrize("degrees", [-50, -20, 0, 35])
def test_rough_yaw_has_the_size_of_the_turn(degrees):
    yaw = rough_yaw(landmarks(euler=(np.radians(degrees), 0, 0))[None])[0]
    assert abs(np.degrees(yaw)) == pytest.approx(abs(degrees), abs=2)


def one_shot(n):
    return ShotBoundaries(np.zeros(0, int), np.zeros(n, bool))


def cut_at(n, *firsts, mixed=()):
    flags = np.zeros(n, bool)
    flags[list(mixed)] = True
    return ShotBoundaries(np.array(firsts, int), flags)


def test_frames_of_a_shot_without_the_subject_are_cut():
    frames = clip(landmarks(), landmarks(), None, None, None, landmarks())
    _, reason = classify_frames(frames, *SIZE, cuts=cut_at(6, 2, 5))
    assert reason.tolist() == [0, 0, Reason.CUT, Reason.CUT, Reason.CUT, 0]


def test_a_cut_does_not_hide_who_left_before_it():
    edge = landmarks((640 - 40.0, 240.0))
    frames = clip(landmarks(), edge, None, None, None, landmarks(), None)
    _, reason = classify_frames(frames, *SIZE, cuts=cut_at(7, 3, 5))
    assert reason.tolist() == [0, 0, Reason.OUT_OF_FRAME, Reason.CUT, Reason.CUT, 0, Reason.NO_FACE]


def test_the_border_of_another_shot_says_nothing():
    edge = landmarks((640 - 40.0, 240.0))
    _, reason = classify_frames(clip(edge, None, landmarks()), *SIZE, cuts=cut_at(3, 1))
    assert reason.tolist() == [0, Reason.NO_FACE, 0]


def test_mixed_frames_are_cut_even_with_a_face():
    visible, reason = classify_frames(clip(*[landmarks()] * 5), *SIZE, cuts=cut_at(5, 2, mixed=(1, 2)))
    assert reason.tolist() == [0, Reason.CUT, Reason.CUT, 0, 0]
    assert visible.tolist() == [True, False, False, True, True]


def test_without_cuts_a_clip_without_the_face_has_no_face():
    _, reason = classify_frames(clip(None, None), *SIZE, cuts=one_shot(2))
    assert reason.tolist() == [Reason.NO_FACE] * 2


def test_blurred_against_the_clip_s_own_sharpness():
    sharp = np.array([0.5, 0.5, 0.14, 0.16, 0.5, np.nan])  # 0.3 * 0.5 = 0.15
    _, reason = classify_frames(clip(*[landmarks()] * 5, None), *SIZE, sharpness=sharp)
    assert reason.tolist() == [0, 0, Reason.BLURRED, 0, 0, Reason.NO_FACE]


def test_a_face_lost_in_blur_is_blurred():
    sharp = np.array([0.5, 0.5, 0.2, np.nan, np.nan, 0.5, 0.5])  # 0.45 * 0.5 = 0.225
    frames = clip(*[landmarks()] * 3, None, None, *[landmarks()] * 2)
    _, reason = classify_frames(frames, *SIZE, sharpness=sharp)
    assert reason.tolist() == [0, 0, 0, Reason.BLURRED, Reason.BLURRED, 0, 0]


def test_sharpness_counts_within_its_shot():
    # A soft close-up of 30 frames beside a sharp long shot of 40; a shot of 2 frames has no measure of its own.
    sharpness = np.concatenate([np.full(40, 0.6), np.full(30, 0.1), np.full(2, 0.1)])
    shots = np.repeat([0, 1, 2], [40, 30, 2])
    relative = relative_sharpness(sharpness, shots)
    assert relative[[0, 45]] == pytest.approx([1, 1])
    assert relative[71] == pytest.approx(0.1 / 0.6)


def test_judging_never_moves_an_index():
    # face in frames 3, 4 and 7 only: first frames without a face, a gap, last frames without a face
    frames = clip(None, None, None, landmarks(), landmarks(), None, None, landmarks(), None)
    visible, reason = classify_frames(frames, *SIZE, np.where(np.isfinite(frames[:, 0, 0]), 0.5, np.nan))
    assert np.flatnonzero(visible).tolist() == [3, 4, 7]
    assert len(reason) == 9
