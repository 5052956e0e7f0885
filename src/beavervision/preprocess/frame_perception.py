"""Runs the perception networks on a frame in which the positions of the faces are known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Float, UInt8

from beavervision.preprocess.body import LOOK_EVERY, BodyFinder, body_square
from beavervision.preprocess.crop import SquareCrop
from beavervision.preprocess.hand_outline import Hand, outline_hands
from beavervision.preprocess.hands import HandTracker
from beavervision.preprocess.head_crop import HeadCrop
from beavervision.preprocess.multiclass_segmentation import open_segmenter
from beavervision.preprocess.person_segmentation import Segmenter
from beavervision.preprocess.torso_flow import TorsoFlow
from beavervision.video.decode import Frame

MASK_SIDE = 640
"""Longer side of the person mask in pixels; the network's output has 256."""

WORTH_A_LOOK = 0.8
"""Side of the body's square / longer side of the frame up to which segmentation of the square gives more detail."""

SURE = 0.8
"""Probability of a person from which a pixel is tracked."""

HELD = 0.4
"""Mean probability of a person at a hand's points below which it is not a hand."""

ONE_BODY = 0.3
"""Distance of two bodies' squares, in sides, below which one search for hands covers both."""


@dataclass(frozen=True)
class SubjectView:
    """One subject in one frame."""

    view: HeadCrop
    person: Float[np.ndarray, "S S"]
    """Probability of a person in the head crop."""
    shoulders: Float[np.ndarray, "2 3"]
    """x, y, confidence of the right and left shoulder in full-frame px; NaN where not searched or not found."""
    motion: Float[np.ndarray, "2 3"]
    """Affine map of the torso's points from the frame before, full-frame px; NaN where unknown."""
    classes: Float[np.ndarray, "S S 6"] | None = None
    """Confidence of each of `multiclass_segmentation.CLASSES` in the head crop, where that model is used."""


@dataclass(frozen=True)
class FrameObservation:
    """One frame with the outputs of the networks: shared ones, and those of each subject."""

    index: int
    rgb: UInt8[np.ndarray, "H W 3"]
    person: Float[np.ndarray, "h w"]
    """Probability of people, reduced to MASK_SIDE."""
    hand_pixels: UInt8[np.ndarray, "H W"] | None
    """1 where a hand is visible; None where there is no hand."""
    subjects: list[SubjectView | None]
    """None for a subject that is not visible."""


class FramePerception:
    """Processes frames in order: people and hands in every frame, shoulders in every LOOK_EVERY-th.

    Args:
        segmenter: file of the six-class selfie model; MediaPipe's own person mask when None.
    """

    def __init__(self, segmenter: Path | None = None) -> None:
        self._segmenter, self._hands, self._body = open_segmenter(segmenter), HandTracker(), BodyFinder()
        self._torsos: dict[int, TorsoFlow] = {}

    def see(self, frame: Frame, landmarks: Sequence[Float[np.ndarray, "478 3"] | None]) -> FrameObservation:
        """Process the next frame.

        Args:
            frame: the frame.
            landmarks: landmarks of each subject, full-frame px; None where it is not visible.
        """
        rgb = frame.rgb
        faces = [face for face in landmarks if face is not None]
        small = reduced(rgb)
        person = person_mask(self._segmenter, rgb, small, faces)
        hands = self._hands.find(rgb, _hand_squares(faces, rgb.shape[1], rgb.shape[0]))
        hands = [hand for hand in hands if _of_a_person(hand * small.shape[1] / rgb.shape[1], person)]
        pixels = outline_hands(rgb, hands, faces)
        motions = self._motions(small, person, pixels, landmarks, small.shape[1] / rgb.shape[1])
        subjects = [
            None if face is None else self._subject(frame, face, motion)
            for face, motion in zip(landmarks, motions, strict=True)
        ]
        return FrameObservation(frame.index, rgb, person, pixels, subjects)

    def _motions(
        self,
        small: UInt8[np.ndarray, "h w 3"],
        person: Float[np.ndarray, "h w"],
        hands: UInt8[np.ndarray, "H W"] | None,
        landmarks: Sequence[Float[np.ndarray, "478 3"] | None],
        factor: float,
    ) -> list[Float[np.ndarray, "2 3"]]:
        """Motion of each subject's torso since the last frame, full-frame px."""
        grey, free = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), person > SURE
        if hands is not None:
            free &= cv2.resize(hands, grey.shape[::-1], interpolation=cv2.INTER_NEAREST) == 0
        motions = []
        for i, face in enumerate(landmarks):
            torso, motion = self._torsos.setdefault(i, TorsoFlow()), None
            if face is None:
                torso.forget()
            else:
                motion = torso.step(grey, free, SquareCrop.round_landmarks(face * factor))
            motion = np.full((2, 3), np.nan) if motion is None else motion
            motions.append(motion / [1, 1, factor])
        return motions

    def _subject(self, frame: Frame, face: Float[np.ndarray, "478 3"], motion: Float[np.ndarray, "2 3"]) -> SubjectView:
        view, shoulders = HeadCrop.look(frame.rgb, face), np.full((2, 3), np.nan)
        if frame.index % LOOK_EVERY == 0:
            shoulders = self._body.shoulders(frame.rgb, SquareCrop.round_landmarks(face))
        person, classes = self._segmenter.head(view.rgb)
        return SubjectView(view, person, shoulders, motion, classes)

    def close(self) -> None:
        """Free the graphs."""
        for network in (self._segmenter, self._hands, self._body):
            network.close()


def reduced(rgb: UInt8[np.ndarray, "H W 3"]) -> UInt8[np.ndarray, "h w 3"]:
    """The frame reduced to MASK_SIDE."""
    factor = min(1.0, MASK_SIDE / max(rgb.shape[:2]))
    return cv2.resize(rgb, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)


def person_mask(
    segmenter: Segmenter,
    rgb: UInt8[np.ndarray, "H W 3"],
    small: UInt8[np.ndarray, "h w 3"],
    faces: Sequence[Float[np.ndarray, "478 3"]],
) -> Float[np.ndarray, "h w"]:
    """Probability of people at MASK_SIDE, refined around the subjects' bodies where those are small.

    Args:
        segmenter: segmentation network.
        rgb: the frame.
        small: the frame, `reduced`.
        faces: the subjects' landmarks, full-frame px.
    """
    height, width = rgb.shape[:2]
    factor = small.shape[1] / width
    bodies = [body_square(SquareCrop.round_landmarks(face), width, height) for face in faces]
    worth = [body for body in bodies if body.side < WORTH_A_LOOK * max(height, width)]
    return segmenter.mask(small, [SquareCrop(b.x * factor, b.y * factor, b.side * factor) for b in worth])


def _of_a_person(hand: Hand, person: Float[np.ndarray, "h w"]) -> bool:
    """Whether a hand (px of the mask) lies on a person: rows of books look like fingers too."""
    column, row = np.rint(hand - 0.5).astype(int).T
    inside = (column >= 0) & (row >= 0) & (column < person.shape[1]) & (row < person.shape[0])
    return bool(inside.any()) and float(person[row[inside], column[inside]].mean()) > HELD


def _hand_squares(faces: Sequence[Float[np.ndarray, "478 3"]], width: int, height: int) -> list[SquareCrop]:
    """Squares in which hands are searched: around the subjects' bodies, or the whole frame where nobody is visible."""
    if not faces:
        return [SquareCrop(width / 2, height / 2, max(width, height))]
    squares: list[SquareCrop] = []
    for face in faces:
        body = body_square(SquareCrop.round_landmarks(face), width, height)
        if not any(np.hypot(body.x - s.x, body.y - s.y) < ONE_BODY * s.side for s in squares):
            squares.append(body)
    return squares
