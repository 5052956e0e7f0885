import numpy as np
import pytest

from beavervision.face.gpmm import load_gpmm
from beavervision.face.pose import euler_from_rotation
from beavervision.synthetic.curves import Moment
from beavervision.synthetic.performance import NECK_PIVOT, perform

FPS = 25


@pytest.fixture(scope="module")
def performance():
    return perform(load_gpmm(), (), 150, FPS, seed=1, away=Moment(1.0, 3.0), hand=Moment(4.0, 5.2))


def test_head_turns_but_not_too_far(performance):
    yaw, pitch, roll = np.degrees(np.abs(euler_from_rotation(performance.rotation)).max(axis=0))
    assert 12 < yaw < 27
    assert pitch < 22  # 11 and a nod of 9 while ducking
    assert roll < 8


def test_rotations_are_rotations(performance):
    for name in ("rotation", "body_rotation"):
        matrix = getattr(performance, name)
        np.testing.assert_allclose(matrix @ matrix.swapaxes(1, 2), np.tile(np.eye(3), (150, 1, 1)), atol=1e-9)


def test_the_neck_holds_the_head(performance):
    by_head = np.einsum("nij,j->ni", performance.rotation, NECK_PIVOT) + performance.translation
    by_body = np.einsum("nij,j->ni", performance.body_rotation, NECK_PIVOT) + performance.body_translation
    np.testing.assert_allclose(by_head, by_body, atol=1e-9)


def test_hand_only_in_its_moment(performance):
    raised = [performance.pose(i).hand_rotation is not None for i in range(150)]
    np.testing.assert_array_equal(raised, (np.arange(150) >= 100) & (np.arange(150) <= 130))


def test_ducks_out_of_the_picture_and_comes_back(performance):
    height = performance.translation[:, 1]
    assert height[50] - height[20] > 40
    assert abs(height[80] - height[20]) < 8


def test_motion_is_smooth(performance):
    step = np.degrees(np.abs(np.diff(euler_from_rotation(performance.rotation), axis=0)))
    assert step.max() < 6
