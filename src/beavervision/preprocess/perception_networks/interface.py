"""Interface of the perception networks: each works on one square RGB crop, independently of earlier crops."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from jaxtyping import Float, UInt8


@dataclass(frozen=True)
class Detection:
    """A face or a palm in a crop."""

    box: Float[np.ndarray, "4"]
    """Box x0 y0 x1 y1 relative to the crop: 0 is its left or upper border, 1 the right or lower one."""
    keypoints: Float[np.ndarray, "k 2"]
    """x, y relative to the crop. A face has the right eye, left eye, nose, mouth and the ears; a palm has the wrist,
    the knuckles of index finger, middle finger, ring finger and little finger, and two of the thumb."""
    score: float
    """Confidence in 0..1."""


class Detector(Protocol):
    """Finds faces or palms."""

    def detect(self, crop: UInt8[np.ndarray, "S S 3"]) -> list[Detection]:
        """The detections in a crop, in no particular order."""
        ...

    def close(self) -> None:
        """Free the network."""
        ...


class PointNetwork(Protocol):
    """Finds the landmarks of one face, hand or body."""

    def points(self, crop: UInt8[np.ndarray, "S S 3"]) -> Float[np.ndarray, "n d"] | None:
        """Landmarks relative to the crop; None where nothing is found."""
        ...

    def close(self) -> None:
        """Free the network."""
        ...


class MaskNetwork(Protocol):
    """Separates people from the background."""

    def mask(self, crop: UInt8[np.ndarray, "S S 3"]) -> Float[np.ndarray, "S S"]:
        """Probability of a person in every pixel."""
        ...

    def close(self) -> None:
        """Free the network."""
        ...


class Networks(Protocol):
    """Opens the networks of one kind of MediaPipe wheel."""

    def face_detectors(self, confidence: float) -> list[Detector]:
        """Face detectors for all sizes of faces.

        Args:
            confidence: smallest score of a detection.
        """
        ...

    def face_landmarks(self) -> PointNetwork:
        """Landmarks of the face in the middle of a crop: 478 x 3, z in the unit of x, nearer = smaller."""
        ...

    def palms(self, confidence: float) -> Detector:
        """Palm detector.

        Args:
            confidence: smallest score of a detection.
        """
        ...

    def hand_landmarks(self, confidence: float) -> PointNetwork:
        """Landmarks of one hand: 21 x 2.

        Args:
            confidence: smallest confidence that the crop shows a hand.
        """
        ...

    def pose(self) -> PointNetwork:
        """Landmarks of one body: 33 x 3, x, y and visibility in 0..1."""
        ...

    def person_mask(self) -> MaskNetwork:
        """Person segmentation."""
        ...
