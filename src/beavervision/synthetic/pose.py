"""How the actor stands in one frame."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float

from beavervision.face.camera import FRONTAL


@dataclass(frozen=True)
class Pose:
    """Everything that differs from frame to frame. Rotations and translations lead to camera space, cm."""

    expression: Float[np.ndarray, "E"]
    rotation: Float[np.ndarray, "3 3"]
    translation: Float[np.ndarray, "3"]
    gaze: tuple[float, float] = (0.0, 0.0)
    """Yaw to the subject's left and pitch upwards of the eyes in the head, radians."""
    body_rotation: Float[np.ndarray, "3 3"] = field(default_factory=lambda: FRONTAL)
    body_translation: Float[np.ndarray, "3"] = field(default_factory=lambda: np.array([0.0, -6.0, 128.0]))
    breath: float = 0.0
    """Lift of the chest, cm."""
    hand_rotation: Float[np.ndarray, "3 3"] | None = None
    hand_translation: Float[np.ndarray, "3"] | None = None
