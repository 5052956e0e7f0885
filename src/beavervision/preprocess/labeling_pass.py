"""Second pass over the footage, segment by segment: labels, hands, shoulders and occlusion of known subjects."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Float, UInt8
from PIL import Image
from safetensors.numpy import load_file, save_file

from beavervision.artifacts.clip import LABELS, MATTE
from beavervision.preprocess.colour_model import ColourModel, certain_skin
from beavervision.preprocess.frame_perception import FrameObservation, FramePerception
from beavervision.preprocess.head_crop import HeadCrop
from beavervision.preprocess.head_segmentation import segment_head
from beavervision.preprocess.ingest import Source
from beavervision.preprocess.labelmap import label_frame
from beavervision.preprocess.matte import head_matte
from beavervision.preprocess.occlusion import find_occluders, occluded_share
from beavervision.preprocess.subject_track import SubjectTrack
from beavervision.video.lossless import GrayWriter
from beavervision.video.prefetch import prefetch

VERSION = 9
FOUND = "found_{}.safetensors"


@dataclass(frozen=True)
class FrameLabels:
    """Results of the second pass for one subject, frame by frame; NaN where the subject is not visible."""

    shoulders: Float[np.ndarray, "T 2 3"]
    """x, y (px), confidence, where estimated; see `body.complete_body_points`."""
    motion: Float[np.ndarray, "T 2 3"]
    """Affine map of the torso's points from the frame before, px; see `body.complete_body_points`."""
    covered: Float[np.ndarray, "T"]
    """Share of the head that is occluded."""
    light: Float[np.ndarray, "T"]
    """Mean grey value of the face's skin, 0..255."""
    sharpness: Float[np.ndarray, "T"]
    """Standard deviation of the Laplacian over the face in its crop, grey values."""

    @classmethod
    def empty(cls, n_frames: int) -> FrameLabels:
        """Return results without values."""
        return cls(*np.full((2, n_frames, 2, 3), np.nan), *np.full((3, n_frames), np.nan))

    @classmethod
    def load(cls, folders: Sequence[Path], subject: int) -> FrameLabels:
        """Read and concatenate the segments' results."""
        parts = [load_file(folder / FOUND.format(subject)) for folder in folders]
        return cls(**{name: np.concatenate([part[name] for part in parts]) for name in parts[0]})


@dataclass(frozen=True)
class SubjectKnowledge:
    """Files with the data of one subject that a segment's work needs."""

    subject_track: Path
    appearance: Path
    person: int
    """Row of the subject in the boxes of all people."""


@dataclass(frozen=True)
class LabelingPass:
    """The work for one segment; see `segments.Job`."""

    source: Source
    subjects: tuple[SubjectKnowledge, ...]
    boxes: Path
    """npy file [P,T,4]: face boxes of all people, full-frame px, NaN where not visible."""
    plate: Path
    """Image of the background without people; only where it stands still."""
    segmenter: Path | None = None
    """File of the six-class selfie model, if any."""

    def __call__(self, span: range, part: Path, tick: Callable[[], None]) -> None:
        """Process every frame of the segment; write each subject's label maps, mattes and measurements."""
        info, perception = self.source.info, FramePerception(self.segmenter)
        boxes = np.load(self.boxes, mmap_mode="r")
        plate = np.asarray(Image.open(self.plate)) if self.plate.exists() else None
        with ExitStack() as stack:
            pens = []
            for i, known in enumerate(self.subjects):
                labels, mattes = (
                    stack.enter_context(GrayWriter(part / film.format(i), info.width, info.height, self.source.fps))
                    for film in (LABELS, MATTE)
                )
                pens.append(_Pen(labels, mattes, known, boxes, span, plate))
            for percept in prefetch(self._percepts(perception, span)):
                for i, pen in enumerate(pens):
                    pen.draw(percept, i)
                tick()
        perception.close()
        for i, pen in enumerate(pens):
            save_file(vars(pen.found), part / FOUND.format(i))

    def _percepts(self, perception: FramePerception, span: range) -> Iterator[FrameObservation]:
        """Yield the outputs of the networks for each frame."""
        subject_tracks = [SubjectTrack.load(known.subject_track) for known in self.subjects]
        for frame in prefetch(self.source.frames(span)):
            t = frame.index
            yield perception.see(frame, [s.landmarks[t] if s.visible[t] else None for s in subject_tracks])


class _Pen:
    """Writes one subject's label maps, mattes and measurements over one segment."""

    def __init__(
        self,
        labels: GrayWriter,
        mattes: GrayWriter,
        known: SubjectKnowledge,
        boxes: Float[np.ndarray, "P T 4"],
        span: range,
        plate: UInt8[np.ndarray, "H W 3"] | None,
    ) -> None:
        self._labels, self._mattes, self._span, self._plate = labels, mattes, span, plate
        self._appearance = ColourModel.load(known.appearance)
        order = [known.person, *(p for p in range(len(boxes)) if p != known.person)]
        self._boxes = np.asarray(boxes[order, span.start : span.stop])
        self.found = FrameLabels.empty(len(span))

    def draw(self, percept: FrameObservation, i: int) -> None:
        """Write the frame's label map and matte for subject `i`."""
        row, head, subject = percept.index - self._span.start, None, percept.subjects[i]
        if subject is not None:
            head = segment_head(subject.view, subject.person, self._appearance, subject.classes)
            head = find_occluders(head, self._appearance.face)
            self.found.shoulders[row], self.found.motion[row] = subject.shoulders, subject.motion
            self._measure(row, subject.view)
        picture = label_frame(percept, head, self._boxes[:, row])
        if head is not None:
            self.found.covered[row] = occluded_share(head, picture)
        self._labels.write(picture)
        self._mattes.write(head_matte(percept, head, picture, self._plate))

    def _measure(self, row: int, view: HeadCrop) -> None:
        """Measure the light and sharpness of the face."""
        grey, skin = cv2.cvtColor(view.rgb, cv2.COLOR_RGB2GRAY), certain_skin(view)
        if skin.any():
            self.found.light[row] = grey[skin].mean()
        if view.oval.any():
            self.found.sharpness[row] = cv2.Laplacian(grey, cv2.CV_32F)[view.oval].std()
