"""Volume rendering: by hand, and what must hold for any density."""

import math

import pytest
import torch

from beavervision.nerf.mlp import truncated_exp
from beavervision.nerf.volume_rendering import accumulate_along_rays, median_depth, render_weight_from_density


def test_weights_by_hand():
    # optical depths ln 2, ln 4, 0: half is stopped, then three quarters of the rest, then nothing
    density = torch.tensor([[math.log(2), math.log(4), 0.0]]) / 0.1
    weights = render_weight_from_density(density, torch.tensor([0.1]))
    # transmittance: [1, 1/2, 1/8]; weights: [1/2, 3/8, 0]
    assert weights[0].tolist() == pytest.approx([0.5, 0.375, 0.0], abs=1e-6)
    rgb = torch.tensor([[[1.0, 0, 0], [0, 1.0, 0], [0, 0, 1.0]]])
    assert accumulate_along_rays(weights, rgb)[0].tolist() == pytest.approx([0.5, 0.375, 0.0], abs=1e-6)


def test_weights_never_exceed_one_and_what_is_hidden_weighs_nothing():
    generator = torch.Generator().manual_seed(0)
    density = torch.rand(200, 12, generator=generator) * torch.logspace(-2, 4, 200)[:, None]
    weights = render_weight_from_density(density, torch.rand(200, generator=generator))
    assert bool((weights >= 0).all())
    assert float(weights.sum(1).max()) <= 1 + 1e-6
    walled = density.clone()
    walled[:, 3] = 1e6
    assert float(render_weight_from_density(walled, torch.ones(200))[:, 4:].max()) == 0


def test_transmittance_falls_from_one_and_never_below_nothing():
    generator = torch.Generator().manual_seed(1)
    density = torch.rand(200, 12, generator=generator) * torch.logspace(-2, 4, 200)[:, None]
    passing = 1 - render_weight_from_density(density, torch.rand(200, generator=generator)).cumsum(1)
    assert float(passing.diff(dim=1).max()) <= 1e-6
    assert float(passing.max()) <= 1
    assert float(passing.min()) >= -1e-6


def test_splitting_a_sample_changes_nothing():
    density = torch.tensor([[2.0, 5.0]], dtype=torch.float64)
    whole = render_weight_from_density(density, torch.tensor([0.3], dtype=torch.float64))
    halves = render_weight_from_density(density.repeat_interleave(2, 1), torch.tensor([0.15], dtype=torch.float64))
    torch.testing.assert_close(halves.reshape(1, 2, 2).sum(2), whole)


def test_gradcheck():
    density = torch.rand(3, 4, dtype=torch.float64, requires_grad=True)
    lengths = torch.rand(3, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(render_weight_from_density, (density, lengths))


def test_median_depth_of_rays_that_are_clear_opaque_and_in_between():
    depths = torch.tensor([[1.0, 2.0, 3.0]]).expand(3, 3)
    weights = torch.tensor([[0.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.3, 0.3, 0.1]])
    assert median_depth(weights, depths).tolist() == [1.0, 3.0, 2.0]


def test_truncated_exp_keeps_finite_values_and_living_gradients():
    x = torch.tensor([-2.0, 0.0, 1.0, 100.0], requires_grad=True)
    y = truncated_exp(x)
    y.sum().backward()
    assert y[:3].tolist() == pytest.approx([math.exp(-2), 1.0, math.e])
    assert y[3].item() == x.grad[3].item() == pytest.approx(math.exp(15))
