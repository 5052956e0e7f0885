"""Labels on a drawn head: coloured regions at known places of the face model's own landmarks."""

import numpy as np
import pytest
from drawings import look

from beavervision.preprocess.colour_model import ColourModel
from beavervision.preprocess.head_segmentation import segment_head
from beavervision.types import Label


def iou(a, b):
    return (a & b).sum() / (a | b).sum()


@pytest.mark.parametrize("degrees", [0, 20, -20])
def test_regions_are_found_where_they_were_drawn(degrees):
    view, person, truth = look((np.radians(degrees), 0, np.radians(degrees / 2)))
    found = segment_head(view, person, ColourModel.learn([(view, person)]))
    labels = np.where((found.person > 0.5) & view.inside, found.labels, 0)
    for label, least in ((Label.HAIR, 0.85), (Label.FACE, 0.93), (Label.NECK, 0.8), (Label.TORSO, 0.9)):
        assert iou(labels == label, (truth == label) & view.inside) > least, label.name


def test_the_head_is_hair_and_face_of_the_person():
    view, person, truth = look()
    found = segment_head(view, person, ColourModel.learn([(view, person)]))
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
    nothing = ColourModel(np.zeros((32, 64, 64, 4)))
    found = segment_head(view, person, nothing)
    assert iou(found.labels == Label.FACE, truth == Label.FACE) > 0.8
