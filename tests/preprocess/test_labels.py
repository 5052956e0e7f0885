"""The whole way from a frame to its label map, against the miniature actor's exact labels and true landmarks."""

import numpy as np
import pytest

from beavervision.preprocess.colour_model import ColourModel
from beavervision.preprocess.frame_perception import FramePerception
from beavervision.preprocess.head_segmentation import segment_head
from beavervision.preprocess.labelmap import label_frame
from beavervision.preprocess.mediapipe_runtime import quiet_native
from beavervision.types import Label
from beavervision.video.decode import Frame
from beavervision.video.planar_picture import RgbPicture


@pytest.fixture(scope="module")
def labelled(miniature):
    """(found, true) label maps of every third frame."""
    subject, truth = miniature.subjects[0], dict(miniature.labels())
    with quiet_native():
        perception = FramePerception()
        percepts = [
            perception.see(Frame(index, 0.0, RgbPicture(rgb)), [subject.landmarks[index].astype(float)])
            for index, rgb in miniature.frames(range(0, miniature.n_frames, 3))
        ]
        perception.close()
    views = [(p.subjects[0].view, p.subjects[0].person) for p in percepts]
    appearance = ColourModel.learn(views)
    return [
        (label_frame(p, segment_head(*view, appearance), subject.box[p.index][None]), truth[p.index])
        for p, view in zip(percepts, views, strict=True)
    ]


def iou(labelled, kinds):
    found, true = (np.stack([np.isin(pair[i], kinds) for pair in labelled]) for i in (0, 1))
    return (found & true).sum() / (found | true).sum()


@pytest.mark.parametrize(
    ("kinds", "least"),
    [
        ((Label.HAIR, Label.FACE), 0.9),
        ((Label.FACE,), 0.85),
        ((Label.TORSO,), 0.85),
        ((Label.BACKGROUND,), 0.95),
    ],
    ids=["head", "face", "torso", "background"],
)
def test_labels_agree_with_the_truth(labelled, kinds, least):
    assert iou(labelled, kinds) >= least


def test_nothing_is_a_hand_where_there_is_none(labelled):
    assert not any((found == Label.HAND).any() for found, _ in labelled)
