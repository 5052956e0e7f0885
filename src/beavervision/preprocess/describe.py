"""Second look at the footage, with the subject known: labels, hands, shoulders, occlusion, in one pass."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Bool, Float

from beavervision.preprocess.ahead import ahead
from beavervision.preprocess.appearance import Appearance, certain_skin
from beavervision.preprocess.headview import HeadView
from beavervision.preprocess.ingest import Source
from beavervision.preprocess.labelmap import label_frame
from beavervision.preprocess.occlude import occluded_share
from beavervision.preprocess.parse import parse_head
from beavervision.preprocess.perceive import Perception
from beavervision.preprocess.progress import Steps
from beavervision.preprocess.report.sheet import ContactSheet
from beavervision.video.lossless import GrayWriter


@dataclass
class Description:
    """What the second look found, frame by frame; NaN where the subject is not visible."""

    shoulders: Float[np.ndarray, "T 2 3"]
    """x, y (px), confidence where looked for; see body.complete."""
    covered: Float[np.ndarray, "T"]
    """Share of the head behind hands."""
    light: Float[np.ndarray, "T"]
    """Mean grey value of the face's skin, 0..255."""
    sharpness: Float[np.ndarray, "T"]
    """Standard deviation of the Laplacian over the face in its crop, grey values."""

    @classmethod
    def empty(cls, n_frames: int) -> Description:
        """Nothing found yet."""
        return cls(np.full((n_frames, 2, 3), np.nan), *np.full((3, n_frames), np.nan))


def describe(
    source: Source,
    landmarks: Float[np.ndarray, "T 478 3"],
    visible: Bool[np.ndarray, "T"],
    boxes: Float[np.ndarray, "P T 4"],
    appearance: Appearance,
    labels: Path,
    sheet: ContactSheet,
    steps: Steps,
) -> Description:
    """Look at every frame again; write its label map, keep what is found.

    Args:
        source: the footage.
        landmarks: the subject's, full-frame px.
        visible: frames that show the subject.
        boxes: face boxes of everybody, the subject first; NaN where not seen.
        appearance: the subject's colours.
        labels: file to write the label maps to.
        sheet: takes the frames that the report shows.
        steps: progress.
    """
    found, perception = Description.empty(source.n_frames), Perception()
    percepts = ahead(perception.stream(ahead(source.frames()), landmarks, visible))
    with GrayWriter(labels, source.info.width, source.info.height, source.fps) as writer:
        for percept in steps.over("labels, hands, body", percepts, source.n_frames):
            head = None
            if percept.view is not None:
                head = parse_head(percept.view, percept.head_person, appearance)
                found.covered[percept.index] = occluded_share(head, percept.hands)
                _measure(found, percept.index, percept.view)
            found.shoulders[percept.index] = percept.shoulders
            picture = label_frame(percept, head, boxes[:, percept.index])
            writer.write(picture)
            sheet.offer(percept, picture)
    perception.close()
    return found


def _measure(found: Description, index: int, view: HeadView) -> None:
    """Keep light and sharpness of the face."""
    grey, skin = cv2.cvtColor(view.rgb, cv2.COLOR_RGB2GRAY), certain_skin(view)
    if skin.any():
        found.light[index] = grey[skin].mean()
    if view.oval.any():
        found.sharpness[index] = cv2.Laplacian(grey, cv2.CV_32F)[view.oval].std()
