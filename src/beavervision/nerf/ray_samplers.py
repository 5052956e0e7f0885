"""Ray sampler: distributes a fixed number of samples per ray over occupied space."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from beavervision.nerf.backends.registry import load_backend
from beavervision.nerf.rays import Rays, box_span

STEPS = 128
"""Number of steps of a ray through the occupancy grid, between entering and leaving the box."""


@dataclass(frozen=True)
class RaySamples:
    """Samples of the rays that hit occupied space."""

    ray: Int[Tensor, "H"]
    """Index of each ray in the input."""
    depths: Float[Tensor, "H S"]
    """Depths along the ray, ascending, in units of UNIT_CM."""
    lengths: Float[Tensor, "H"]
    """Length of ray that each sample of a ray covers, in units of UNIT_CM."""


@torch.no_grad()
def sample_rays(
    rays: Rays,
    occupied: Bool[Tensor, "X Y Z"],
    jitter: Float[Tensor, "R S"],
    backend: str = "auto",
    longest: float = float("inf"),
    steps: int = STEPS,
) -> RaySamples:
    """Spread S samples evenly over the occupied part of each ray (stratified sampling of the occupancy).

    Every ray gets all S samples, so a ray that only grazes the head is sampled more finely, and no ray runs out of
    samples. Rays that hit no occupied cell are dropped.

    Args:
        rays: rays in box coordinates.
        occupied: whether each cell of the box is occupied, [x, y, z].
        jitter: position of each sample within its stratum, in [0, 1); 0.5 for rendering.
        backend: backend that marches the rays.
        longest: occupied length (units of UNIT_CM) after which a ray counts as opaque.
        steps: number of occupancy queries per ray.
    """
    near, far = box_span(rays)
    hits = (far > near).nonzero()[:, 0]
    marched = load_backend(backend, near.device).march(
        rays.origins[hits], rays.directions[hits], near[hits], far[hits], occupied, jitter[hits], steps, longest
    )
    full = marched[1] > 0
    return RaySamples(hits[full], marched[0][full], marched[1][full])
