"""What the samples teach about the clip as a whole: the subject's colours and the background."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float

from beavervision.preprocess.appearance import Appearance
from beavervision.preprocess.background import Background, paint_background
from beavervision.preprocess.headview import HeadView
from beavervision.preprocess.multiclass import open_segmenter
from beavervision.preprocess.perceive import person_mask, reduced
from beavervision.preprocess.progress import Steps
from beavervision.preprocess.samples import FrameSamples
from beavervision.preprocess.sitter import Sitter

VERSION = 4

PERSON = 0.3
"""Probability from which a pixel is kept out of the background: rather too much than too little."""


def learn(
    samples: FrameSamples, sitters: Sequence[Sitter], steps: Steps, segmenter: Path | None = None
) -> tuple[list[Appearance], Background]:
    """Colours of each subject and the plate behind everybody.

    Args:
        samples: frames of the clip.
        sitters: the subjects.
        steps: progress.
        segmenter: file of the six-class selfie model, if any.
    """
    network = open_segmenter(segmenter)
    views: list[list[tuple[HeadView, Float[np.ndarray, "S S"]]]] = [[] for _ in sitters]
    masks = []
    for index, rgb in steps.over("colours", samples, len(samples.indices)):
        faces = [sitter.landmarks[index] if sitter.visible[index] else None for sitter in sitters]
        masks.append(person_mask(network, rgb, reduced(rgb), [face for face in faces if face is not None]) > PERSON)
        for seen, face in zip(views, faces, strict=True):
            if face is not None:
                view = HeadView.look(rgb, face)
                seen.append((view, network.head(view.rgb)[0]))
    network.close()
    with steps.step("background"):
        return [Appearance.learn(seen) for seen in views], paint_background(samples, masks)
