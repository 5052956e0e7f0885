"""What the networks see of a frame, once it is known where the subjects' faces are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Float, UInt8

from beavervision.preprocess.body import LOOK_EVERY, BodyFinder, body_square
from beavervision.preprocess.hand_outline import Hand, outline_hands
from beavervision.preprocess.hands import HandTracker
from beavervision.preprocess.headview import SIZE, HeadView
from beavervision.preprocess.multiclass import open_segmenter
from beavervision.preprocess.person import Segmenter
from beavervision.preprocess.square import Square
from beavervision.video.decode import Frame

MASK_SIDE = 640
"""Longer side of the person mask in pixels; the network gives 256."""

WORTH_A_LOOK = 0.8
"""Side of the body's square over the frame's longer side up to which a second look at it is finer."""

ONE_BODY = 0.3
"""Distance of two bodies' squares, in sides, below which one look for hands serves both."""


@dataclass(frozen=True)
class SubjectView:
    """One subject in one frame."""

    view: HeadView
    person: Float[np.ndarray, "S S"]
    """Probability of a person in the head's crop."""
    shoulders: Float[np.ndarray, "2 3"]
    """x, y, confidence of the right and left shoulder in full-frame px; NaN where not looked for or not found."""
    classes: Float[np.ndarray, "S S 6"] | None = None
    """Confidence of each of `multiclass.CLASSES` in the head's crop, where that model is used."""


@dataclass(frozen=True)
class Percept:
    """One frame and what the networks say of it: what all share, and each subject."""

    index: int
    rgb: UInt8[np.ndarray, "H W 3"]
    person: Float[np.ndarray, "h w"]
    """Probability of people, reduced to MASK_SIDE."""
    hands: list[Hand]
    """Full-frame px."""
    hand_pixels: UInt8[np.ndarray, "H W"] | None
    """1 where a hand is seen; None where there is none."""
    subjects: list[SubjectView | None]
    """None for a subject that is not visible."""


class Perception:
    """Looks at frames in order: people and hands in every one, shoulders in every LOOK_EVERY-th.

    Args:
        segmenter: file of the six-class selfie model; MediaPipe's own person mask when None.
    """

    def __init__(self, segmenter: Path | None = None) -> None:
        self._segmenter, self._hands, self._body = open_segmenter(segmenter), HandTracker(), BodyFinder()

    def see(self, frame: Frame, landmarks: Sequence[Float[np.ndarray, "478 3"] | None]) -> Percept:
        """Look at the next frame.

        Args:
            frame: the frame.
            landmarks: of each subject, full-frame px; None where it is not visible.
        """
        rgb = frame.rgb
        faces = [face for face in landmarks if face is not None]
        person = person_mask(self._segmenter, rgb, faces)
        hands = self._hands.find(rgb, _hand_squares(faces, rgb.shape[1], rgb.shape[0]))
        subjects = [None if face is None else self._subject(frame, face) for face in landmarks]
        return Percept(frame.index, rgb, person, hands, outline_hands(rgb, hands, faces), subjects)

    def _subject(self, frame: Frame, face: Float[np.ndarray, "478 3"]) -> SubjectView:
        view, shoulders = HeadView.look(frame.rgb, face), np.full((2, 3), np.nan)
        if frame.index % LOOK_EVERY == 0:
            shoulders = self._body.shoulders(frame.rgb, Square.round_landmarks(face))
        person, classes = self._segmenter.head(frame.rgb, view.square, SIZE)
        return SubjectView(view, person, shoulders, classes)

    def close(self) -> None:
        """Free the graphs."""
        for network in (self._segmenter, self._hands, self._body):
            network.close()


def person_mask(
    segmenter: Segmenter, rgb: UInt8[np.ndarray, "H W 3"], faces: Sequence[Float[np.ndarray, "478 3"]]
) -> Float[np.ndarray, "h w"]:
    """Probability of people at MASK_SIDE, looked at again round the subjects' bodies where those are small."""
    height, width = rgb.shape[:2]
    factor = min(1.0, MASK_SIDE / max(height, width))
    small = cv2.resize(rgb, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    bodies = [body_square(Square.round_landmarks(face), width, height) for face in faces]
    worth = [body for body in bodies if body.side < WORTH_A_LOOK * max(height, width)]
    return segmenter.mask(small, [Square(b.x * factor, b.y * factor, b.side * factor) for b in worth])


def _hand_squares(faces: Sequence[Float[np.ndarray, "478 3"]], width: int, height: int) -> list[Square]:
    """Where hands are looked for: round the subjects' bodies, in the whole frame where nobody is seen."""
    if not faces:
        return [Square(width / 2, height / 2, max(width, height))]
    squares: list[Square] = []
    for face in faces:
        body = body_square(Square.round_landmarks(face), width, height)
        if not any(np.hypot(body.x - s.x, body.y - s.y) < ONE_BODY * s.side for s in squares):
            squares.append(body)
    return squares
