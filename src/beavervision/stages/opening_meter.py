"""Opening of the mouth in pictures, measured by a face mesh where the face is known to be."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, UInt8

from beavervision.face.openness import mouth_open
from beavervision.preprocess.crop import SquareCrop
from beavervision.preprocess.face_mesh import FaceMesh


class OpeningMeter:
    """Measures the mouth's opening in several pictures of the same face; used as a context manager."""

    def __init__(self) -> None:
        self._mesh = FaceMesh()

    def __enter__(self) -> OpeningMeter:
        """Return this object."""
        return self

    def __exit__(self, *_: object) -> None:
        """Release the face mesh."""
        self._mesh.close()

    def measure(
        self, pictures: Sequence[UInt8[np.ndarray, "H W 3"]], landmarks: Float[np.ndarray, "478 d"]
    ) -> list[float] | None:
        """Opening in each picture, eye distances; None where a picture shows no face.

        Args:
            pictures: pictures of the same moment.
            landmarks: of the face in all of them, px; they choose the square that is looked at.
        """
        square = SquareCrop.round_landmarks(landmarks)
        found = [self._mesh.landmarks(picture, square) for picture in pictures]
        if any(points is None for points in found):
            return None
        return [float(mouth_open(points[:, :2])) for points in found if points is not None]
