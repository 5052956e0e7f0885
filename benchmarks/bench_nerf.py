"""Speed of the radiance field's parts, torch twin beside numba kernel; run by `make bench`, never by the tests.

Read the ratios within a group: absolute times belong to the machine.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch

from beavervision.face.camera import FRONTAL
from beavervision.nerf.grid import GridEncoding, GridLayout
from beavervision.nerf.occupancy import mark
from beavervision.nerf.rays import Rays
from beavervision.nerf.sampling import sample_rays
from beavervision.stages.radnerf_head.network import HeadNetwork
from beavervision.stages.radnerf_head.picture import render_pictures

POINTS = 262_144
RAYS = 65_536
BACKENDS = ["torch", "numba"]
Benchmark = Callable[..., object]


def field_points(count: int, dims: int) -> torch.Tensor:
    """Points that follow each other along rays, as a field meets them."""
    generator = torch.Generator().manual_seed(0)
    starts = torch.rand(count // 16, 1, dims, generator=generator)
    return (starts + torch.linspace(0, 0.2, 16)[None, :, None]).remainder(1.0).reshape(-1, dims)


def head(backend: str) -> HeadNetwork:
    """A head of reference size whose occupied cells are a thin sphere."""
    network = HeadNetwork([-11.0, -14, -11, 11, 14, 7], n_codes=500, ambient_dims=2, backend=backend)
    direction = torch.randn(200_000, 3, generator=torch.Generator().manual_seed(0))
    network.enter_shell(mark(0.5 + 0.4 * direction / direction.norm(dim=1, keepdim=True), 64))
    return network


@pytest.mark.parametrize("dims", [2, 3])
@pytest.mark.parametrize("backend", BACKENDS)
def test_grid_forward(benchmark: Benchmark, backend: str, dims: int) -> None:
    """16 levels x 2, 2^16 entries."""
    benchmark.group = f"grid {dims}-D forward, {POINTS} points"
    encoding, points = GridEncoding(GridLayout(dims), backend), field_points(POINTS, dims)
    with torch.no_grad():
        encoding(points)
        benchmark(lambda: encoding(points))


@pytest.mark.parametrize("dims", [2, 3])
@pytest.mark.parametrize("backend", BACKENDS)
def test_grid_backward(benchmark: Benchmark, backend: str, dims: int) -> None:
    """Gradients of table and points."""
    benchmark.group = f"grid {dims}-D backward, {POINTS} points"
    encoding, points = GridEncoding(GridLayout(dims), backend), field_points(POINTS, dims).requires_grad_()
    features = encoding(points)
    towards = torch.ones_like(features)
    features.backward(towards, retain_graph=True)
    benchmark(lambda: features.backward(towards, retain_graph=True))


@pytest.mark.parametrize("backend", BACKENDS)
def test_march(benchmark: Benchmark, backend: str) -> None:
    """Four samples a ray through a spherical shell."""
    benchmark.group = f"march, {RAYS} rays"
    occupied = head("torch").occupancy.occupied
    generator = torch.Generator().manual_seed(1)
    origins = torch.rand(RAYS, 3, generator=generator) * torch.tensor([1.0, 1.0, 0.0]) + torch.tensor([0.0, 0.0, 3.0])
    directions = torch.tensor([0.0, 0.0, -1.0]).expand(RAYS, 3)
    jitter = torch.full((RAYS, 4), 0.5)
    rays = Rays(origins, directions, directions)
    sample_rays(rays, occupied, jitter, backend)
    benchmark(lambda: sample_rays(rays, occupied, jitter, backend))


@pytest.mark.parametrize("height", [256, 512])
@pytest.mark.parametrize("backend", BACKENDS)
def test_frame(benchmark: Benchmark, backend: str, height: int) -> None:
    """A whole frame, face half as high as the canvas."""
    benchmark.group = f"frame {height} x {height}, shell"
    network = head(backend)
    condition = torch.zeros(1, 66)
    cameras = torch.tensor([[3.0 * height, 3.0 * height, height / 2, height / 2]])
    rotation = torch.from_numpy(FRONTAL[None].astype(np.float32))
    translation = torch.tensor([[0.0, 0.0, 150.0]])
    pose = (cameras, rotation, translation)
    render_pictures(network, condition, *pose, (height, height))
    benchmark.pedantic(lambda: render_pictures(network, condition, *pose, (height, height)), rounds=3)
