"""Speed of the parts of the radiance field: torch reference, compiled reference and numba kernel.

`make bench` runs the benchmarks and passes the results to `nerf_table.py`. Compare the ratios within a group. Absolute
times are valid only for the machine.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch

from beavervision.face.camera import FRONTAL
from beavervision.nerf.grid import GridEncoding
from beavervision.nerf.grid_layout import GridLayout
from beavervision.nerf.occupancy_grid import mark_cells
from beavervision.nerf.precision import has_fast_bf16
from beavervision.nerf.ray_samplers import sample_rays
from beavervision.nerf.rays import Rays, pixel_rays
from beavervision.stages.radnerf_head.distilled.head import DistilledHead, DistilledSizes
from beavervision.stages.radnerf_head.distilled.renderer import DistilledRenderer
from beavervision.stages.radnerf_head.full_frame_renderer import render_full_frames
from beavervision.stages.radnerf_head.image_window import Pose
from beavervision.stages.radnerf_head.network import HeadNetwork

POINTS = 262_144
RAYS = 65_536
BATCH = 4096
"""Rays per training step."""
SIDE = 512
"""Side length of a rendered frame, pixels."""
BACKENDS = ["torch", "numba"]
GRIDS = ["torch", "compile", "numba"]
ARGS = {"box": [-11.0, -14, -11, 11, 14, 7], "n_codes": 500, "ambient_dims": 2}
"""Arguments of a head with the size of conf/model/radnerf_head.yaml."""
Benchmark = Callable[..., object]


def field_points(count: int, dims: int) -> torch.Tensor:
    """Consecutive points along rays, as in rendering."""
    generator = torch.Generator().manual_seed(0)
    starts = torch.rand(count // 16, 1, dims, generator=generator)
    return (starts + torch.linspace(0, 0.2, 16)[None, :, None]).remainder(1.0).reshape(-1, dims)


def shell() -> torch.Tensor:
    """Occupancy grid with a thin spherical shell of occupied cells."""
    direction = torch.randn(200_000, 3, generator=torch.Generator().manual_seed(0))
    return mark_cells(0.5 + 0.4 * direction / direction.norm(dim=1, keepdim=True), 64)


def head(backend: str, **field: object) -> HeadNetwork:
    """Head whose occupied cells form a thin spherical shell."""
    network = HeadNetwork(**ARGS, backend=backend, **field)
    network.enter_shell(shell())
    return network


def facing(side: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Camera, rotation and translation of a face with half the height of the canvas."""
    rotation = torch.from_numpy(FRONTAL[None].astype(np.float32))
    return torch.tensor([[3.0 * side, 3.0 * side, side / 2, side / 2]]), rotation, torch.tensor([[0.0, 0.0, 150.0]])


@pytest.mark.parametrize("dims", [3, 2])
@pytest.mark.parametrize("backend", GRIDS)
def test_grid_forward(benchmark: Benchmark, backend: str, dims: int) -> None:
    """Grid with 16 levels x 2 features and 2^16 entries."""
    benchmark.group = f"grid {dims}-D, forward"
    encoding, points = GridEncoding(GridLayout(dims), backend), field_points(POINTS, dims)
    with torch.no_grad():
        encoding(points)
        benchmark(lambda: encoding(points))


@pytest.mark.parametrize("dims", [3, 2])
@pytest.mark.parametrize("backend", GRIDS)
def test_grid_backward(benchmark: Benchmark, backend: str, dims: int) -> None:
    """Gradients of the table and the points."""
    benchmark.group = f"grid {dims}-D, backward"
    encoding, points = GridEncoding(GridLayout(dims), backend), field_points(POINTS, dims).requires_grad_()
    towards = torch.ones(POINTS, encoding.width)

    def forward() -> tuple[tuple[torch.Tensor], dict[str, object]]:
        # A new forward pass per round: the backward pass of the compiled reference frees the saved tensors.
        encoding.table.grad = points.grad = None
        return (encoding(points),), {}

    benchmark.pedantic(lambda features: features.backward(towards), setup=forward, warmup_rounds=1, rounds=5)


@pytest.mark.parametrize("kind", ["grid", "triplane"])
@pytest.mark.parametrize("backend", BACKENDS)
def test_field(benchmark: Benchmark, backend: str, kind: str) -> None:
    """Density, features and ambient coordinate of points, four per ray."""
    benchmark.group = f"field, {kind}"
    network, points = head(backend, kind=kind), field_points(POINTS // 4, 3).reshape(-1, 4, 3)
    condition = torch.zeros(len(points), network.condition.width + network.eye.WIDTH)
    with torch.no_grad():
        network.geometry(points, condition)
        benchmark(lambda: network.geometry(points, condition))


@pytest.mark.parametrize("backend", BACKENDS)
def test_march(benchmark: Benchmark, backend: str) -> None:
    """Ray marching with four samples per ray through a spherical shell."""
    benchmark.group = "marching"
    occupied, generator = shell(), torch.Generator().manual_seed(1)
    origins = torch.rand(RAYS, 3, generator=generator) * torch.tensor([1.0, 1.0, 0.0]) + torch.tensor([0.0, 0.0, 3.0])
    directions = torch.tensor([0.0, 0.0, -1.0]).expand(RAYS, 3)
    jitter = torch.full((RAYS, 4), 0.5)
    rays = Rays(origins, directions, directions)
    sample_rays(rays, occupied, jitter, backend)
    benchmark(lambda: sample_rays(rays, occupied, jitter, backend))


@pytest.mark.parametrize("backend", BACKENDS)
def test_training_step(benchmark: Benchmark, backend: str) -> None:
    """Rendering, loss, backward pass and optimizer step: the part of the radiance field in a training step."""
    benchmark.group = "training step"
    network, generator = head(backend), torch.Generator().manual_seed(0)
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3, fused=True)
    pixels = torch.rand(BATCH, 2, generator=generator) * 256
    rays = pixel_rays(pixels, *(value.expand(BATCH, *value.shape[1:]) for value in facing(256)), network.box)
    width = network.condition.width + network.eye.WIDTH
    condition, jitter = torch.zeros(BATCH, width), torch.full((BATCH, network.budget), 0.5)

    def step() -> None:
        shown = network(rays, condition, network.codes.weight[:1].expand(BATCH, -1), jitter)
        optimizer.zero_grad()
        shown.rgb.square().mean().backward()
        optimizer.step()

    step()
    benchmark(step)


@pytest.mark.parametrize("samples", [16, 4])
@pytest.mark.parametrize("backend", BACKENDS)
def test_frame(benchmark: Benchmark, backend: str, samples: int) -> None:
    """Frame of 512 x 512 with a face of half its height: 16 samples as in the reference, and 4 as in the shell."""
    benchmark.group = f"frame of {SIDE} x {SIDE}, {samples} samples"
    benchmark.pedantic(frame(head(backend), samples), warmup_rounds=1, rounds=3)


@pytest.mark.skipif(not has_fast_bf16(), reason="this processor multiplies no bfloat16")
def test_half_frame(benchmark: Benchmark) -> None:
    """16 samples as in the reference, layers in bfloat16: hardware.precision=bf16-mixed."""
    benchmark.group = f"frame of {SIDE} x {SIDE}, 16 samples, bfloat16"
    with torch.autocast("cpu", torch.bfloat16):
        benchmark.pedantic(frame(head("numba"), 16), warmup_rounds=1, rounds=3)


def frame(network: HeadNetwork, samples: int) -> Callable[[], object]:
    """Return a function that renders a frame."""
    condition = torch.zeros(1, network.condition.width + network.eye.WIDTH)
    return lambda: render_full_frames(network, condition, *facing(SIDE), (SIDE, SIDE), samples=samples)


def test_fast_frame(benchmark: Benchmark) -> None:
    """The same with the distilled head, eight frames per call; time of one frame."""
    benchmark.group = f"frame of {SIDE} x {SIDE}, fast"
    fast = DistilledHead(ARGS, DistilledSizes.of_canvas(SIDE, 256))
    fast.field.enter_shell(shell())
    condition = torch.zeros(8, fast.field.condition.width + fast.field.eye.WIDTH)
    pose = Pose(*(value.expand(8, *value.shape[1:]) for value in facing(SIDE)))
    renderer = DistilledRenderer(fast)
    renderer.render(pose, condition, (SIDE, SIDE))
    benchmark.extra_info["frames"] = 8
    benchmark.pedantic(lambda: renderer.render(pose, condition, (SIDE, SIDE)), rounds=3)
