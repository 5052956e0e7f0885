"""Lip input of the sync expert: the 20 lip points of the landmark condition, without identity."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from beavervision.face.morphable_model import CONDITION_SCALE, FaceModel
from beavervision.nerf.precision import full_precision

LIPS68 = slice(48, 68)
"""Outer and inner lips among the 68 landmarks."""
LIPS_DIM = 60
MIRRORED = np.array([6, 5, 4, 3, 2, 1, 0, 11, 10, 9, 8, 7, 16, 15, 14, 13, 12, 19, 18, 17])
"""Index of the lip point on the other side of the mouth."""


class LipNormalizer(nn.Module):
    """Linear map from expression to the offsets of the lips, in CONDITION_SCALE x cm.

    Args:
        model: face model of the coefficients.
    """

    basis: Tensor

    def __init__(self, model: FaceModel) -> None:
        super().__init__()
        basis = CONDITION_SCALE * model.exp_basis[:, model.landmarks68[LIPS68]]
        flat = torch.from_numpy(basis.reshape(len(basis), LIPS_DIM)).float()
        self.register_buffer("basis", flat, persistent=False)

    @full_precision
    def forward(self, expression: Float[Tensor, "*b E"]) -> Float[Tensor, "*b 60"]:
        """Offsets of the lips from the neutral mean face."""
        return expression.float() @ self.basis


def lip_shape_of(model: FaceModel, expression: Float[np.ndarray, "T E"]) -> Float[np.ndarray, "T 60"]:
    """The same map in NumPy."""
    basis = CONDITION_SCALE * model.exp_basis[:, model.landmarks68[LIPS68]]
    return np.tensordot(expression, basis, 1).reshape(len(expression), LIPS_DIM).astype(np.float32)


def mirror_lips(lips: Float[Tensor, "*b 60"]) -> Float[Tensor, "*b 60"]:
    """Lips of the mirrored face."""
    points = lips.unflatten(-1, (LIPS_DIM // 3, 3))[..., MIRRORED, :]
    return (points * points.new_tensor([-1.0, 1.0, 1.0])).flatten(-2)
