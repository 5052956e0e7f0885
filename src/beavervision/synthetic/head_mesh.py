"""Head of the actor: the face model extended to a whole head, smooth, and linear in the face's vertices.

The face mesh is extended by rings of control vertices (over the skull to its back, into the mouth, behind the lids)
that follow its border, and the whole mesh is subdivided together, so that there is no seam. Subdivision interpolates
the face model's own vertices exactly: the ground truth lies on the rendered surface.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from beavervision.face.landmarks import EYES, LIPS_INNER, N_MESH, OVAL, SKIN_TRIANGLES
from beavervision.synthetic.subdivision import interpolating, subdivide_times

SKULL_CENTRE = np.array([0.0, 2.0, -6.4])
SKULL_RADII = np.array([7.5, 9.9, 9.3])
"""Semi-axes of the skull's ellipsoid, cm: about 15 wide and 19 deep, crown 11 above the eyes."""
BACK_OF_HEAD = np.array([0.0, 2.5, -15.7])
RING_STEPS = np.array([0.1, 0.21, 0.34, 0.48, 0.62, 0.76, 0.89])
"""Position of each ring between the outline and the back of the head."""
LIP_RINGS = ((0.18, 0.04, 1.0), (0.45, 0.22, 1.0), (1.0, 0.55, 0.9))
"""Inside of the lips: (cm back, cm away from the lips' line, share of the lip's motion)."""
LID_RINGS = ((0.14, 0.0, 1.0), (0.5, 0.12, 1.0))
"""Inside of the lids, in the same format."""

SKIN, MOUTH_LINING, LID_EDGE, SCALP = 0, 1, 2, 3


def _strip(outer: np.ndarray, inner: np.ndarray) -> np.ndarray:
    """Triangles between two closed loops of equal length."""
    o1, i1 = np.roll(outer, -1), np.roll(inner, -1)
    return np.concatenate([np.stack([outer, o1, i1], 1), np.stack([outer, i1, inner], 1)])


@dataclass
class _Control:
    """The control mesh during construction; each extra vertex = its rest position + share x motion of its leader."""

    rest: Float[np.ndarray, "468 3"]
    places: list[np.ndarray]
    leaders: list[np.ndarray]
    shares: list[np.ndarray]
    triangles: list[np.ndarray]
    regions: list[np.ndarray]
    count: int = N_MESH

    def add(self, places: np.ndarray, leaders: np.ndarray, share: float) -> np.ndarray:
        """Append vertices and return their indices."""
        self.places.append(places)
        self.leaders.append(leaders)
        self.shares.append(np.full(len(places), share))
        self.count += len(places)
        return np.arange(self.count - len(places), self.count)

    def connect(self, triangles: np.ndarray, region: int) -> None:
        """Append triangles of a region."""
        self.triangles.append(triangles)
        self.regions.append(np.full(len(triangles), region))


def _close_skull(control: _Control) -> None:
    """Rings from the outline over the skull to the back of the head."""
    start, rim = control.rest[OVAL] - SKULL_CENTRE, OVAL
    height = np.linalg.norm(start / SKULL_RADII, axis=1, keepdims=True)  # 1 = on the skull's ellipsoid
    for step in RING_STEPS:
        way = start + step * (BACK_OF_HEAD - SKULL_CENTRE - start)
        way /= np.linalg.norm(way / SKULL_RADII, axis=1, keepdims=True)
        settled = min(1.0, 1.6 * step)
        ring = control.add(SKULL_CENTRE + way * (height + settled * (1 - height)), OVAL, (1 - step) ** 3)
        control.connect(_strip(rim, ring), SCALP)
        rim = ring
    pole = control.add(BACK_OF_HEAD[None], OVAL[:1], 0.0)
    control.connect(np.stack([rim, np.roll(rim, -1), np.full(len(rim), pole[0])], 1), SCALP)


def _line_hole(
    control: _Control, loop: np.ndarray, rings: tuple[tuple[float, float, float], ...], region: int, *, flip: bool
) -> None:
    """Add rings that lead from the rim of a hole into the head.

    The loop goes from one corner along the upper edge to the other corner and back along the lower one; set `flip` when
    this is clockwise seen from the front.
    """
    start, rim = control.rest[loop], loop
    middle = len(loop) // 2
    side = np.ones(len(loop))
    side[[0, middle]] = 0
    side[middle + 1 :] = -1
    for back, apart, share in rings:
        places = start + np.stack([-0.06 * back * start[:, 0], apart * side, np.full(len(loop), -back)], 1)
        ring = control.add(places, loop, share)
        strip = _strip(rim, ring)
        control.connect(strip[:, ::-1] if flip else strip, region)
        rim = ring


@dataclass(frozen=True)
class HeadMesh:
    """Fine head mesh: vertices = to_face @ face vertices + offset."""

    to_face: Float[np.ndarray, "N 468"]
    offset: Float[np.ndarray, "N 3"]
    triangles: Int[np.ndarray, "F 3"]
    region: Int[np.ndarray, "F"]
    """SKIN, MOUTH_LINING, LID_EDGE or SCALP."""

    def vertices(self, face: Float[np.ndarray, "468 3"]) -> Float[np.ndarray, "N 3"]:
        """Fine vertices for a face in head space, cm; the first 468 are those of the face."""
        return self.to_face @ face + self.offset


def build_head(rest: Float[np.ndarray, "468 3"], levels: int = 2) -> HeadMesh:
    """Build the head around a neutral face.

    Args:
        rest: neutral face of the actor, head space, cm.
        levels: number of subdivisions; each splits a triangle into four.
    """
    skin = np.zeros(len(SKIN_TRIANGLES), int)
    control = _Control(rest, [], [], [], [SKIN_TRIANGLES], [skin])
    _close_skull(control)
    _line_hole(control, LIPS_INNER, LIP_RINGS, MOUTH_LINING, flip=True)
    _line_hole(control, EYES[0], LID_RINGS, LID_EDGE, flip=True)
    _line_hole(control, EYES[1], LID_RINGS, LID_EDGE, flip=False)
    matrix, triangles = subdivide_times(np.concatenate(control.triangles), control.count, levels)
    to_points, to_others = interpolating(matrix, N_MESH)
    leaders, shares = np.concatenate(control.leaders), np.concatenate(control.shares)
    # others = places + shares * (face[leaders] - rest[leaders])
    follow = np.zeros((len(leaders), N_MESH))
    follow[np.arange(len(leaders)), leaders] = shares
    still = np.concatenate(control.places) - follow @ rest
    region = np.repeat(np.concatenate(control.regions), 4**levels)
    to_face = (to_points + to_others @ follow).astype(np.float32)
    return HeadMesh(to_face, (to_others @ still).astype(np.float32), triangles.astype(np.int32), region)
