import numpy as np
import pytest
from drawings import look, open_hand

from beavervision.preprocess.appearance import Appearance
from beavervision.preprocess.labelmap import label_frame
from beavervision.preprocess.parse import parse_head
from beavervision.preprocess.perceive import Percept
from beavervision.types import Label

HEIGHT, WIDTH = 120, 200
NOBODY = np.full((1, 4), np.nan)


def percept(person, hands=(), **more):
    rgb = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    return Percept(0, rgb, person.astype(np.float32), list(hands), np.full((2, 3), np.nan), **more)


def half_mask():
    """A person in the left half, at half the frame's size."""
    mask = np.zeros((HEIGHT // 2, WIDTH // 2))
    mask[:, : WIDTH // 4] = 1
    return mask


def test_without_the_subject_people_are_other():
    labels = label_frame(percept(half_mask()), None, NOBODY)
    assert (labels[:, : WIDTH // 2 - 2] == Label.OTHER).all()
    assert (labels[:, WIDTH // 2 + 2 :] == Label.BACKGROUND).all()


def test_hands_stand_before_everything():
    labels = label_frame(percept(half_mask(), [open_hand(100, 60, 0.5)]), None, NOBODY)
    assert labels[70, 110] == Label.HAND
    assert (labels == Label.HAND).sum() > 200


def subject(box):
    view, person, _ = look()
    head = parse_head(view, person, Appearance.learn([(view, person)]))
    mask = np.ones((240, 320), np.float32)
    rgb = np.zeros((480, 640, 3), np.uint8)
    seen = Percept(0, rgb, mask, [], np.full((2, 3), np.nan), view, person)
    return label_frame(seen, head, np.array(box, float))


def test_body_outside_the_head_is_torso():
    labels = subject([[260, 120, 380, 300]])
    assert labels[470, 20] == Label.TORSO
    assert labels[200, 320] == Label.FACE


def test_pixels_nearer_to_somebody_else_are_other():
    labels = subject([[260, 120, 380, 300], [20, 120, 140, 300]])
    assert labels[300, 60] == Label.OTHER
    assert labels[470, 600] == Label.TORSO
    assert labels[200, 320] == Label.FACE


def test_what_does_not_hang_together_with_the_face_is_other():
    view, person, _ = look()
    head = parse_head(view, person, Appearance.learn([(view, person)]))
    mask = np.zeros((240, 320), np.float32)
    mask[40:, 80:240] = 1
    mask[200:, :40] = 1  # a cushion
    seen = Percept(0, np.zeros((480, 640, 3), np.uint8), mask, [], np.full((2, 3), np.nan), view, person)
    labels = label_frame(seen, head, np.array([[260, 120, 380, 300.0]]))
    assert labels[470, 40] == Label.OTHER
    assert labels[470, 200] == Label.TORSO


@pytest.mark.parametrize("size", [(121, 201), (119, 333)])
def test_odd_sizes_keep_their_shape(size):
    rgb = np.zeros((*size, 3), np.uint8)
    seen = Percept(0, rgb, np.ones((60, 100), np.float32), [], np.full((2, 3), np.nan))
    assert label_frame(seen, None, NOBODY).shape == size
