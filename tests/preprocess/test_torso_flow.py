"""A drawn pattern that is moved by a known amount."""

import cv2
import numpy as np
import pytest

from beavervision.preprocess.crop import SquareCrop
from beavervision.preprocess.torso_flow import TorsoFlow

FACE = SquareCrop(160.0, 60.0, 60.0)
EVERYWHERE = np.ones((200, 320), bool)


@pytest.fixture(scope="module")
def cloth():
    grain = np.random.default_rng(2).normal(0, 1, (260, 400))
    return np.clip(128 + 300 * cv2.GaussianBlur(grain, (0, 0), 2), 0, 255).astype(np.float32)


def seen(cloth, angle=0.0, shift=(0.0, 0.0)):
    """The cloth turned about the middle of the picture and shifted; array pixels (0, 0) at the corner's centre."""
    matrix = cv2.getRotationMatrix2D((160, 100), np.degrees(-angle), 1.0)
    matrix[:, 2] += shift
    picture = cv2.warpAffine(cloth[30:230, 40:360], matrix, (320, 200), flags=cv2.INTER_LINEAR)
    return np.clip(picture, 0, 255).astype(np.uint8)


@pytest.mark.parametrize(("angle", "shift"), [(0, (0, 0)), (0, (1.5, -0.7)), (0.01, (0.4, 0.2)), (0, (-4, 3))])
def test_motion_is_the_one_that_was_made(cloth, angle, shift):
    flow = TorsoFlow()
    assert flow.step(seen(cloth), EVERYWHERE, FACE) is None
    motion = flow.step(seen(cloth, angle, shift), EVERYWHERE, FACE)
    points = np.array([[120.0, 120.0], [200.0, 120.0], [160.0, 150.0]])
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    expected = (points - [160, 100]) @ turn.T + [160, 100] + shift
    assert np.allclose(points @ motion[:, :2].T + motion[:, 2], expected, atol=0.15)


def test_only_what_is_free_counts(cloth):
    # the left half stands still, the right half moves; only the right is the person's
    flow, free = TorsoFlow(), EVERYWHERE.copy()
    free[:, :160] = False
    still, moving = seen(cloth), seen(cloth, shift=(2.0, 0.0))
    flow.step(still, free, FACE)
    motion = flow.step(np.hstack([still[:, :150], moving[:, 150:]]), free, FACE)
    assert motion[0, 2] + motion[0, 0] * 200 + motion[0, 1] * 120 == pytest.approx(202, abs=0.15)


def test_a_plain_cloth_tells_nothing():
    flow, plain = TorsoFlow(), np.full((200, 320), 90, np.uint8)
    flow.step(plain, EVERYWHERE, FACE)
    assert flow.step(plain, EVERYWHERE, FACE) is None


def test_after_an_absence_nothing_is_known(cloth):
    flow = TorsoFlow()
    flow.step(seen(cloth), EVERYWHERE, FACE)
    flow.forget()
    assert flow.step(seen(cloth), EVERYWHERE, FACE) is None
