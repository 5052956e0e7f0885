"""What the networks see of a frame, once it is known where the subject's face is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Float, UInt8

from beavervision.preprocess.body import LOOK_EVERY, BodyFinder, body_square
from beavervision.preprocess.hands import Hand, HandFinder
from beavervision.preprocess.headview import SIZE, HeadView
from beavervision.preprocess.person import PersonSegmenter
from beavervision.preprocess.square import Square
from beavervision.video.decode import Frame

MASK_SIDE = 640
"""Longer side of the person mask in pixels; the network gives 256."""

WORTH_A_LOOK = 0.8
"""Side of the body's square over the frame's longer side up to which a second look at it is finer."""


@dataclass(frozen=True)
class Percept:
    """One frame and what the networks say of it."""

    index: int
    rgb: UInt8[np.ndarray, "H W 3"]
    person: Float[np.ndarray, "h w"]
    """Probability of people, reduced to MASK_SIDE."""
    hands: list[Hand]
    """Full-frame px."""
    shoulders: Float[np.ndarray, "2 3"]
    """x, y, confidence of the right and left shoulder in full-frame px; NaN where not looked for or not found."""
    view: HeadView | None = None
    """The subject's head; None where the subject is not visible."""
    head_person: Float[np.ndarray, "S S"] | None = None
    """Probability of a person in the head's crop."""


class Perception:
    """Person and hands in every frame, shoulders in every LOOK_EVERY-th."""

    def __init__(self) -> None:
        self._segmenter, self._hands, self._body = PersonSegmenter(), HandFinder(), BodyFinder()

    def see(self, frame: Frame, landmarks: Float[np.ndarray, "478 3"] | None) -> Percept:
        """Look at a frame; `landmarks` are the subject's, None where it is not visible."""
        rgb, (height, width) = frame.rgb, frame.rgb.shape[:2]
        person = person_mask(self._segmenter, rgb, landmarks)
        nothing = np.full((2, 3), np.nan)
        if landmarks is None:
            whole = Square(width / 2, height / 2, max(width, height))
            return Percept(frame.index, rgb, person, self._hands.find(rgb, whole), nothing)
        view = HeadView.look(rgb, landmarks)
        face = Square.round_landmarks(landmarks)
        body = body_square(face, width, height)
        shoulders = self._body.shoulders(rgb, face) if frame.index % LOOK_EVERY == 0 else nothing
        head_person = self._segmenter.inside(rgb, view.square, SIZE)
        return Percept(frame.index, rgb, person, self._hands.find(rgb, body), shoulders, view, head_person)

    def stream(
        self,
        frames: Iterator[Frame],
        landmarks: Float[np.ndarray, "T 478 3"],
        visible: Bool[np.ndarray, "T"],
    ) -> Iterator[Percept]:
        """Look at every frame in turn."""
        for frame in frames:
            yield self.see(frame, landmarks[frame.index] if visible[frame.index] else None)

    def close(self) -> None:
        """Free the graphs."""
        for network in (self._segmenter, self._hands, self._body):
            network.close()


def person_mask(
    segmenter: PersonSegmenter, rgb: UInt8[np.ndarray, "H W 3"], landmarks: Float[np.ndarray, "478 3"] | None
) -> Float[np.ndarray, "h w"]:
    """Probability of people at MASK_SIDE, looked at again round the subject's body where that is small."""
    height, width = rgb.shape[:2]
    factor = min(1.0, MASK_SIDE / max(height, width))
    small = cv2.resize(rgb, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    squares = []
    if landmarks is not None:
        body = body_square(Square.round_landmarks(landmarks), width, height)
        if body.side < WORTH_A_LOOK * max(height, width):
            squares.append(Square(body.x * factor, body.y * factor, body.side * factor))
    return segmenter.mask(small, squares)
