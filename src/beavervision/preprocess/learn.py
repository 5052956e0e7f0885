"""What the samples teach about the clip as a whole: the subject's colours and the background."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float

from beavervision.preprocess.appearance import Appearance
from beavervision.preprocess.background import Background, paint_background
from beavervision.preprocess.headview import SIZE, HeadView
from beavervision.preprocess.perceive import person_mask
from beavervision.preprocess.person import PersonSegmenter
from beavervision.preprocess.progress import Steps
from beavervision.preprocess.samples import FrameSamples

PERSON = 0.3
"""Probability from which a pixel is kept out of the background: rather too much than too little."""


def learn(
    samples: FrameSamples,
    landmarks: Float[np.ndarray, "T 478 3"],
    visible: Bool[np.ndarray, "T"],
    steps: Steps,
) -> tuple[Appearance, Background]:
    """Colours of the subject and the plate behind everybody.

    Args:
        samples: frames of the clip.
        landmarks: the subject's, full-frame px.
        visible: frames that show the subject.
        steps: progress.
    """
    segmenter = PersonSegmenter()
    views, masks = [], []
    for index, rgb in steps.over("colours", samples, len(samples.indices)):
        face = landmarks[index] if visible[index] else None
        masks.append(person_mask(segmenter, rgb, face) > PERSON)
        if face is not None:
            view = HeadView.look(rgb, face)
            views.append((view, segmenter.inside(rgb, view.square, SIZE)))
    segmenter.close()
    with steps.step("background"):
        return Appearance.learn(views), paint_background(samples, masks)
