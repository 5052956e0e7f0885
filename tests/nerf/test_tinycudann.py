"""tiny-cuda-nn against torch, values and gradients, on a GPU that has it."""

import pytest
import torch

from beavervision.nerf.backends.fused import FusedSizes
from beavervision.nerf.backends.registry import load_backend
from beavervision.nerf.grid import GridEncoding
from beavervision.nerf.grid_layout import GridLayout
from beavervision.nerf.mlp import RayMLP

pytestmark = pytest.mark.gpu
CUDA = torch.device("cuda")
LAYOUTS = [
    GridLayout(dims=3, levels=4, base=4, finest=64, log2_entries=10),
    GridLayout(dims=2, levels=5, base=4, finest=100, log2_entries=8, features=4),
    GridLayout(dims=3, levels=3, base=4, finest=30, kind="tiled"),
    GridLayout(dims=3, levels=1, base=8, finest=8, features=1),
    GridLayout(dims=2, levels=12, base=64, finest=512, log2_entries=14, features=1),
    GridLayout(dims=3),
]
HALF, GRADIENT = 2e-2, 0.1
"""Relative errors in half precision, with room: where a ReLU's input is about 0, its gradient is there or not."""


@pytest.fixture(autouse=True)
def tinycudann():
    pytest.importorskip("tinycudann")


def features_and_gradients(backend, layout, points):
    encoding = GridEncoding(layout, backend, seed=3, init=1.0).to(CUDA)
    place = points.clone().requires_grad_()
    features = encoding(place)
    (features * torch.linspace(-1, 1, features.numel(), device=CUDA).reshape(features.shape)).sum().backward()
    return features.detach(), encoding.table.grad, place.grad


@pytest.mark.parametrize("count", [3, 128, 1000])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_grids_have_torch_s_values_and_gradients(layout, count):
    points = torch.rand(count, layout.dims, generator=torch.Generator().manual_seed(count)).to(CUDA)
    points[0], points[1] = 0, 1  # both ends belong to the domain
    points[2] = torch.linspace(0, 1, layout.dims)
    pairs = zip(*(features_and_gradients(name, layout, points) for name in ("torch", "tinycudann")), strict=True)
    for twin, ours in pairs:
        torch.testing.assert_close(ours, twin, rtol=1e-3, atol=1e-4 * float(twin.abs().max()))


def test_no_points_give_no_features():
    assert GridEncoding(LAYOUTS[0], "tinycudann").to(CUDA)(torch.zeros(0, 3, device=CUDA)).shape == (0, 8)


def test_a_grid_that_it_does_not_have_is_torch_s():
    layout = GridLayout(dims=3, levels=2, base=2, finest=3, features=3)
    points = torch.rand(5, 3, device=CUDA)
    with pytest.warns(UserWarning, match="torch computes it"):
        ours = features_and_gradients("tinycudann", layout, points)
    assert all(torch.equal(a, b) for a, b in zip(ours, features_and_gradients("torch", layout, points), strict=True))


@pytest.mark.parametrize("hidden", [16, 32, 64, 128])
@pytest.mark.parametrize(("of_sample", "of_ray", "layers", "out"), [
    (32, 66, 3, 2), (64, 2, 3, 65), (64, 20, 2, 3), (36, 0, 2, 1), (1, 0, 2, 17), (17, 15, 5, 16),
])  # fmt: skip
def test_fused_networks_have_torch_s_values_and_gradients(of_sample, of_ray, hidden, layers, out):
    torch.manual_seed(0)
    network = RayMLP(of_sample, of_ray, hidden, layers, out, "tinycudann").to(CUDA)
    samples = torch.randn(50, 3, of_sample, device=CUDA, requires_grad=True)
    rays = torch.randn(50, of_ray, device=CUDA, requires_grad=True) if of_ray else None
    assert load_backend("tinycudann", CUDA).fused(network.sizes, CUDA) is not None
    inputs = [samples, *([rays] if of_ray else []), *network.parameters()]
    # As small as the gradient of a mean over a batch.
    towards = torch.randn(50, 3, out, device=CUDA) * 1e-6
    wanted = network(samples, rays)
    gradients = torch.autograd.grad(wanted, inputs, towards)
    with torch.autocast("cuda", torch.float16):
        found = network(samples, rays)
    assert found.dtype is torch.float32
    assert float((found - wanted).norm() / wanted.norm()) < HALF
    for ours, twin in zip(torch.autograd.grad(found, inputs, towards), gradients, strict=True):
        assert float((ours - twin).norm() / twin.norm()) < GRADIENT


def test_outside_autocast_nothing_is_halved():
    network = RayMLP(8, 0, 16, 2, 3, "tinycudann").to(CUDA)
    samples = torch.randn(4, 2, 8, device=CUDA)
    wanted = RayMLP.forward(network, samples)
    network.backend = "torch"
    assert torch.equal(network(samples), wanted)


def test_a_network_that_does_not_fit_is_torch_s():
    with pytest.warns(UserWarning, match="torch computes it"):
        assert load_backend("tinycudann", CUDA).fused(FusedSizes(8, 48, 2, 3), CUDA) is None
