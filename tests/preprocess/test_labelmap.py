import numpy as np
import pytest
from drawings import look, open_hand

from beavervision.preprocess.colour_model import ColourModel
from beavervision.preprocess.frame_perception import FrameObservation, SubjectView
from beavervision.preprocess.hand_outline import hand_mask
from beavervision.preprocess.head_segmentation import segment_head
from beavervision.preprocess.labelmap import label_frame, nearer_to_others
from beavervision.types import Label

HEIGHT, WIDTH = 120, 200
NOBODY = np.full((1, 4), np.nan)


def percept(person, hands=()):
    rgb, hands = np.zeros((HEIGHT, WIDTH, 3), np.uint8), list(hands)
    pixels = hand_mask(hands, WIDTH, HEIGHT).astype(np.uint8) if hands else None
    return FrameObservation(0, rgb, person.astype(np.float32), pixels, [None])


def seen(mask, view, person):
    """Percept of a frame of 640 x 480 with one subject."""
    subject = SubjectView(view, person, *np.full((2, 2, 3), np.nan))
    return FrameObservation(0, np.zeros((480, 640, 3), np.uint8), mask, None, [subject])


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
    head = segment_head(view, person, ColourModel.learn([(view, person)]))
    mask = np.ones((240, 320), np.float32)
    return label_frame(seen(mask, view, person), head, np.array(box, float))


def test_body_outside_the_head_is_torso():
    labels = subject([[260, 120, 380, 300]])
    assert labels[470, 20] == Label.TORSO
    assert labels[200, 320] == Label.FACE


def test_pixels_nearer_to_somebody_else_are_other():
    labels = subject([[260, 120, 380, 300], [20, 120, 140, 300]])
    assert labels[300, 60] == Label.OTHER
    assert labels[470, 600] == Label.TORSO
    assert labels[200, 320] == Label.FACE


@pytest.mark.parametrize(("other", "theirs"), [(1.3, True), (0.7, False)], ids=["nearer", "farther"])
def test_where_heads_overlap_the_larger_face_stands_before_the_other(other, theirs):
    # The subject's face is 100 high about (150, 150); the other's middle lies 50 px beside it.
    half = 50 * other
    boxes = np.array([[110, 100, 190, 200], [200 - 0.8 * half, 150 - half, 200 + 0.8 * half, 150 + half]], float)
    claimed = nearer_to_others((300, 400), boxes)
    assert claimed[150, 185] == theirs
    assert claimed[150, 199] == theirs  # both heads are there
    assert not claimed[150, 115]
    assert claimed[150, 300]


def test_what_does_not_hang_together_with_the_face_is_other():
    view, person, _ = look()
    head = segment_head(view, person, ColourModel.learn([(view, person)]))
    mask = np.zeros((240, 320), np.float32)
    mask[40:, 80:240] = 1
    mask[200:, :40] = 1  # a cushion
    labels = label_frame(seen(mask, view, person), head, np.array([[260, 120, 380, 300.0]]))
    assert labels[470, 40] == Label.OTHER
    assert labels[470, 200] == Label.TORSO


@pytest.mark.parametrize("size", [(121, 201), (119, 333)])
def test_odd_sizes_keep_their_shape(size):
    rgb = np.zeros((*size, 3), np.uint8)
    nobody = FrameObservation(0, rgb, np.ones((60, 100), np.float32), None, [None])
    assert label_frame(nobody, None, NOBODY).shape == size
