import numpy as np
import pytest

from beavervision.preprocess.hands import FINGER_WIDTH, hand_mask, palm_width


def open_hand(x=100.0, y=100.0, scale=1.0):
    """A flat hand, fingers up: palm 40 wide and 50 high, each finger 40 long."""
    points = np.zeros((21, 2))
    points[0] = (20, 50)
    points[1:5] = [(0, 35), (-10, 25), (-18, 17), (-25, 10)]
    for finger, base in enumerate((0.0, 13.0, 27.0, 40.0)):
        for joint in range(4):
            points[5 + 4 * finger + joint] = (base, -13.0 * joint)
    return points * scale + (x, y)


def test_palm_width_by_hand():
    # index to little knuckle 40; wrist (20, 50) to middle knuckle (13, 0): 50.5 x 0.85 = 42.9
    assert palm_width(open_hand()) == pytest.approx(42.9, abs=0.1)


def test_mask_covers_palm_and_fingers_and_not_between_them():
    mask = hand_mask([open_hand()], 300, 300)
    assert mask[120, 118]  # palm
    assert mask[80, 100]  # index finger
    assert mask[80, 113]  # middle finger
    assert not mask[66, 107]  # between the two, above the knuckles
    assert not mask[:40].any()


def test_finger_is_as_wide_as_said():
    mask = hand_mask([open_hand(scale=2.0)], 400, 400)
    row = mask[50, 167:240]  # the little finger stands at x = 180, the ring finger at 154
    expected = FINGER_WIDTH * palm_width(open_hand(scale=2.0))
    assert row.sum() == pytest.approx(expected, abs=3)


def test_no_hand_is_no_mask():
    assert not hand_mask([], 50, 40).any()


def test_a_hand_over_the_border_is_cut():
    mask = hand_mask([open_hand(x=-10.0)], 100, 200)
    assert mask.shape == (200, 100)
    assert mask[:, 0].any()
