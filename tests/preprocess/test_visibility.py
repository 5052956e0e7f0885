import numpy as np
import pytest
from faces import landmarks

from beavervision.preprocess.visibility import inside_share, judge, rough_yaw
from beavervision.types import VisibilityReason as Reason

SIZE = (640, 480)


def clip(*frames):
    gone = np.full((478, 3), np.nan, np.float32)
    return np.stack([gone if frame is None else frame for frame in frames])


def test_faces_in_the_picture_are_visible():
    visible, reason = judge(clip(landmarks(), landmarks()), *SIZE)
    assert visible.all()
    assert (reason == Reason.VISIBLE).all()


def test_inside_share_by_hand():
    points = np.zeros((1, 478, 3))
    points[0, :100, 0] = -1.0
    points[0, 100:200, 1] = 480.0
    assert inside_share(points, *SIZE)[0] == pytest.approx(278 / 478)


def test_a_face_half_over_the_border_is_out_of_frame():
    _, reason = judge(clip(landmarks((0.0, 240.0))), *SIZE)
    assert reason[0] == Reason.OUT_OF_FRAME


def test_a_face_lost_at_the_border_has_left():
    edge = landmarks((640 - 40.0, 240.0))
    assert 0.8 < inside_share(edge[None], *SIZE)[0] < 0.98
    _, reason = judge(clip(landmarks(), edge, None, None, landmarks()), *SIZE)
    assert reason.tolist() == [0, 0, Reason.OUT_OF_FRAME, Reason.OUT_OF_FRAME, 0]


def test_a_face_lost_in_profile_has_turned_away():
    turned = landmarks(euler=(np.radians(60), 0, 0))
    _, reason = judge(clip(landmarks(), turned, None), *SIZE)
    assert reason[2] == Reason.TURNED_AWAY


def test_a_face_beyond_profile_is_not_visible():
    visible, reason = judge(clip(landmarks(euler=(np.radians(82), 0, 0))), *SIZE)
    assert not visible[0]
    assert reason[0] == Reason.TURNED_AWAY


def test_first_and_last_frames_without_a_face_keep_their_place():
    visible, reason = judge(clip(None, landmarks(), None), *SIZE)
    assert visible.tolist() == [False, True, False]
    assert reason.tolist() == [Reason.NO_FACE, Reason.VISIBLE, Reason.NO_FACE]


@pytest.mark.parametrize("degrees", [-50, -20, 0, 35])
def test_rough_yaw_has_the_size_of_the_turn(degrees):
    yaw = rough_yaw(landmarks(euler=(np.radians(degrees), 0, 0))[None])[0]
    assert abs(np.degrees(yaw)) == pytest.approx(abs(degrees), abs=2)
