"""Learns the colour models of the subjects and the background from a few sampled frames."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float

from beavervision.preprocess.background import Background, paint_background
from beavervision.preprocess.colour_model import ColourModel
from beavervision.preprocess.frame_perception import person_mask, reduced
from beavervision.preprocess.frame_samples import FrameSamples
from beavervision.preprocess.head_crop import HeadCrop
from beavervision.preprocess.multiclass_segmentation import open_segmenter
from beavervision.preprocess.progress import Steps
from beavervision.preprocess.subject_track import SubjectTrack

VERSION = 4

PERSON = 0.3
"""Probability of a person from which a pixel is excluded from the background; low, to be on the safe side."""


def learn_appearance(
    samples: FrameSamples, subject_tracks: Sequence[SubjectTrack], steps: Steps, segmenter: Path | None = None
) -> tuple[list[ColourModel], Background]:
    """Learn the colours of each subject and the background without people.

    Args:
        samples: frames of the clip.
        subject_tracks: the subjects.
        steps: progress.
        segmenter: file of the six-class selfie model, if any.
    """
    network = open_segmenter(segmenter)
    views: list[list[tuple[HeadCrop, Float[np.ndarray, "S S"]]]] = [[] for _ in subject_tracks]
    masks = []
    for index, rgb in steps.over("colours", samples, len(samples.indices)):
        faces = [
            subject_track.landmarks[index] if subject_track.visible[index] else None for subject_track in subject_tracks
        ]
        masks.append(person_mask(network, rgb, reduced(rgb), [face for face in faces if face is not None]) > PERSON)
        for seen, face in zip(views, faces, strict=True):
            if face is not None:
                view = HeadCrop.look(rgb, face)
                seen.append((view, network.head(view.rgb)[0]))
    network.close()
    with steps.step("background"):
        return [ColourModel.learn(seen) for seen in views], paint_background(samples, masks)
