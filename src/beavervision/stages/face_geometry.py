"""Differentiable errors of expression coefficients, measured on the face's surface."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from beavervision.face.landmarks import (
    EYES,
    LID_MID_LOWER,
    LID_MID_UPPER,
    LIP_CORNERS,
    LIP_MID_LOWER,
    LIP_MID_UPPER,
    LIPS_INNER,
    LIPS_OUTER,
    N_MESH,
    OVAL,
    UPPER_LIDS,
)
from beavervision.face.morphable_model import CONDITION_SCALE, FaceModel
from beavervision.nerf.precision import full_precision

EYE_WEIGHT, UPPER_LID_WEIGHT, LIP_WEIGHT, OUTLINE_WEIGHT = 3.0, 20.0, 5.0, 0.0
"""Weights of the landmarks' squared errors (STAGES.md section 2); all others have 1."""

LIP_POINTS = np.concatenate([LIPS_INNER, LIPS_OUTER])
"""[40] mesh points of the lips' edges."""
LIP_PAIRS = ((13, 14), (82, 87), (312, 317), (81, 178), (311, 402))
"""Inner lips, upper and lower, from the middle outwards: they touch when the mouth is closed."""


class FaceGeometry(nn.Module):
    """Errors of coefficients in millimetres on an average head.

    Squared errors of weighted landmarks are a quadratic form of the error in coefficients, so an E x E factor of this
    form replaces the projection to 468 landmarks.

    Args:
        model: face model of the coefficients.
        identity: whether identity coefficients precede those of the expression, so that E includes both.
    """

    factor: Tensor
    gap_basis: Tensor
    lip_basis: Tensor
    lip_mean: Tensor

    def __init__(self, model: FaceModel, *, identity: bool = False) -> None:
        super().__init__()
        bases = (model.id_basis, model.exp_basis) if identity else (model.exp_basis,)
        basis = CONDITION_SCALE * np.concatenate([part[:, model.landmarks468] for part in bases])
        mean = CONDITION_SCALE * model.mean[model.landmarks468]
        weighted = (basis * np.sqrt(landmark_weights())[:, None]).reshape(len(basis), -1)
        values, vectors = np.linalg.eigh(weighted @ weighted.T / weighted.shape[1])
        upper, lower = (list(side) for side in zip(*LIP_PAIRS, strict=True))
        self._keep("factor", vectors * np.sqrt(np.clip(values, 0, None)))
        self._keep("gap_basis", basis[:, upper] - basis[:, lower])
        self._keep("lip_basis", basis[:, LIP_POINTS])
        self._keep("lip_mean", mean[LIP_POINTS])
        self._middle = [int(np.flatnonzero(point == LIP_POINTS)[0]) for point in LIP_PAIRS[0]]

    def _keep(self, name: str, values: np.ndarray) -> None:
        self.register_buffer(name, torch.from_numpy(np.ascontiguousarray(values)).float(), persistent=False)

    @full_precision
    def landmark_error(self, error: Float[Tensor, "*b E"]) -> Float[Tensor, "*b"]:
        """Weighted mean squared error of the 468 canonical landmarks' coordinates, mm^2."""
        return (error.float() @ self.factor).square().sum(-1)

    @full_precision
    def lip_gap_error(self, error: Float[Tensor, "*b E"]) -> Float[Tensor, "*b"]:
        """Mean squared error of the vectors between upper and lower inner lip, mm^2."""
        gap = torch.einsum("...e,ekc->...kc", error.float(), self.gap_basis)
        return gap.square().sum(-1).mean(-1)

    @full_precision
    def lips(self, expression: Float[Tensor, "*b E"]) -> Float[Tensor, "*b 40 3"]:
        """Edges of the mean face's lips (LIP_POINTS) in head space, mm."""
        return self.lip_mean + torch.einsum("...e,ekc->...kc", expression.float(), self.lip_basis)

    def gap(self, lips: Float[Tensor, "*b 40 3"]) -> Float[Tensor, "*b"]:
        """Distance between the middles of the inner lips, mm."""
        upper, lower = self._middle
        return (lips[..., upper, :] - lips[..., lower, :]).norm(dim=-1)


def landmark_weights() -> Float[np.ndarray, "468"]:
    """Weight of each landmark's squared error."""
    weights = np.ones(N_MESH)
    weights[EYES.ravel()] = EYE_WEIGHT
    weights[UPPER_LIDS[:, 1:-1].ravel()] = UPPER_LID_WEIGHT
    weights[LIP_POINTS] = LIP_WEIGHT
    weights[OVAL] = OUTLINE_WEIGHT
    return weights


def lip_distance(face: FaceModel, expression: Float[np.ndarray, "*b E"]) -> Float[np.ndarray, "*b"]:
    """Distance between the middles of the inner lips of the mean face, cm."""
    return _distance(face, expression, LIP_MID_UPPER, LIP_MID_LOWER)


def lip_width(face: FaceModel, expression: Float[np.ndarray, "*b E"]) -> Float[np.ndarray, "*b"]:
    """Distance between the corners of the mean face's lips, cm."""
    return _distance(face, expression, *LIP_CORNERS)


def lid_distance(face: FaceModel, expression: Float[np.ndarray, "*b E"]) -> Float[np.ndarray, "*b"]:
    """Distance between the middles of the lids of the mean face, mean of both eyes, cm."""
    eyes = zip(LID_MID_UPPER, LID_MID_LOWER, strict=True)
    return np.mean([_distance(face, expression, upper, lower) for upper, lower in eyes], axis=0)


def _distance(
    face: FaceModel, expression: Float[np.ndarray, "*b E"], first: int, second: int
) -> Float[np.ndarray, "*b"]:
    keys = face.landmarks468[[first, second]]
    points = face.mean[keys] + np.tensordot(expression, face.exp_basis[:, keys], 1)
    return np.linalg.norm(points[..., 0, :] - points[..., 1, :], axis=-1)
