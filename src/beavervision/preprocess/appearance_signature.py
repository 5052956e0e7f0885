"""Appearance signature of a person over a few frames (face shape and colours), and the distance of two signatures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from beavervision.preprocess.colour_signature import colour_distance, typical_signature

RIGID = np.array(
    [
        *(1, 2, 4, 5, 6, 168, 195, 197, 98, 327),
        *(33, 133, 362, 263, 70, 300, 105, 334, 107, 336),
        *(10, 152, 234, 454, 127, 356, 93, 323, 58, 288, 148, 377, 172, 397),
    ]
)
"""Landmarks that expressions move little: nose, eye corners, brows, outline."""

SAME_SHAPE = 0.045
"""Usual upper limit of the distance between two mean shapes (unit norm, pose removed) of one person."""

SAME_COLOURS = 0.2
"""Usual upper limit of `colour_signature.colour_distance` of one person in one recording.

Measured on six people in five recordings, 25 frames against 25 others. Shape: 0.006 to 0.043 for the same person (95 of
100), from 0.029 on for others. Colours: 0.02 to 0.12, others from 0.22 on. Both together, as in `signature_distance`:
the same person up to 0.8, others from 1.13 on; for single frames up to 0.87 and from 0.94 on.
"""

MOST = 60
"""Largest number of frames, evenly spaced, for a signature."""


@dataclass(frozen=True)
class FaceSignature:
    """Shape and colours of one face."""

    shape: Float[np.ndarray, "K 3"]
    """Mean of the RIGID landmarks, centred, with unit norm, in the pose of one of the frames."""
    colours: Float[np.ndarray, "72"]
    """Mean colour signature; 0 in regions that were never visible."""
    frames: int
    """Number of frames of the signature."""

    @classmethod
    def of(
        cls, landmarks: Sequence[Float[np.ndarray, "478 3"]], portraits: Sequence[Float[np.ndarray, "72"]]
    ) -> FaceSignature:
        """Compute the signature from a few frames.

        Args:
            landmarks: landmarks in full-frame px.
            portraits: colour signatures of the same frames or of some of them, in any order.
        """
        chosen = np.unique(np.linspace(0, len(landmarks) - 1, MOST).astype(int))
        faces = np.stack([landmarks[i][RIGID] for i in chosen]).astype(float)
        faces -= faces.mean(1, keepdims=True)
        faces /= np.linalg.norm(faces, axis=(1, 2), keepdims=True)
        mean = turned(faces, faces[len(faces) // 2]).mean(0)
        return cls(mean / np.linalg.norm(mean), typical_signature(np.stack(portraits)), len(landmarks))


def signature_distance(a: FaceSignature, b: FaceSignature) -> float:
    """Distance of two signatures; below 1 they may be of the same person."""
    return float(signature_distances([a], [b])[0, 0])


def signature_distances(left: Sequence[FaceSignature], right: Sequence[FaceSignature]) -> Float[np.ndarray, "L R"]:
    """Pairwise `signature_distance`: root mean square of shape and colour distance, each over its usual value.

    Where two signatures have no colour region in common, the shape alone is compared.
    """
    shapes = np.stack([look.shape for look in right])
    colours = np.stack([look.colours for look in right])
    frames = np.array([look.frames for look in right])
    rows = []
    for look in left:
        # Few frames give an inaccurate shape: one frame has twice the error of many.
        usual = SAME_SHAPE * (1 + 1 / np.sqrt(np.minimum(look.frames, frames)))
        shape = np.linalg.norm(turned(shapes, look.shape) - look.shape, axis=(1, 2)) / usual
        colour = colour_distance(colours, look.colours) / SAME_COLOURS
        rows.append(np.sqrt(np.where(np.isnan(colour), shape**2, (shape**2 + np.nan_to_num(colour) ** 2) / 2)))
    return np.stack(rows)


def turned(faces: Float[np.ndarray, "T K 3"], reference: Float[np.ndarray, "K 3"]) -> Float[np.ndarray, "T K 3"]:
    """Rotate centred shapes to the best fit with the reference (Kabsch)."""
    u, _, vt = np.linalg.svd(np.einsum("tki,kj->tij", faces, reference))
    u[..., -1] *= np.sign(np.linalg.det(u @ vt))[:, None]
    return faces @ (u @ vt)
