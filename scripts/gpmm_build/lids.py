"""Shapes of the eyelids, which slide over the eyeball."""

from __future__ import annotations

import numpy as np

from beavervision.face import landmarks as lm
from gpmm_build.shapes import Face
from gpmm_build.template import EYEBALL_RADIUS, LID_THICKNESS, PUPILS_APART

MEETING = 0.8
"""Position at which the closed lids meet, from the upper rim (0) to the lower rim (1)."""
CREASE = {27: 0.55, 28: 0.55, 29: 0.5, 30: 0.35, 56: 0.4, 247: 0.15, 190: 0.15}
"""Share of the upper rim's displacement that the fold of the right upper lid follows."""
BELOW = {23: 0.6, 24: 0.6, 22: 0.6, 110: 0.4, 26: 0.4, 25: 0.15, 112: 0.15}
"""Share of the lower rim's displacement that the skin below it follows."""


def on_eyeball(points: np.ndarray, centre: np.ndarray, least: np.ndarray | float) -> np.ndarray:
    """Move points [n, 3] outwards to a distance of at least `least` cm from the centre of the eyeball."""
    arm = points - centre
    length = np.linalg.norm(arm, axis=1)
    return centre + arm * (np.maximum(length, least) / length)[:, None]


def lid_move(face: Face, side: int, upper: np.ndarray, lower: np.ndarray) -> np.ndarray:
    """Field [V, 3] that moves the rims [9, 3] of one eye to new positions; brow and nose are fixed."""
    rims = lm.UPPER_LIDS[side], lm.LOWER_LIDS[side]
    centre = np.array([(-0.5, 0.5)[side] * PUPILS_APART, 0.0, 0.0])
    move: dict[int, np.ndarray] = {}
    for rim, target, follow in ((rims[0], upper, CREASE), (rims[1], lower, BELOW)):
        way = target - face.mean[rim]
        move |= {int(v): w for v, w in zip(rim, way, strict=True)}
        for v, share in follow.items():
            v = v if side == 0 else int(lm.MIRROR[v])
            nearest = np.abs(face.mean[rim, 0] - face.mean[v, 0]).argmin()
            target_v = face.mean[v] + share * way[nearest] * [0.0, 1.0, 0.0]
            out = min(np.linalg.norm(face.mean[v] - centre), EYEBALL_RADIUS + 3 * LID_THICKNESS)
            move[v] = on_eyeball(target_v[None], centre, out)[0] - face.mean[v]
    distance = np.linalg.norm(face.mean[:, None] - face.mean[lm.EYES[side]][None], axis=-1).min(1)
    still = np.r_[np.where(distance > 1.3)[0], lm.BROWS.ravel()]
    return face.sheet.pull(move, np.setdiff1d(still, list(move)), ground=0.02)


def blink(face: Face, side: int) -> np.ndarray:
    """One eye closes: the rims meet low on the eyeball."""
    up, low = face.mean[lm.UPPER_LIDS[side]], face.mean[lm.LOWER_LIDS[side]]
    centre = np.array([(-0.5, 0.5)[side] * PUPILS_APART, 0.0, 0.0])
    meet = on_eyeball((1 - MEETING) * up + MEETING * low, centre, EYEBALL_RADIUS + LID_THICKNESS)
    meet[[0, -1]] = up[[0, -1]]
    return lid_move(face, side, meet, meet)


def wide(face: Face, side: int) -> np.ndarray:
    """One eye opens wide."""
    up, low = face.mean[lm.UPPER_LIDS[side]].copy(), face.mean[lm.LOWER_LIDS[side]].copy()
    bow = np.sin(np.linspace(0, np.pi, 9))[:, None]
    centre = np.array([(-0.5, 0.5)[side] * PUPILS_APART, 0.0, 0.0])
    rim = EYEBALL_RADIUS + LID_THICKNESS
    higher = on_eyeball(up + bow * [0.0, 0.24, -0.13], centre, rim)
    lower = on_eyeball(low + bow * [0.0, -0.08, -0.02], centre, rim)
    higher[[0, -1]], lower[[0, -1]] = up[[0, -1]], low[[0, -1]]
    return lid_move(face, side, higher, lower)


def squint(face: Face, side: int) -> np.ndarray:
    """The lower lid of one eye rises, as in a smile."""
    up, low = face.mean[lm.UPPER_LIDS[side]], face.mean[lm.LOWER_LIDS[side]]
    bow = np.sin(np.linspace(0, np.pi, 9))[:, None]
    centre = np.array([(-0.5, 0.5)[side] * PUPILS_APART, 0.0, 0.0])
    raised = on_eyeball(low + bow * [0.0, 0.24, 0.0], centre, EYEBALL_RADIUS + LID_THICKNESS)
    raised[[0, -1]] = low[[0, -1]]
    return lid_move(face, side, up, raised)


def lid_shapes(face: Face) -> dict[str, np.ndarray]:
    """Shapes of both eyes; the left ones mirror the right ones."""
    shapes = {"blink": blink(face, 0), "wide": wide(face, 0), "squint": squint(face, 0)}
    mirror = lm.MIRROR[: lm.N_MESH]
    found = {}
    for name, right in shapes.items():
        found[f"{name}_left"] = right[mirror] * [-1.0, 1.0, 1.0]
        found[f"{name}_right"] = right
    return found
