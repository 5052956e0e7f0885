"""Assembles the parts into one mesh for the rasteriser and the shader."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from beavervision.synthetic.eyes import gaze_rotation
from beavervision.synthetic.mesh_part import Carrier, Part
from beavervision.synthetic.performance import Pose
from beavervision.synthetic.raster import vertex_normals
from beavervision.synthetic.shading import Surface

HAIR_LIT_FROM = np.array([-0.45, -0.6, -0.66], np.float32)
"""Direction in camera space from which hair is lit, so that its volume shows."""


@dataclass(frozen=True)
class Assembly:
    """All parts in common arrays; `slices` are the vertex ranges of the parts."""

    parts: Sequence[Part]
    slices: Sequence[slice]
    triangles: Int[np.ndarray, "F 3"]
    material: Int[np.ndarray, "F"]
    label: Int[np.ndarray, "F"]
    bias: Float[np.ndarray, "F"]
    casting: Int[np.ndarray, "C 3"]
    """Triangles that cast shadows."""
    colour: Float[np.ndarray, "V 3"]
    local: Float[np.ndarray, "V 3"]
    is_hair: Bool[np.ndarray, "V"]
    tangent: Float[np.ndarray, "N 3"]
    """Direction of the strands at hair vertices."""

    @classmethod
    def of(cls, parts: Sequence[Part]) -> Assembly:
        """Assemble parts."""
        stops = np.cumsum([part.size for part in parts])
        slices = [slice(stop - part.size, stop) for part, stop in zip(parts, stops, strict=True)]
        triangles = np.concatenate([p.triangles + s.start for p, s in zip(parts, slices, strict=True)])
        casts = np.concatenate([np.full(len(p.triangles), p.casts) for p in parts])
        return cls(
            parts,
            slices,
            triangles.astype(np.int32),
            np.concatenate([p.material for p in parts]),
            np.concatenate([p.label for p in parts]),
            np.concatenate([np.full(len(p.triangles), p.bias, np.float32) for p in parts]),
            triangles[casts].astype(np.int32),
            np.concatenate([p.colour for p in parts]),
            np.concatenate([p.local for p in parts]),
            np.concatenate([np.full(p.size, p.tangent is not None) for p in parts]),
            np.concatenate([p.tangent for p in parts if p.tangent is not None]),
        )

    def place(
        self, pose: Pose, head: Float[np.ndarray, "N 3"], jaw: Float[np.ndarray, "3"]
    ) -> Float[np.ndarray, "V 3"]:
        """Camera-space vertices, cm.

        Args:
            pose: pose in the frame.
            head: fine vertices of the head with its expression, head space.
            jaw: displacement of the chin from rest, head space.
        """
        out = np.empty((len(self.colour), 3), np.float32)
        for part, where in zip(self.parts, self.slices, strict=True):
            out[where] = _carried(part, pose, head, jaw)
        return out

    def surface(self, pose: Pose, position: Float[np.ndarray, "V 3"]) -> Surface:
        """Inputs of the shader: normals, hair tangents, gaze directions."""
        normal = vertex_normals(position, self.triangles)
        colour, local = self.colour.copy(), self.local.copy()
        # Hair is shaded by the direction of its ribbons; then the tangent replaces the normal.
        facing = np.abs(normal[self.is_hair] @ HAIR_LIT_FROM)
        colour[self.is_hair] *= (0.30 + 0.70 * facing)[:, None]
        normal[self.is_hair] = self.tangent @ pose.rotation.T
        for part, where in zip(self.parts, self.slices, strict=True):
            if part.carrier is Carrier.EYE:
                local[where] = part.local @ gaze_rotation(*pose.gaze)
        return Surface(self.triangles, self.material, position, normal, local, colour)


def _carried(part: Part, pose: Pose, head: np.ndarray, jaw: np.ndarray) -> np.ndarray:
    """Camera-space vertices of one part."""
    points = part.vertices
    if part.carrier is Carrier.HAND:
        if pose.hand_rotation is None or pose.hand_translation is None:
            return np.zeros_like(points)  # at the camera's position: nothing is drawn
        return points @ pose.hand_rotation.T + pose.hand_translation
    torso = np.array([0.0, pose.breath, 0.35 * pose.breath])
    in_body = (points + torso) @ pose.body_rotation.T + pose.body_translation
    if part.carrier is Carrier.BODY:
        return in_body
    if part.carrier is Carrier.FACE:
        points = head
    elif part.carrier is Carrier.JAW:
        points = points + jaw
    in_head = points @ pose.rotation.T + pose.translation
    if part.carrier is Carrier.NECK and part.share is not None:
        return part.share[:, None] * in_head + (1 - part.share[:, None]) * in_body
    return in_head
