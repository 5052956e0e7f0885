"""Where along its ray a pixel is sampled: a fixed budget, spent only on occupied space."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from beavervision.nerf.backends.registry import load_backend
from beavervision.nerf.rays import Rays, box_span

STEPS = 128
"""Steps of a ray through the occupancy grid between entering and leaving the box."""


@dataclass(frozen=True)
class RaySamples:
    """Samples of those rays that meet occupied space."""

    ray: Int[Tensor, "H"]
    """Which of the rays."""
    depths: Float[Tensor, "H S"]
    """Along the ray, units of UNIT_CM, rising."""
    lengths: Float[Tensor, "H"]
    """Length of ray that each sample of a ray stands for, same units."""


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

    Every ray gets its whole budget: a ray that only grazes the head is sampled more finely, and none runs out
    before it arrives. Rays that meet nothing are dropped.

    Args:
        rays: in box coordinates.
        occupied: cells of the box, [x, y, z].
        jitter: place of each sample within its stratum, in [0, 1); 0.5 for rendering.
        backend: which implementation marches.
        longest: occupied length (units of UNIT_CM) after which a ray sees nothing more.
        steps: how often a ray queries the grid.
    """
    near, far = box_span(rays)
    hits = (far > near).nonzero()[:, 0]
    marched = load_backend(backend, near.device).march(
        rays.origins[hits], rays.directions[hits], near[hits], far[hits], occupied, jitter[hits], steps, longest
    )
    full = marched[1] > 0
    return RaySamples(hits[full], marched[0][full], marched[1][full])
