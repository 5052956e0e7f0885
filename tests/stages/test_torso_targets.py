import numpy as np
from torso_track import make_track

from beavervision.stages.radnerf_torso.canonical_body import most_central_frame, paint_over
from beavervision.stages.radnerf_torso.targets import TorsoTarget, torso_targets
from beavervision.types import Label


def drawn() -> tuple[np.ndarray, np.ndarray]:
    """A head (rows 0-19) on a neck (rows 20-39) in a picture of 40 x 40; the neck is red, the head green."""
    labels = np.zeros((40, 40), np.uint8)
    labels[:20, 10:30] = Label.FACE
    labels[20:, 10:30] = Label.NECK
    rgb = np.zeros((40, 40, 3), np.uint8)
    rgb[labels == Label.FACE] = (0, 200, 0)
    rgb[labels == Label.NECK] = (200, 0, 0)
    return rgb, labels


def test_targets_of_a_drawn_head():
    rgb, labels = drawn()
    colour, kind = torso_targets(rgb, labels, np.ones((40, 40), bool), reach=8)
    assert kind[30, 20] == TorsoTarget.BODY
    assert kind[30, 5] == TorsoTarget.EMPTY
    assert kind[2, 20] == TorsoTarget.UNKNOWN  # far up the head
    assert kind[15, 20] == TorsoTarget.UNDER  # 5 rows above the neck, within reach of 8
    assert kind[19, 20] == kind[20, 20] == TorsoTarget.SEAM
    # Under the head the torso is as red as the neck, not green.
    np.testing.assert_array_equal(colour[15, 20], [200, 0, 0])
    np.testing.assert_array_equal(colour[30, 20], rgb[30, 20])


def test_behind_the_face_is_neck_even_where_the_collar_is_nearer():
    rgb, labels = drawn()
    labels[20:, 10:18] = labels[24:, 18:30] = Label.TORSO  # a blue collar up to the chin on one side
    rgb[labels == Label.TORSO] = (0, 0, 200)
    colour, kind = torso_targets(rgb, labels, np.ones((40, 40), bool), reach=8)
    assert kind[14, 12] == TorsoTarget.UNDER
    np.testing.assert_array_equal(colour[14, 12], [200, 0, 0])


def test_hands_foreign_things_and_padding_ask_nothing():
    rgb, labels = drawn()
    labels[30:, 10:15], labels[30:, 25:30] = Label.HAND, Label.OTHER
    inside = np.ones((40, 40), bool)
    inside[:, 35:] = False
    _, kind = torso_targets(rgb, labels, inside, reach=8)
    assert (kind[30:, 10:15] == TorsoTarget.UNKNOWN).all()
    assert (kind[30:, 25:30] == TorsoTarget.UNKNOWN).all()
    assert (kind[:, 37:] == TorsoTarget.UNKNOWN).all()
    assert kind[30, 35] == TorsoTarget.EMPTY  # padding next to the border continues the picture


def test_a_speck_of_body_inside_the_head_is_none():
    rgb, labels = drawn()
    labels[8:10, 19:21] = Label.NECK
    _, kind = torso_targets(rgb, labels, np.ones((40, 40), bool), reach=4)
    assert (kind[6:12, 17:23] == TorsoTarget.UNKNOWN).all()


def test_a_picture_without_head_or_body():
    rgb, labels = drawn()
    for keep in (Label.FACE, Label.NECK):
        only = np.where(labels == keep, labels, 0).astype(np.uint8)
        _, kind = torso_targets(rgb, only, np.ones((40, 40), bool), reach=8)
        assert TorsoTarget.UNDER not in kind


def test_still_avoids_hands_and_unusual_shoulders(miniature):
    class Canvas:
        labels = np.zeros((4, 8, 8), np.uint8)

    Canvas.labels[0] = Label.HAND
    track = make_track()
    track.body[1] += 30
    assert most_central_frame(track, np.arange(4), Canvas) in (2, 3)


def test_painted_over_leaves_the_rest():
    rgb = np.full((60, 80, 3), 90, np.uint8)
    mask = np.zeros((60, 80), np.uint8)
    mask[20:40, 30:50] = 1
    rgb[mask > 0] = 255
    painted = paint_over(rgb, mask)
    assert np.abs(painted[mask > 0].astype(int) - 90).max() <= 4
    np.testing.assert_array_equal(painted[:10], rgb[:10])
