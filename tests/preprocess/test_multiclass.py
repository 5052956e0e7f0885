"""The six-class model's output as arrays: its file is nobody's to ship."""

import numpy as np
import pytest
from drawings import look

from beavervision.errors import BeaverError
from beavervision.preprocess.colour_model import ColourModel
from beavervision.preprocess.head_segmentation import segment_head
from beavervision.preprocess.multiclass_segmentation import (
    CLASSES,
    FLOOR,
    MulticlassSegmenter,
    class_scores,
    open_segmenter,
    people,
)
from beavervision.preprocess.options import PrepareOptions
from beavervision.preprocess.person_segmentation import PersonSegmenter
from beavervision.types import Label

HAIR, FACE, NECK, TORSO = range(4)


def confidences(**shares):
    """One pixel."""
    return np.array([shares.get(name, 0.0) for name in CLASSES])


def test_people_are_whatever_is_no_background():
    classes = np.stack([confidences(background=0.8, hair=0.2), confidences(others=0.5, clothes=0.5), np.zeros(6)])
    assert people(classes).tolist() == pytest.approx([0.2, 1.0, 1.0])


@pytest.mark.parametrize(
    ("name", "part"), [("hair", HAIR), ("face_skin", FACE), ("body_skin", NECK), ("clothes", TORSO)]
)
def test_each_class_speaks_for_its_part(name, part):
    scores = class_scores(confidences(**{name: 1.0}))
    assert scores.argmax() == part
    assert scores[part] == pytest.approx(np.log(1 + FLOOR))
    assert np.delete(scores, part) == pytest.approx(np.log(FLOOR))


def test_things_worn_say_nothing_of_the_part():
    assert np.ptp(class_scores(confidences(others=1.0))) == 0.0


def test_confidences_need_not_add_up_to_one():
    assert np.allclose(
        class_scores(confidences(hair=3.0, face_skin=1.0)), class_scores(confidences(hair=0.75, face_skin=0.25))
    )


def test_a_fringe_that_the_model_sees_is_hair_where_place_says_face():
    view, person, truth = look()
    appearance = ColourModel.learn([(view, person)])
    column = {Label.HAIR: 1, Label.FACE: 3, Label.NECK: 2, Label.TORSO: 4}
    classes = np.zeros((*truth.shape, 6), np.float32)
    for label, place in column.items():
        classes[truth == label, place] = 1.0
    classes[truth == 0, 0] = 1.0
    fringe = view.oval & (view.grid[1] < view.brow_line - 0.05) & (np.abs(view.grid[0]) < 0.4)
    classes[fringe] = confidences(hair=1.0)
    found = segment_head(view, person, appearance, classes).labels
    assert (found[fringe] == Label.HAIR).mean() > (
        segment_head(view, person, appearance).labels[fringe] == Label.HAIR
    ).mean()


def test_without_a_file_the_wheels_own_mask_serves():
    network = open_segmenter(None)
    assert isinstance(network, PersonSegmenter)
    network.close()


def test_a_file_that_is_missing_is_named(tmp_path):
    path = tmp_path / "selfie_multiclass.tflite"
    with pytest.raises(BeaverError, match=r"data\.segmenter=.*selfie_multiclass\.tflite is not there"):
        open_segmenter(path)
    with pytest.raises(BeaverError, match=r"data\.segmenter="):
        PrepareOptions("me", segmenter=str(path))


def test_a_file_that_is_no_model_is_named(tmp_path):
    path = tmp_path / "no_model.tflite"
    path.write_bytes(b"nothing of the kind")
    with pytest.raises(BeaverError, match=r"no_model\.tflite is no segmentation model"):
        MulticlassSegmenter(path)
