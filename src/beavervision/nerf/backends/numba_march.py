"""Ray marching through the occupancy grid for the CPU, with the same steps as the torch version, in float32."""
# ruff: noqa: ANN001, ANN202 -- numba infers the types of compiled functions

from __future__ import annotations

import numpy as np
from numba import njit, prange


@njit(inline="always")
def _cell(place, cells):
    """Index of the cell that contains a coordinate, along an axis of `cells` cells."""
    return min(max(int(place), 0), cells - 1)


@njit(parallel=True, cache=True, nogil=True, error_model="numpy")
def march(origins, directions, near, far, occupied, jitter, steps, longest, depths, lengths) -> None:
    """Fill `depths` [R, S] and `lengths` [R]; see `ray_samplers.sample_rays`."""
    one = near.dtype.type
    n_samples = jitter.shape[1]
    for ray in prange(len(near)):
        step = (far[ray] - near[ray]) / one(steps)
        most = steps
        if step > 0:
            most = int(min(max(np.ceil(one(longest) / max(step, one(1e-9))), one(1)), one(steps)))
        found = np.empty(steps, np.int32)
        total = 0
        for k in range(steps):
            depth = near[ray] + (one(k) + one(0.5)) * step
            x = _cell((origins[ray, 0] + directions[ray, 0] * depth) * one(occupied.shape[0]), occupied.shape[0])
            y = _cell((origins[ray, 1] + directions[ray, 1] * depth) * one(occupied.shape[1]), occupied.shape[1])
            z = _cell((origins[ray, 2] + directions[ray, 2] * depth) * one(occupied.shape[2]), occupied.shape[2])
            if occupied[x, y, z]:
                found[total] = k
                total += 1
                if total == most:
                    break
        share = one(total) / one(n_samples)
        lengths[ray] = one(total) * step / one(n_samples)
        for s in range(n_samples):
            target = (one(s) + jitter[ray, s]) * share
            whole = min(int(target), max(total - 1, 0))
            index = found[whole] if total > 0 else steps - 1
            depths[ray, s] = near[ray] + (one(index) + (target - one(whole))) * step
