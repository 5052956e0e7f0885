"""Rays in head space, and the bounding box of the head.

The field's input are box coordinates, which run from 0 to 1 along each axis of a `Box`. Depths along a ray are in units
of UNIT_CM, so densities do not depend on the box.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from beavervision.nerf.precision import full_precision

UNIT_CM = 10.0
"""Length unit of depths and densities: about half a head, so that numbers match the unit cube of the NeRF papers."""

NEAR = 0.05
"""Near plane, in units of UNIT_CM (RAD-NeRF)."""


@dataclass(frozen=True)
class Rays:
    """Rays with unit directions; `origins` and `directions` in box coordinates (directions: box per unit depth)."""

    origins: Float[Tensor, "*r 3"]
    directions: Float[Tensor, "*r 3"]
    view: Float[Tensor, "*r 3"]
    """Unit direction in head space."""


@full_precision
def pixel_rays(
    pixels: Float[Tensor, "*r 2"],
    cameras: Float[Tensor, "*r 4"],
    rotation: Float[Tensor, "*r 3 3"],
    translation: Float[Tensor, "*r 3"],
    box: Float[Tensor, "2 3"],
) -> Rays:
    """Rays through pixels, in box coordinates.

    Args:
        pixels: (u, v) in pixels; pixel centres are at +0.5.
        cameras: fx, fy, cx, cy in pixels.
        rotation: rotation, head to camera.
        translation: translation in camera space, cm.
        box: lower and upper corner in head space, cm.
    """
    slope = (pixels - cameras[..., 2:]) / cameras[..., :2]
    forward = torch.cat([slope, torch.ones_like(slope[..., :1])], -1)
    forward = forward / forward.norm(dim=-1, keepdim=True)
    to_head = rotation.transpose(-1, -2)
    view = (to_head @ forward[..., None])[..., 0]
    eye = -(to_head @ translation[..., None])[..., 0]
    size = box[1] - box[0]
    return Rays((eye - box[0]) / size, view * UNIT_CM / size, view)


def box_span(rays: Rays) -> tuple[Float[Tensor, "*r"], Float[Tensor, "*r"]]:
    """Depths at which rays enter and leave the box (slab method); near = far where they miss.

    Example:
        >>> along_x = torch.tensor([1.0, 0.0, 0.0])
        >>> box_span(Rays(torch.tensor([-1.0, 0.5, 0.5]), along_x, along_x))
        (tensor(1.), tensor(2.))
    """
    # A component of exactly 0 would give 0 x inf: replace it by the smallest number of its sign.
    tiny = torch.finfo(rays.directions.dtype).tiny * 16
    direction = torch.where(rays.directions.abs() < tiny, torch.full_like(rays.directions, tiny), rays.directions)
    lower, upper = -rays.origins / direction, (1 - rays.origins) / direction
    near = torch.minimum(lower, upper).amax(-1).clamp_min(NEAR)
    far = torch.maximum(lower, upper).amin(-1)
    return near, torch.maximum(near, far)
