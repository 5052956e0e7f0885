"""Deformation of the torso in a frame: canonical position of every grid pixel."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import torch
from jaxtyping import Float

from beavervision.stages.radnerf_torso.conditioner import TorsoCondition
from beavervision.stages.radnerf_torso.network import REST_EXTENT, TorsoField, canvas_points
from beavervision.stages.radnerf_torso.pixel_grid import PixelGrid

LATTICE_ROWS = 48
"""Rows of the lattice; the shortest wavelength of the deformation spans 12 of them, so bilinear interpolation is
enough."""


@dataclass(frozen=True)
class TorsoDeformation:
    """Canonical positions of a frame's grid pixels, and their shading."""

    rest: Float[np.ndarray, "H W 2"]
    """Positions in the field's coordinates."""
    shading: Float[np.ndarray, "H W 3"]
    """Added to the colour's logits."""


@torch.no_grad()
def deformation_from_network(
    network: TorsoField, raster: PixelGrid, condition: TorsoCondition
) -> list[TorsoDeformation]:
    """Deformation of every frame: the network on a coarse lattice, interpolated to the pixel grid."""
    step = max(1.0, raster.canvas[1] / LATTICE_ROWS)
    lattice = canvas_points(*raster.canvas, step)
    batch = len(condition.points)
    points = lattice.reshape(1, -1, 2).expand(batch, -1, -1)
    rest, shading = network.move(
        points, *(torch.from_numpy(part) for part in (condition.points, condition.head, condition.body))
    )
    coarse = torch.cat([rest, shading], -1).reshape(batch, *lattice.shape[:2], 5).numpy()
    # Lattice point (i, j) is at grid pixel ((j + 0.5) step, (i + 0.5) step): scale by exactly `step`.
    fine = step * raster.detail
    matrix = np.array([[1 / fine, 0, 0.5 / fine - 0.5], [0, 1 / fine, 0.5 / fine - 0.5]])
    flags = cv2.WARP_INVERSE_MAP | cv2.INTER_LINEAR
    return [
        TorsoDeformation(
            *(
                cv2.warpAffine(
                    np.ascontiguousarray(part), matrix, raster.size, flags=flags, borderMode=cv2.BORDER_REPLICATE
                )
                for part in (values[..., :2], values[..., 2:])
            )
        )
        for values in coarse
    ]


def sample_at_rest(
    baked: Float[np.ndarray, "h w 4"], movement: TorsoDeformation, aspect: float
) -> Float[np.ndarray, "H W 4"]:
    """Logits of one frame: the texture at the pixels' canonical positions, plus shading."""
    rows, columns, _ = baked.shape
    scale = np.array([columns / (2 * REST_EXTENT * aspect), rows / (2 * REST_EXTENT)], np.float32)
    place = movement.rest * scale + np.array([columns / 2 - 0.5, rows / 2 - 0.5], np.float32)
    logits = cv2.remap(baked, place[..., 0], place[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    logits[..., :3] += movement.shading
    return logits
