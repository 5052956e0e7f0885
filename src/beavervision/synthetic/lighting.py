"""Lighting: a warm soft key light with a shadow, a cool fill, a rim light from behind, sky and floor."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from beavervision.synthetic.raster import Visibility, rasterise

KEY_FROM = np.array([-56.0, -62.0, 4.0])
"""Position of the key light in camera space, cm: up and to the left, between camera and person."""
KEY_COLOUR = np.array([1.0, 0.93, 0.84]) * 1.95
FILL_TO = np.array([0.75, -0.12, -0.65])
"""Direction towards the fill light, camera space."""
FILL_COLOUR = np.array([0.78, 0.87, 1.0]) * 0.55
RIM_TO = np.array([0.62, -0.45, 0.64])
RIM_COLOUR = np.array([1.0, 0.95, 0.9]) * 0.8
SKY, FLOOR = np.array([0.50, 0.53, 0.58]), np.array([0.30, 0.25, 0.22])
"""Ambient light from above and from below."""
MAP_SIZE, MAP_WIDTH = 512, 74.0
"""Shadow map: samples, and the width in cm that it covers at the person."""


def lamps() -> Float[np.ndarray, "3 6"]:
    """Fill, rim, and sky and floor (last row) for the shader: direction and colour."""
    rows = [
        np.concatenate([FILL_TO / np.linalg.norm(FILL_TO), FILL_COLOUR]),
        np.concatenate([RIM_TO / np.linalg.norm(RIM_TO), RIM_COLOUR]),
        np.concatenate([SKY, FLOOR]),
    ]
    return np.stack(rows).astype(np.float32)


@dataclass(frozen=True)
class ShadowMap:
    """Depth map from the key light: `depth` over the light's own canvas."""

    rotation: Float[np.ndarray, "3 3"]
    focal: float
    depth: Float[np.ndarray, "S S"]


def _look_at(target: np.ndarray) -> np.ndarray:
    forward = (target - KEY_FROM) / np.linalg.norm(target - KEY_FROM)
    right = np.cross(np.array([0.0, 1.0, 0.0]), forward)
    right /= np.linalg.norm(right)
    return np.stack([right, np.cross(forward, right), forward])


def cast_shadow(
    points: Float[np.ndarray, "V 3"], triangles: np.ndarray, target: Float[np.ndarray, "3"], into: Visibility
) -> ShadowMap:
    """Render the depth map of the key light.

    Args:
        points: vertices in camera space, cm.
        triangles: triangles that cast shadows.
        target: camera-space point at the centre of the map.
        into: buffers of MAP_SIZE x MAP_SIZE samples.
    """
    rotation = _look_at(target)
    size = into.depth.shape[0]
    focal = size * np.linalg.norm(target - KEY_FROM) / MAP_WIDTH
    seen = (points - KEY_FROM) @ rotation.T
    depth = np.maximum(seen[:, 2:], 1e-3)
    canvas = np.concatenate([seen[:, :2] / depth * focal + size / 2, seen[:, 2:]], axis=1)
    rasterise(canvas.astype(np.float32), triangles, np.zeros(len(triangles), np.float32), into)
    return ShadowMap(rotation.astype(np.float32), float(focal), into.depth)
