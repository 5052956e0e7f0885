import numpy as np
import pytest

from beavervision.face.gpmm import load_gpmm
from beavervision.face.pose import euler_from_rotation
from beavervision.synthetic.performance import NECK_PIVOT, Moment, blink_curve, perform, smooth_noise

FPS = 25


@pytest.fixture(scope="module")
def performance():
    return perform(load_gpmm(), (), 150, FPS, seed=1, away=Moment(1.0, 3.0), hand=Moment(4.0, 5.2))


def test_moment_rises_and_falls():
    time = np.array([0.9, 1.0, 1.25, 1.5, 2.0, 2.75, 3.0, 3.1])
    # ramps of half a second: half way up at 1.25 and down at 2.75
    np.testing.assert_allclose(Moment(1.0, 3.0).progress(time, 0.5), [0, 0, 0.5, 1, 1, 0.5, 0, 0])


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


def test_blinks_shut_and_reopen():
    curve = blink_curve(500, FPS, np.random.default_rng(0))
    starts = np.flatnonzero((curve[1:] > 0) & (curve[:-1] == 0))
    assert 4 <= len(starts) <= 9  # about every 3.2 s in 20 s
    assert curve.max() == 1
    assert curve[-1] == 0


def test_noise_has_unit_peak_and_a_seed():
    a, b = (smooth_noise(200, FPS, 1.0, np.random.default_rng(3)) for _ in range(2))
    np.testing.assert_array_equal(a, b)
    assert np.abs(a).max() == 1
