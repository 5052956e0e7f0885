"""The mean face: the portrait's symmetric landmarks, made neutral and smooth.

The astronaut smiles with open lips. The mouth is therefore replaced: its four rings of landmarks are placed on curves.
"""

from __future__ import annotations

import numpy as np

from beavervision.face import landmarks as lm
from gpmm_build.sheet import Sheet

PUPILS_APART = 6.3
"""Distance of the pupils, cm."""
EYEBALL_RADIUS, LID_THICKNESS = 1.2, 0.11
"""Radius of the eyeball and of the lid's rim above it, cm."""

MOUTH_HALF_WIDTH = 2.5
MOUTH_HEIGHT = -6.45
"""Half width of the closed mouth and height of its line below the pupils, cm."""
UPPER_LIP_HEIGHT, LOWER_LIP_HEIGHT = 0.74, 0.96
"""Height of the lips at their middle, cm."""
RING = np.array([0.0, 0.36, 0.76, 1.0])
"""Position of each ring of landmarks, from the border of the skin (0) to the line between the lips (1)."""
UPPER_BULGE, LOWER_BULGE = np.array([0.26, 0.52, 0.42, 0.0]), np.array([0.08, 0.50, 0.46, 0.0])
"""Distance of each ring in front of the line between the lips, cm."""

CHIN = (199, 175, 208, 428, 171, 396)
"""Vertices of the chin, which is flattened in a smile."""


def centred_on_eyeballs(face: np.ndarray) -> np.ndarray:
    """Shift z so that the centres of the lids are on eyeballs centred at (+-3.15, 0, 0)."""
    lids = face[np.r_[lm.LID_MID_UPPER, lm.LID_MID_LOWER]]
    across = np.hypot(np.abs(lids[:, 0]) - PUPILS_APART / 2, lids[:, 1])
    out = np.sqrt((EYEBALL_RADIUS + LID_THICKNESS) ** 2 - across**2)
    return face + np.array([0.0, 0.0, (out - lids[:, 2]).mean()])


def lip_rows(arch: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Upper and lower lip [4, 11, 3], closed and neutral.

    Args:
        arch: [2] z of the line between the lips at its middle and at the corners, cm.
    """
    u = np.sin(np.linspace(-1, 1, 11) * np.pi / 2 * 0.92) / np.sin(np.pi / 2 * 0.92)
    x = MOUTH_HALF_WIDTH * u
    line = MOUTH_HEIGHT + 0.035 * np.cos(3 * np.pi * np.clip(np.abs(u), 0, 0.6)) + 0.05 * u**4
    depth = arch[0] + (arch[1] - arch[0]) * np.abs(u) ** 2.2
    taper = np.clip(1 - u**2, 0, None)
    bow = 1 + 0.14 * np.exp(-(((np.abs(u) - 0.24) / 0.16) ** 2)) - 0.04 * np.exp(-((u / 0.1) ** 2))
    upper_border = line + UPPER_LIP_HEIGHT * bow * taper**0.85
    lower_border = line - LOWER_LIP_HEIGHT * taper**0.75
    rows = []
    for border, bulge in ((upper_border, UPPER_BULGE), (lower_border, LOWER_BULGE)):
        y = border[None] + RING[:, None] * (line - border)[None]
        z = depth[None] + bulge[:, None] * taper[None] ** 0.6
        rows.append(np.stack([np.broadcast_to(x, y.shape), y, z], -1))
    # The four rings end at the corners. They keep a small distance, because a common point would fold the skin.
    for row in rows:
        for column, side in ((0, -1.0), (10, 1.0)):
            row[:, column, 0] += side * np.array([0.12, 0.05, 0.0, -0.06])
            row[:, column, 2] += np.array([-0.02, 0.0, 0.0, -0.05])
    return rows[0], rows[1]


def relaxed(face: np.ndarray, skin: np.ndarray) -> np.ndarray:
    """Close the lips and remove the smile: [468, 3] -> [468, 3]."""
    upper, lower = lip_rows(np.array([face[[13, 14], 2].mean() - 0.05, face[13, 2] - 1.35]))
    target = {int(v): p for v, p in zip(lm.LOWER_LIP.ravel(), lower.reshape(-1, 3), strict=True)}
    target |= {int(v): p for v, p in zip(lm.UPPER_LIP.ravel(), upper.reshape(-1, 3), strict=True)}
    handles = {v: p - face[v] for v, p in target.items()}
    still = np.setdiff1d(np.where(face[:, 1] > -2.4)[0], lm.LIPS)
    wings = np.where((face[:, 1] < -2.4) & (face[:, 1] > -4.6) & (np.abs(face[:, 0]) < 2.3) & (face[:, 2] > 1.9))[0]
    for v in wings:
        handles[int(v)] = np.array([-0.14 * face[v, 0], 0.0, 0.0])
    for v in CHIN:
        handles[v] = np.array([0.0, 0.0, 0.3])
    fixed = np.setdiff1d(np.r_[still, lm.OVAL], list(handles))
    return face + Sheet(face, skin).pull(handles, fixed, membrane=0.05)


def lids_on_eyeballs(face: np.ndarray, skin: np.ndarray) -> np.ndarray:
    """Place the rims of the lids on the eyeballs, except around the inner corners."""
    handles: dict[int, np.ndarray] = {}
    for side, sign in ((0, -1.0), (1, 1.0)):
        centre = np.array([sign * PUPILS_APART / 2, 0.0, 0.0])
        for v in lm.EYES[side]:
            arm = face[v] - centre
            inward = -sign * arm[0]
            share = np.clip((1.45 - inward) / 0.5, 0.0, 1.0)
            rim = arm * (EYEBALL_RADIUS + LID_THICKNESS) / np.linalg.norm(arm)
            handles[int(v)] = share * (rim - arm)
    reach = np.concatenate([face[lm.EYES[0]], face[lm.EYES[1]]])
    far = np.linalg.norm(face[:, None] - reach[None], axis=-1).min(1) > 1.3
    return face + Sheet(face, skin).pull(handles, np.where(far)[0])


def smoothed(face: np.ndarray, skin: np.ndarray, rounds: int = 2) -> np.ndarray:
    """Smooth the small ripples of MediaPipe on cheeks, forehead and chin; lips, eyes and nose keep their edges."""
    sheet = Sheet(face, skin)
    features = np.concatenate([face[lm.LIPS], face[lm.EYES].reshape(-1, 3), face[[1, 2, 98, 327, 4]]])
    distance = np.linalg.norm(face[:, None] - features[None], axis=-1).min(1)
    share = np.clip((distance - 0.6) / 1.2, 0.0, 1.0)[:, None]
    share[lm.OVAL] = 0.0
    return face + share * (sheet.soften(face, rounds) - face)


def template(portrait: np.ndarray, skin: np.ndarray) -> np.ndarray:
    """The mean face [468, 3] in head space, cm, from the upright portrait [478, 3] and its triangles."""
    face = centred_on_eyeballs(portrait[: lm.N_MESH])
    face = relaxed(face, skin)
    face = smoothed(face, skin)
    face = lids_on_eyeballs(face, skin)
    return (face + face[lm.MIRROR[: lm.N_MESH]] * [-1.0, 1.0, 1.0]) / 2
