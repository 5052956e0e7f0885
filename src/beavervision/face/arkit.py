"""ARKit's 52 blendshape weights of a motion: a bounded least-squares fit of the motion of the face mesh.

Every face model names the 468 points of the face mesh. A motion moves them by d [468, 3] cm. With s_i the displacement
of ARKit's shape i at full activation, the weights of a frame are

    argmin_w |sum_i w_i s_i - d|^2 + r |w|^2,  0 <= w_i <= 1

A model that has ARKit's shapes by name (ict) gives its own s_i. For every other model they are those of the built-in
face, of which `BUILT_IN` says how they are made and ABSENT which ones no built-in shape stands for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np
from jaxtyping import Float

from beavervision.face import landmarks as lm
from beavervision.face.arkit_names import ARKIT_NAMES
from beavervision.face.gpmm import load_gpmm
from beavervision.face.morphable_model import FaceModel

WHOLE = {
    "eyeBlinkLeft": "blink_left",
    "eyeBlinkRight": "blink_right",
    "eyeSquintLeft": "squint_left",
    "eyeSquintRight": "squint_right",
    "eyeWideLeft": "wide_left",
    "eyeWideRight": "wide_right",
    "jawForward": "jaw_forward",
    "jawLeft": "jaw_left",
    "jawOpen": "jaw_open",
    "mouthFunnel": "lips_funnel",
    "mouthPucker": "lips_pucker",
    "mouthLeft": "mouth_left",
    "mouthRollLower": "lower_lip_roll",
    "mouthRollUpper": "upper_lip_roll",
    "mouthShrugLower": "lower_lip_raise",
    "browInnerUp": "brow_up_inner",
    "cheekPuff": "cheek_puff",
}
"""ARKit's shape -> the built-in shape that it is."""
MIRRORED = {"jawRight": "jaw_left", "mouthRight": "mouth_left"}
"""ARKit's shape -> the built-in shape that it mirrors."""
SPLIT = {
    "mouthSmile": "corners_up",
    "mouthFrown": "corners_down",
    "mouthStretch": "mouth_stretch",
    "mouthPress": "lips_press",
    "mouthLowerDown": "lower_lip_drop",
    "mouthUpperUp": "upper_lip_raise",
    "browDown": "brow_down",
    "browOuterUp": "brow_up_outer",
    "noseSneer": "nose_wrinkle",
}
"""Stem of a pair of ARKit's shapes -> the symmetric built-in shape that is divided between left and right."""
SPLIT_CM = 1.2
"""Half the width of the zone about the middle in which a divided shape passes from one side to the other, cm."""
CLOSE_CM = 1.2
"""Distance from the lips over which mouthClose fades, cm."""
RIDGE = 1e-5
"""Weight r, relative to the mean squared size of a shape: it decides between shapes that are nearly alike."""
BUILT_IN = {
    **dict.fromkeys((*WHOLE, *MIRRORED), "exact"),
    **{f"{stem}{side}": "divided" for stem in SPLIT for side in ("Left", "Right")},
    "mouthClose": "made of jaw_open",
}
"""ARKit's shape -> how the built-in face has it."""
ABSENT = tuple(name for name in ARKIT_NAMES if name not in BUILT_IN)
"""Shapes that the built-in face lacks (gaze, dimples, cheek squint, upper shrug, tongue); their weights are 0."""


@dataclass(frozen=True)
class ArkitFit:
    """ARKit weights of a motion."""

    weights: Float[np.ndarray, "T 52"]
    """[0, 1], in the order of ARKIT_NAMES."""
    unexplained: float
    """Root mean square of what the weights leave of the motion, relative to that of the motion; 0 .. 1."""


def arkit_fields(model: FaceModel) -> Mapping[str, Float[np.ndarray, "468 3"]]:
    """Displacement of the mesh landmarks by each of ARKit's shapes that is known, cm of head space.

    Args:
        model: its own shapes are taken if it has them by name, else those of the built-in face.

    Example:
        >>> fields = arkit_fields(load_gpmm())
        >>> len(fields), "tongueOut" in fields
        (38, False)
    """
    if not model.arkit:
        return _built_in_fields()
    basis = model.exp_basis[:, model.landmarks468]
    return {name: np.tensordot(model.arkit[name], basis, 1) for name in ARKIT_NAMES if name in model.arkit}


def arkit_weights(model: FaceModel, expression: Float[np.ndarray, "T E"]) -> ArkitFit:
    """Fit ARKit's weights to expression coefficients.

    Args:
        model: face model of the coefficients.
        expression: in standard deviations.

    Example:
        >>> model = load_gpmm()
        >>> fit = arkit_weights(model, 0.5 * model.semantic["jaw_open"][None])
        >>> round(float(fit.weights[0, ARKIT_NAMES.index("jawOpen")]), 2)
        0.5
    """
    from scipy.optimize import lsq_linear, nnls  # Slow to import.

    fields = arkit_fields(model)
    shapes = np.stack([field.ravel() for field in fields.values()])
    normal = shapes @ shapes.T
    root = np.linalg.cholesky(normal + RIDGE * np.trace(normal) / len(normal) * np.eye(len(normal))).T
    # The coefficients' images on the shapes: the points themselves are not needed again.
    basis = np.asarray(model.exp_basis[:, model.landmarks468], float).reshape(len(model.exp_basis), -1)
    targets = np.linalg.solve(root.T, shapes @ basis.T @ np.asarray(expression, float).T).T
    found = np.zeros((len(expression), len(fields)))
    for frame, target in enumerate(targets):
        found[frame] = nnls(root, target)[0]
        if found[frame].max(initial=0) > 1:
            found[frame] = lsq_linear(root, target, (0, 1), method="bvls").x
    weights = np.zeros((len(expression), len(ARKIT_NAMES)), np.float32)
    weights[:, [ARKIT_NAMES.index(name) for name in fields]] = found
    return ArkitFit(np.clip(weights, 0, 1), _unexplained(found, normal, shapes @ basis.T, basis, expression))


def _unexplained(
    found: np.ndarray, normal: np.ndarray, cross: np.ndarray, basis: np.ndarray, expression: np.ndarray
) -> float:
    """See `ArkitFit.unexplained`, from the products of shapes and basis."""
    motion = np.einsum("te,ef,tf->", expression, basis @ basis.T, expression)
    left = (
        motion - 2 * np.einsum("ti,ie,te->", found, cross, expression) + np.einsum("ti,ij,tj->", found, normal, found)
    )
    return float(np.sqrt(max(left, 0.0) / motion)) if motion > 0 else 0.0


@cache
def _built_in_fields() -> Mapping[str, Float[np.ndarray, "468 3"]]:
    model = load_gpmm()
    own = {name: np.tensordot(value, model.exp_basis, 1) for name, value in model.semantic.items()}
    mirror = lm.MIRROR[: lm.N_MESH]
    found = {name: own[shape] for name, shape in WHOLE.items()}
    found |= {name: own[shape][mirror] * [-1.0, 1.0, 1.0] for name, shape in MIRRORED.items()}
    to_left = np.clip(model.mean[:, :1] / (2 * SPLIT_CM) + 0.5, 0, 1)
    for stem, shape in SPLIT.items():
        found |= {f"{stem}Left": to_left * own[shape], f"{stem}Right": (1 - to_left) * own[shape]}
    found["mouthClose"] = -_near_lips(model)[:, None] * own["jaw_open"]
    return {name: found[name] for name in ARKIT_NAMES if name in found}


def _near_lips(model: FaceModel) -> Float[np.ndarray, "468"]:
    """1 on the lips, fading to 0 away from them."""
    away = np.linalg.norm(model.mean[:, None] - model.mean[lm.LIPS][None], axis=-1).min(1)
    return np.exp(-((away / CLOSE_CM) ** 2))
