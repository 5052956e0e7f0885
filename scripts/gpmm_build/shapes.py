"""Semantic expression shapes: displacements of the mean face at full activation of muscles and joints."""

from __future__ import annotations

import numpy as np
from scipy.spatial.transform import Rotation

from beavervision.face import landmarks as lm
from gpmm_build.sheet import Sheet

JAW_HINGE = np.array([0.0, -2.4, -5.0])
"""Axis of the jaw joints, just in front of the ears, cm."""
JAW_ANGLE = np.radians(16.0)
"""Angle of the full opening, about 2.5 cm between the lips."""
JAW_OUTLINE = {152: 1.0, 148: 1.0, 176: 1.0, 149: 0.98, 150: 0.93, 136: 0.83, 172: 0.66, 58: 0.42, 132: 0.2, 93: 0.06}
"""Share of the jaw rotation for each point of the right outline."""
CORNER_SHARE = 0.4
"""Share of the jaw rotation for the corners of the mouth."""
COLUMNS = np.abs(np.linspace(-1.0, 1.0, 11))
"""|u| of the columns of lip landmarks: 0 at the middle, 1 at the corners."""


def both(right: dict[int, float]) -> dict[int, float]:
    """Add the values of the right side for the mirrored vertices."""
    return right | {int(lm.MIRROR[v]): value for v, value in right.items()}


class Face:
    """The mean face with the helper data of all shapes."""

    def __init__(self, mean: np.ndarray) -> None:
        self.mean = mean
        self.sheet = Sheet(mean, lm.SKIN_TRIANGLES)
        self.column = self._columns()
        line = (mean[lm.UPPER_LIP[3]] + mean[lm.LOWER_LIP[3]]) / 2
        self.line = {int(v): line[i] for lip in (lm.UPPER_LIP, lm.LOWER_LIP) for row in lip for i, v in enumerate(row)}
        """Point of the line between the lips that belongs to each lip vertex."""

    def _columns(self) -> dict[int, float]:
        return {int(v): COLUMNS[i] for lip in (lm.UPPER_LIP, lm.LOWER_LIP) for row in lip for i, v in enumerate(row)}

    def upper_half(self) -> np.ndarray:
        """Vertices above the tip of the nose, and the nose: the mouth shapes do not move them."""
        x, y, z = self.mean.T
        nose = (np.abs(x) < 2.2) & (y > -4.3) & (z > 2.2)
        return np.where((y > -2.6) | nose)[0]

    def mouth(
        self,
        move: dict[int, np.ndarray],
        membrane: float = 0.03,
        ground: float = 0.0,
        extra_fixed: np.ndarray | None = None,
    ) -> np.ndarray:
        """Field [V, 3] of a mouth shape; eyes, nose, brows and the outline are fixed."""
        fixed = np.r_[self.upper_half(), lm.OVAL, [] if extra_fixed is None else extra_fixed].astype(int)
        return self.sheet.pull(move, np.setdiff1d(fixed, list(move)), membrane, ground)


def sign(face: Face, v: int) -> float:
    """-1 on the subject's right, 0 on the axis, 1 on the left."""
    x = face.mean[v, 0]
    return float(np.sign(x)) if abs(x) > 0.02 else 0.0


def jaw_turn(face: Face) -> np.ndarray:
    """Share [V] of the jaw motion for each vertex."""
    share: dict[int, float] = both(JAW_OUTLINE)
    below = 1.0 - (1.0 - CORNER_SHARE) * COLUMNS**2.6
    above = CORNER_SHARE * COLUMNS**4
    for lip, values in ((lm.LOWER_LIP, below), (lm.UPPER_LIP, above)):
        for row in lip:
            share |= {int(v): float(w) for v, w in zip(row, values, strict=True)}
    share |= dict.fromkeys((18, 200, 199, 175, 83, 313, 201, 421, 208, 428, 171, 396), 1.0)
    return face.sheet.pull(share, np.setdiff1d(face.upper_half(), list(share)), membrane=0.05)


def jaw_open(face: Face) -> np.ndarray:
    """The jaw rotates about its hinge; the corners of the mouth move slightly inwards."""
    turn = Rotation.from_rotvec(np.outer(jaw_turn(face) * JAW_ANGLE, [1.0, 0.0, 0.0]))
    field = turn.apply(face.mean - JAW_HINGE) + JAW_HINGE - face.mean
    inward = {v: np.array([-0.09 * face.mean[v, 0] * u, 0.0, -0.05 * u]) for v, u in face.column.items()}
    return field + face.mouth(inward)


def jaw_slide(face: Face, way: np.ndarray) -> np.ndarray:
    """The jaw moves along `way` (cm)."""
    return jaw_turn(face)[:, None] * way


def lips_press(face: Face) -> np.ndarray:
    """Both lips roll in over the teeth and press together, as in /m/."""
    move = {}
    for lip, pull in ((lm.UPPER_LIP, 0.5), (lm.LOWER_LIP, 0.55)):
        for row, depth in zip(lip, (0.1, 0.34, 0.38, 0.22), strict=True):
            for v in row:
                fade = 1.0 - face.column[int(v)] ** 3
                down = pull * (face.line[int(v)][1] - face.mean[v, 1])
                move[int(v)] = fade * np.array([0.0, down, -depth])
    return face.mouth(move, ground=0.01)


def rounded(face: Face, width: float, forward: float, opening: float, flare: float) -> np.ndarray:
    """Rounded lips: `width` relative to neutral, `forward` cm protrusion, `opening` cm between the lips."""
    move = {}
    for lip, up in ((lm.UPPER_LIP, 0.42), (lm.LOWER_LIP, -0.58)):
        for r, row in enumerate(lip):
            for v in row:
                u = face.column[int(v)]
                ring = np.sqrt(max(1.0 - u**2, 0.0))
                x = face.mean[v, 0] * (width - 1.0)
                z = forward * (1.0 - 0.2 * u**2) + u**2 * (1.0 - width)
                y = up * opening * ring + np.sign(up) * flare * (0.5 - r / 3.0) * ring
                move[int(v)] = np.array([x, y, z])
    return face.mouth(move, ground=0.004)


def corner_shape(face: Face, out: float, up: float, back: float, thin: float) -> np.ndarray:
    """The corners of the mouth move out, up and back (cm); the lips get thinner by a share."""
    move = {}
    for v, u in face.column.items():
        s = sign(face, v)
        stretch = abs(face.mean[v, 0]) / abs(face.mean[61, 0])
        down = thin * (face.line[v][1] - face.mean[v, 1]) * (1 - u**2)
        move[v] = np.array([s * out * stretch, up * u**2 + down, -back * u**1.5 - 0.1 * thin])
    return face.mouth(move, membrane=0.02)


def smile(face: Face) -> np.ndarray:
    """The corners move up, out and back; the cheeks rise below the eyes."""
    field = corner_shape(face, out=0.5, up=0.62, back=0.5, thin=0.25)
    cheeks = both({50: 0.25, 205: 0.22, 101: 0.12, 118: 0.15, 117: 0.2, 123: 0.15})
    move = {v: np.array([0.25 * sign(face, v) * w, w, 1.2 * w]) for v, w in cheeks.items()}
    still = np.r_[lm.LIPS, lm.OVAL, np.where(face.mean[:, 1] > -0.75)[0], np.where(np.abs(face.mean[:, 0]) < 1.6)[0]]
    return field + face.sheet.pull(move, np.setdiff1d(still, list(move)), ground=0.05)


def lip_lift(face: Face, lip: np.ndarray, way: np.ndarray, sharp: float) -> np.ndarray:
    """One lip moves along `way` (cm), most at its middle; its corners are fixed."""
    other = lm.LOWER_LIP if lip is lm.UPPER_LIP else lm.UPPER_LIP
    move = {int(v): np.zeros(3) for v in other.ravel()}
    move |= {int(v): way * (1.0 - face.column[int(v)] ** sharp) for v in lip.ravel()}
    return face.mouth(move, membrane=0.04, ground=0.01)


def lip_roll(face: Face, lip: np.ndarray, inward: float, way: float) -> np.ndarray:
    """One lip rolls in over the teeth: its inner rings move back by `inward` and along y by `way` (cm)."""
    other = lm.LOWER_LIP if lip is lm.UPPER_LIP else lm.UPPER_LIP
    move = {int(v): np.zeros(3) for v in other.ravel()}
    for row, share in zip(lip, (0.25, 0.7, 1.0, 1.0), strict=True):
        for v in row:
            fade = 1.0 - face.column[int(v)] ** 2.5
            move[int(v)] = fade * np.array([0.0, way * (0.5 + 0.5 * share), -inward * share])
    return face.mouth(move, ground=0.01)


def cheek_puff(face: Face) -> np.ndarray:
    """Both cheeks are filled with air."""
    cheeks = both({207: 0.7, 187: 0.62, 214: 0.6, 216: 0.5, 212: 0.5, 205: 0.35, 192: 0.45, 213: 0.4, 147: 0.3})
    move = {v: w * np.array([0.75 * sign(face, v), 0.0, 0.65]) for v, w in cheeks.items()}
    return face.mouth(move, extra_fixed=lm.LIPS, ground=0.01) + 0.35 * lips_press(face)


def mouth_shift(face: Face, way: float) -> np.ndarray:
    """The whole mouth moves to one side (cm, + to the subject's left)."""
    move = {v: np.array([way, 0.0, -0.12 * abs(way)]) for v in face.column}
    return face.mouth(move, membrane=0.05)


def brow(face: Face, inner: np.ndarray, outer: np.ndarray) -> np.ndarray:
    """Both brows move; `inner` and `outer` are the displacements (cm, x outwards) of their ends."""
    move = {}
    for side, out in ((0, -1.0), (1, 1.0)):
        for row in lm.BROWS[side]:
            for share, v in zip(np.linspace(0, 1, 5), row, strict=True):
                way = (1 - share) * outer + share * inner
                move[int(v)] = way * np.array([out, 1.0, 1.0])
    still = np.r_[lm.OVAL, lm.EYES.ravel(), np.where(face.mean[:, 1] < -0.2)[0]]
    for v, share in ((9, 0.8), (8, 0.55), (151, 0.6)):
        move[v] = share * inner * np.array([0.0, 1.0, 1.0])
    return face.sheet.pull(move, np.setdiff1d(still, list(move)), membrane=0.04)


def nose_wrinkle(face: Face) -> np.ndarray:
    """The wings of the nose and the upper lip move up."""
    wings = both({129: 0.3, 102: 0.28, 64: 0.26, 48: 0.22, 98: 0.22, 203: 0.25, 36: 0.2, 209: 0.16})
    move = {v: w * np.array([0.0, 1.0, 0.25]) for v, w in wings.items()}
    move |= {
        int(v): np.array([0.0, 0.22, 0.02]) * (1 - COLUMNS[i] ** 2) for row in lm.UPPER_LIP for i, v in enumerate(row)
    }
    still = np.r_[lm.OVAL, lm.EYES.ravel(), lm.BROWS.ravel(), lm.LOWER_LIP.ravel(), 1, 4, 5, 2, 19, 94]
    return face.sheet.pull(move, np.setdiff1d(still, list(move)), ground=0.02)


def mouth_shapes(face: Face) -> dict[str, np.ndarray]:
    """Shapes of the jaw, lips and cheeks."""
    up, low = lm.UPPER_LIP, lm.LOWER_LIP
    return {
        "jaw_open": jaw_open(face),
        "lips_press": lips_press(face),
        "lips_pucker": rounded(face, width=0.6, forward=0.7, opening=0.16, flare=0.1),
        "lips_funnel": rounded(face, width=0.7, forward=0.5, opening=1.15, flare=0.25),
        "mouth_stretch": corner_shape(face, out=0.75, up=-0.05, back=0.5, thin=0.22),
        "corners_up": smile(face),
        "corners_down": corner_shape(face, out=0.05, up=-0.55, back=0.12, thin=0.05),
        "upper_lip_raise": lip_lift(face, up, np.array([0.0, 0.5, 0.08]), sharp=2.0),
        "lower_lip_drop": lip_lift(face, low, np.array([0.0, -0.6, 0.05]), sharp=2.0),
        "lower_lip_raise": lip_lift(face, low, np.array([0.0, 0.7, 0.1]), sharp=2.0),
        "upper_lip_roll": lip_roll(face, up, inward=0.35, way=-0.12),
        "lower_lip_roll": lip_roll(face, low, inward=0.55, way=0.22),
        "jaw_forward": jaw_slide(face, np.array([0.0, 0.0, 0.5])),
        "jaw_left": jaw_slide(face, np.array([0.6, 0.0, 0.0])),
        "mouth_left": mouth_shift(face, 0.6),
        "cheek_puff": cheek_puff(face),
        "nose_wrinkle": nose_wrinkle(face),
    }


def brow_shapes(face: Face) -> dict[str, np.ndarray]:
    """Shapes of the brows; x is outwards on either side."""
    return {
        "brow_up_inner": brow(face, inner=np.array([0.0, 0.75, 0.0]), outer=np.array([0.0, 0.12, 0.0])),
        "brow_up_outer": brow(face, inner=np.array([0.0, 0.2, 0.0]), outer=np.array([0.05, 0.75, -0.05])),
        "brow_down": brow(face, inner=np.array([-0.28, -0.5, 0.1]), outer=np.array([-0.08, -0.2, 0.02])),
    }
