"""Things before a drawn head: found where they are; light, shadow, an open mouth and turning are no things."""

import cv2
import numpy as np
import pytest
from drawings import EYES, drawn, in_crop
from faces import landmarks

from beavervision.preprocess.face_template import FaceTemplate
from beavervision.preprocess.face_texture import FaceTexture, texture_layout
from beavervision.preprocess.hand_outline import hand_mask
from beavervision.preprocess.head_crop import HeadCrop
from beavervision.preprocess.head_segmentation import HeadSegmentation
from beavervision.preprocess.occlusion import find_occluders, occluded_share
from beavervision.types import Label

TURNS = np.radians([-20, -12, -5, 0, 4, 9, 15, 20])


def parsed(picture, truth, points):
    view = HeadCrop.look(picture, points)
    labels = in_crop(truth, view.square)
    return HeadSegmentation(view, (labels > 0).astype(np.float32), labels, np.zeros(labels.shape, bool))


@pytest.fixture(scope="module")
def look():
    views = [HeadCrop.look(picture, points) for picture, _, points in (drawn((t, t / 3, 0)) for t in TURNS)]
    return FaceTemplate.learn([FaceTexture(view) for view in views])


def with_thing(colour, box):
    """Parsed head with a box before it, and the box in the head's crop."""
    picture, truth, points = drawn()
    thing = np.zeros(truth.shape, np.uint8)
    x0, y0, x1, y1 = box
    thing[y0:y1, x0:x1] = 1
    noise = np.random.default_rng(1).normal(0, 4, picture.shape)
    picture = np.where(thing[..., None] > 0, np.clip(np.array(colour) + noise, 0, 255), picture).astype(np.uint8)
    head = parsed(picture, truth, points)
    return head, in_crop(thing, head.view.square) > 0


THINGS = {
    "cup": ((40, 90, 200), (290, 230, 350, 330)),
    "paper": ((240, 240, 235), (250, 240, 390, 300)),
    "microphone": ((50, 50, 52), (300, 240, 330, 290)),
}


@pytest.mark.parametrize(("colour", "box"), THINGS.values(), ids=THINGS)
def test_a_thing_is_found_where_it_is(look, colour, box):
    head, thing = with_thing(colour, box)
    found = find_occluders(head, look).occluder
    assert (found & thing).sum() / (found | thing).sum() > 0.75


@pytest.mark.parametrize("turn", [-0.3, 0.0, 0.25])
def test_a_bare_face_has_nothing_before_it(look, turn):
    assert not find_occluders(parsed(*drawn((turn, 0.1, 0.05))), look).occluder.any()


@pytest.mark.parametrize("gain", [0.6, 1.15], ids=["darker", "brighter"])
def test_a_change_of_light_is_no_thing(look, gain):
    picture, truth, points = drawn()
    lit = np.clip(picture * gain, 0, 255).astype(np.uint8)
    assert not find_occluders(parsed(lit, truth, points), look).occluder.any()


def test_a_shadow_over_half_the_face_is_no_thing(look):
    picture, truth, points = drawn()
    picture[:, :320] = picture[:, :320] * 0.65
    assert not find_occluders(parsed(picture, truth, points), look).occluder.any()


def test_an_open_mouth_is_no_thing(look):
    picture, truth, points = drawn()
    lips = np.rint(points[[78, 81, 13, 311, 308, 402, 14, 178], :2]).astype(np.int32)
    cv2.fillPoly(picture, [lips], (40, 10, 10))
    assert not find_occluders(parsed(picture, truth, points), look).occluder.any()


def test_a_face_seen_too_seldom_is_not_judged():
    seldom = FaceTemplate.learn([FaceTexture(HeadCrop.look(picture, points)) for picture, _, points in [drawn()] * 3])
    head, _ = with_thing((40, 90, 200), (290, 230, 350, 330))
    assert not find_occluders(head, seldom).occluder.any()


def test_texels_stand_on_the_face_that_they_show():
    picture, _, points = drawn((0.2, 0, 0))
    texture = FaceTexture(HeadCrop.look(picture, points))
    # whatever the pose, the texels of skin lie within the outline
    column, row = texture.places[texture.seen].astype(int).T
    outline = cv2.dilate(texture.view.oval.astype(np.uint8), np.ones((5, 5)))
    assert outline[row, column].all()
    assert texture.seen.sum() > 0.7 * texture_layout().skin.sum()


def test_hands_things_and_others_cover_their_share_of_the_head():
    picture, truth, points = drawn()
    head = parsed(picture, truth, points)
    assert occluded_share(head, truth) == 0.0
    chin = landmarks((320, 200), EYES)[152, :2]
    grid = np.array([(c, r) for r in range(7) for c in range(3)], float)  # any 21 points: a blob before the chin
    for label in (Label.HAND, Label.OTHER):
        labels = truth.copy()
        labels[hand_mask([chin + 6 * (grid - grid.mean(0))], *truth.shape[::-1])] = label
        assert 0.01 < occluded_share(head, labels) < 0.3
    away = np.where(truth == 4, Label.HAND, truth).astype(np.uint8)
    assert occluded_share(head, away) == 0.0
