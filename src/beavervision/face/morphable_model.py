"""The linear morphable face model: mean + identity + expression."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float, Int

CONDITION_SCALE = 10.0
"""Landmark conditions are 10 x the offset from the mean face (STAGES.md section 1, as in GeneFace++)."""


@dataclass(frozen=True)
class FaceModel:
    """A face as mean + identity . id_basis + expression . exp_basis, in head space (cm).

    Head space: x to the subject's left, y up, z out of the face; the pupils are 6.3 cm apart, and the origin lies
    between the eyes' centres on the head's axis. Coefficients have unit variance.
    """

    name: str
    mean: Float[np.ndarray, "V 3"]
    id_basis: Float[np.ndarray, "I V 3"]
    exp_basis: Float[np.ndarray, "E V 3"]
    triangles: Int[np.ndarray, "F 3"]
    landmarks468: Int[np.ndarray, 468]
    """Vertex of each MediaPipe landmark."""
    landmarks68: Int[np.ndarray, 68]
    """Vertex of each of the 68 iBUG landmarks, from the subject's right to the left."""
    semantic: Mapping[str, Float[np.ndarray, "E"]] = field(default_factory=dict)
    """Expression coefficients of named shapes at full activation (`jaw_open`, `blink_left`, ...)."""
    arkit: Mapping[str, Float[np.ndarray, "E"]] = field(default_factory=dict)
    """Expression coefficients of ARKit's shapes at full activation, for a model that has them by name; see
    `face.arkit`."""

    def vertices(
        self, identity: Float[np.ndarray, "*b I"], expression: Float[np.ndarray, "*b E"]
    ) -> Float[np.ndarray, "*b V 3"]:
        """Vertices in head space, cm."""
        offset = np.tensordot(identity, self.id_basis, 1) + np.tensordot(expression, self.exp_basis, 1)
        return self.mean + offset

    def condition68(
        self, identity: Float[np.ndarray, "*b I"], expression: Float[np.ndarray, "*b E"]
    ) -> Float[np.ndarray, "*b 68 3"]:
        """Landmark condition of the renderers: CONDITION_SCALE x offset of the 68 landmarks from the mean."""
        keys = self.landmarks68
        offset = np.tensordot(identity, self.id_basis[:, keys], 1) + np.tensordot(
            expression, self.exp_basis[:, keys], 1
        )
        return CONDITION_SCALE * offset
