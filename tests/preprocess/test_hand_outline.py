import pytest
from drawings import open_hand

from beavervision.preprocess.hand_outline import FINGER_WIDTH, hand_mask, palm_width


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
