"""Hands of the synthetic actor, whose silhouette is known exactly; and the geometry of following them."""

import numpy as np
import pytest
from drawings import open_hand

from beavervision.preprocess.crop import SquareCrop
from beavervision.preprocess.hand_outline import outline_hands
from beavervision.preprocess.hands import HandTracker, next_square
from beavervision.preprocess.mediapipe_runtime import quiet_native
from beavervision.synthetic.curves import Moment
from beavervision.synthetic.miniature import NEAR, small_actor
from beavervision.synthetic.performance import perform
from beavervision.types import Label

SIZE = (320, 240)


@pytest.fixture(scope="module")
def raised():
    """(picture, hand's pixels, landmarks) of five frames in which the hand is before the chin."""
    actor = small_actor(*SIZE)
    performance = perform(actor.model, (), 30, 25, seed=7, hand=Moment(0.0, 1.2), place=NEAR + np.array([0, 0, 30]))
    frames = []
    for i in range(12, 17):
        pose = performance.pose(i)
        picture = actor.photograph(pose)
        points = np.column_stack([actor.pixels(pose), np.zeros(478)])
        frames.append((picture.rgb, picture.labels == Label.HAND, points))
    return frames


def test_a_hand_is_followed_and_drawn_to_its_outline(raised):
    with quiet_native():
        tracker, whole = HandTracker(), SquareCrop(160, 120, 320)
        found = [(tracker.find(rgb, [whole]), rgb, truth, face) for rgb, truth, face in raised]
        tracker.close()
    assert [len(hands) for hands, *_ in found] == [1] * len(found)
    drawn = [outline_hands(rgb, hands, [face]) > 0 for hands, rgb, _, face in found]
    true = [truth for *_, truth, _ in found]
    shared = sum((d & t).sum() for d, t in zip(drawn, true, strict=True))
    assert shared / sum((d | t).sum() for d, t in zip(drawn, true, strict=True)) > 0.7


def test_two_squares_that_show_one_hand_give_one_hand(raised):
    rgb, *_ = raised[0]
    with quiet_native():
        tracker = HandTracker()
        hands = tracker.find(rgb, [SquareCrop(160, 120, 320), SquareCrop(160, 140, 280)])
        tracker.close()
    assert len(hands) == 1


def test_where_there_is_no_hand_none_is_found(raised):
    rgb, truth, _ = raised[0]
    bare = np.where(truth[..., None], np.uint8(90), rgb)
    bare[150:] = 90
    with quiet_native():
        tracker = HandTracker()
        assert tracker.find(bare, [SquareCrop(160, 120, 320)]) == []
        tracker.close()


@pytest.mark.parametrize("degrees", [0, 90, -60])
def test_the_next_square_turns_and_goes_with_the_hand(degrees):
    hand, angle = open_hand(), np.radians(degrees)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    still, moved = next_square(hand), next_square(hand @ turn.T + [40, -25])
    assert moved.side == pytest.approx(still.side, rel=1e-6)
    assert np.angle(np.exp(1j * (moved.angle - still.angle - angle))) == pytest.approx(0, abs=1e-6)
    assert (moved.x, moved.y) == pytest.approx(tuple(turn @ (still.x, still.y) + [40, -25]), abs=1e-6)


def test_fingers_stand_upright_in_the_next_square():
    hand = open_hand()
    square = next_square(hand)
    crop = hand @ square.to_crop(100)[:, :2].T + square.to_crop(100)[:, 2]
    assert crop[9, 1] < crop[0, 1] - 15
    assert abs(crop[9, 0] - crop[0, 0]) < 8
