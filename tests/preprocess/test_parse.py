"""Labels on a drawn head: coloured regions at known places of the face model's own landmarks."""

import cv2
import numpy as np
import pytest
from faces import landmarks

from beavervision.face.landmarks import OVAL
from beavervision.preprocess.appearance import Appearance
from beavervision.preprocess.headview import SIZE, HeadView
from beavervision.preprocess.occlude import occluded_share
from beavervision.preprocess.parse import parse_head
from beavervision.types import Label

SKIN, HAIR, CLOTHES, WALL = (224, 172, 140), (70, 45, 30), (40, 90, 170), (120, 130, 120)
SIZE_PX = (640, 480)
EYES = 90.0


def drawn(euler=(0.0, 0.0, 0.0)):
    """A frame with a head on it: picture, truth as a label map, landmarks."""
    points = landmarks((320, 200), EYES, euler)
    oval = np.rint(points[OVAL, :2]).astype(np.int32)
    (cx, cy), (width, height) = oval.mean(0), np.ptp(oval, 0)
    truth = np.zeros((SIZE_PX[1], SIZE_PX[0]), np.uint8)
    bottom = cy + height / 2
    cv2.rectangle(truth, (int(cx - width * 1.3), int(bottom + height * 0.28)), (int(cx + width * 1.3), 480), 4, -1)
    cv2.rectangle(truth, (int(cx - width * 0.3), int(cy)), (int(cx + width * 0.3), int(bottom + height * 0.28)), 3, -1)
    cv2.ellipse(truth, (int(cx), int(cy - height * 0.2)), (int(width * 0.6), int(height * 0.55)), 0, 180, 360, 1, -1)
    cv2.fillPoly(truth, [oval], 2)
    colours = np.array([WALL, HAIR, SKIN, SKIN, CLOTHES], np.uint8)
    noise = np.random.default_rng(0).normal(0, 4, (*truth.shape, 3))
    return np.clip(colours[truth] + noise, 0, 255).astype(np.uint8), truth, points


def look(euler=(0.0, 0.0, 0.0)):
    """View, exact person mask and truth in the head's crop."""
    rgb, truth, points = drawn(euler)
    view = HeadView.look(rgb, points)
    there = cv2.warpAffine(truth, _shifted(view.square.to_crop(SIZE)), (SIZE, SIZE), flags=cv2.INTER_NEAREST)
    return view, (there > 0).astype(np.float32), there


def _shifted(matrix):
    half = np.array([0.5, 0.5])
    matrix[:, 2] += matrix[:, :2] @ half - half
    return matrix


def iou(a, b):
    return (a & b).sum() / (a | b).sum()


@pytest.mark.parametrize("degrees", [0, 20, -20])
def test_regions_are_found_where_they_were_drawn(degrees):
    view, person, truth = look((np.radians(degrees), 0, np.radians(degrees / 2)))
    found = parse_head(view, person, Appearance.learn([(view, person)]))
    labels = np.where((found.person > 0.5) & view.inside, found.labels, 0)
    for label, least in ((Label.HAIR, 0.85), (Label.FACE, 0.93), (Label.NECK, 0.8), (Label.TORSO, 0.9)):
        assert iou(labels == label, (truth == label) & view.inside) > least, label.name


def test_the_head_is_hair_and_face_of_the_person():
    view, person, truth = look()
    found = parse_head(view, person, Appearance.learn([(view, person)]))
    assert iou(found.head, (truth == Label.HAIR) | (truth == Label.FACE)) > 0.95


def test_coordinates_are_by_hand_at_ears_eyes_and_chin():
    view, *_ = look()
    across, down = view.coordinates(view.landmarks[[454, 234, 152]])
    assert across[0] == pytest.approx(1.0, abs=0.08)
    assert across[1] == pytest.approx(-1.0, abs=0.08)
    assert across[2] == pytest.approx(0.0, abs=0.08)
    assert down[2] == pytest.approx(1.0, abs=1e-6)


def test_jaw_line_parts_face_from_neck():
    view, *_ = look()
    x, y = view.landmarks[152]
    assert view.below_jaw[int(y + 6), int(x)] > 0
    assert view.below_jaw[int(y - 6), int(x)] < 0


def test_colours_never_seen_leave_the_decision_to_place():
    view, person, truth = look()
    nothing = Appearance(np.zeros((32, 64, 64, 4)))
    found = parse_head(view, person, nothing)
    assert iou(found.labels == Label.FACE, truth == Label.FACE) > 0.8


def test_a_hand_before_the_chin_covers_its_share():
    view, person, _ = look()
    found = parse_head(view, person, Appearance.learn([(view, person)]))
    chin = landmarks((320, 200), EYES)[152, :2]
    grid = np.array([(c, r) for r in range(7) for c in range(3)], float)  # any 21 points: a blob before the chin
    hand = chin + 6 * (grid - grid.mean(0))
    assert occluded_share(found, []) == 0.0
    assert 0.01 < occluded_share(found, [hand]) < 0.3
    assert occluded_share(found, [hand + np.array([0, 300])]) == 0.0
