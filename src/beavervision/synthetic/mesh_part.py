"""A part of the actor: a mesh with its material."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

import numpy as np
from jaxtyping import Float, Int

from beavervision.synthetic.material import Material
from beavervision.types import Label


class Carrier(Enum):
    """The transform that a part follows."""

    FACE = auto()
    """Face model: the part is the head mesh."""
    HEAD = auto()
    EYE = auto()
    """Head; `local` directions rotate with the gaze."""
    JAW = auto()
    NECK = auto()
    """Head and body, blended per vertex."""
    BODY = auto()
    HAND = auto()


@dataclass(frozen=True)
class Part:
    """A mesh at rest; material and label are those of the whole part, or one per triangle."""

    vertices: Float[np.ndarray, "V 3"]
    """Vertices in cm, in the frame of reference of the carrier."""
    triangles: Int[np.ndarray, "F 3"]
    material: Int[np.ndarray, "F"]
    label: Int[np.ndarray, "F"]
    colour: Float[np.ndarray, "V 3"]
    """Linear colour."""
    local: Float[np.ndarray, "V 3"]
    """See `shading.Surface.local`."""
    bias: float = 0.0
    """Distance in cm added to the part's depth in comparisons, so that lids win over eyes and lips over teeth."""
    tangent: Float[np.ndarray, "V 3"] | None = None
    """Direction of the strands, for hair."""
    casts: bool = True
    """Whether the part casts a shadow."""
    carrier: Carrier = Carrier.HEAD
    share: Float[np.ndarray, "V"] | None = None
    """Share of the head's motion per vertex, for the neck."""

    @property
    def size(self) -> int:
        """Number of vertices."""
        return len(self.vertices)


def make_part(
    vertices: Float[np.ndarray, "V 3"],
    triangles: Int[np.ndarray, "F 3"],
    material: Material,
    label: Label,
    colour: Float[np.ndarray, "3"] | Float[np.ndarray, "V 3"],
    *,
    local: Float[np.ndarray, "V 3"] | None = None,
    bias: float = 0.0,
    tangent: Float[np.ndarray, "V 3"] | None = None,
    casts: bool = True,
    carrier: Carrier = Carrier.HEAD,
) -> Part:
    """Part with one material and label; a single colour is applied to all vertices."""
    n, f = len(vertices), len(triangles)
    return Part(
        np.asarray(vertices, np.float64),
        np.asarray(triangles, np.int32),
        np.full(f, int(material), np.int32),
        np.full(f, int(label), np.int32),
        np.broadcast_to(np.asarray(colour, np.float32), (n, 3)).copy(),
        np.zeros((n, 3), np.float32) if local is None else np.asarray(local, np.float32),
        bias,
        tangent,
        casts,
        carrier,
    )


def tube(
    rings: Float[np.ndarray, "R S 3"], *, closed: bool = True
) -> tuple[Float[np.ndarray, "V 3"], Int[np.ndarray, "F 3"]]:
    """Mesh through `rings` of points; each ring is closed to a loop if `closed`."""
    n_rings, n = rings.shape[:2]
    index = np.arange(n_rings * n).reshape(n_rings, n)
    right = np.roll(index, -1, axis=1) if closed else index[:, 1:]
    left = index if closed else index[:, :-1]
    a, b, c, d = left[:-1].ravel(), right[:-1].ravel(), right[1:].ravel(), left[1:].ravel()
    triangles = np.concatenate([np.stack([a, b, c], 1), np.stack([a, c, d], 1)])
    return rings.reshape(-1, 3), triangles
