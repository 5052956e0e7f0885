"""Sampling: budgets worked by hand, torch against numba."""

import pytest
import torch

from beavervision.nerf.ray_samplers import sample_rays
from beavervision.nerf.rays import Rays

ALONG_X = torch.tensor([[1.0, 0.0, 0.0]])


def ray_along_x(y=0.5):
    return Rays(torch.tensor([[-1.0, y, 0.5]]), ALONG_X, ALONG_X)


def middles(n):
    return torch.full((1, n), 0.5)


@pytest.mark.parametrize("backend", ["torch", "numba"])
def test_samples_spread_over_the_occupied_part_only(backend):
    occupied = torch.zeros(4, 4, 4, dtype=torch.bool)
    occupied[1, 2, 2] = occupied[3, 2, 2] = True  # x in [.25, .5) and [.75, 1): depths 1.25-1.5 and 1.75-2
    found = sample_rays(ray_along_x(), occupied, middles(4), backend, steps=64)
    # 0.5 of occupied length among 4 samples: strata of 0.125, centres at .0625, .1875 of each part
    assert found.depths[0].tolist() == pytest.approx([1.3125, 1.4375, 1.8125, 1.9375], abs=1e-5)
    assert found.lengths.tolist() == pytest.approx([0.125])


@pytest.mark.parametrize("backend", ["torch", "numba"])
def test_the_longest_part_is_kept_from_the_front(backend):
    occupied = torch.ones(4, 4, 4, dtype=torch.bool)
    found = sample_rays(ray_along_x(), occupied, middles(2), backend, longest=0.25, steps=64)
    assert found.depths[0].tolist() == pytest.approx([1.0625, 1.1875], abs=1e-5)
    assert found.lengths.tolist() == pytest.approx([0.125])


@pytest.mark.parametrize("backend", ["torch", "numba"])
def test_rays_that_meet_nothing_are_dropped(backend):
    occupied = torch.zeros(4, 4, 4, dtype=torch.bool)
    occupied[:, 2, 2] = True
    three = Rays(torch.tensor([[-1.0, 0.1, 0.5], [-1.0, 0.6, 0.6], [-1.0, 3.0, 0.5]]), ALONG_X.expand(3, 3), ALONG_X)
    found = sample_rays(three, occupied, torch.full((3, 2), 0.5), backend)
    assert found.ray.tolist() == [1]
    empty = sample_rays(three, torch.zeros_like(occupied), torch.full((3, 2), 0.5), backend)
    assert empty.depths.shape == (0, 2)


def test_numba_marches_exactly_as_torch():
    generator = torch.Generator().manual_seed(2)
    origins = torch.tensor([0.5, 0.5, 4.0]) + torch.rand(2000, 3, generator=generator) * 0.2
    directions = torch.tensor([0.0, 0.0, -1.0]) + (torch.rand(2000, 3, generator=generator) - 0.5) * 0.4
    occupied = torch.rand(16, 16, 16, generator=generator) < 0.15
    jitter = torch.rand(2000, 5, generator=generator)
    rays = Rays(origins, directions, directions)
    for longest in (float("inf"), 0.1):
        a, b = (sample_rays(rays, occupied, jitter, name, longest) for name in ("torch", "numba"))
        assert torch.equal(a.ray, b.ray)
        torch.testing.assert_close(a.depths, b.depths, rtol=1e-6, atol=1e-6)
        torch.testing.assert_close(a.lengths, b.lengths, rtol=1e-6, atol=1e-7)
        assert bool((b.depths.diff(dim=1) >= 0).all())
        points = origins[b.ray][:, None] + directions[b.ray][:, None] * b.depths[..., None]
        cells = (points * 16).long().clamp(0, 15)
        # a sample may lie up to one marching step outside the cell that caught it
        assert float(occupied[cells[..., 0], cells[..., 1], cells[..., 2]].float().mean()) > 0.95
