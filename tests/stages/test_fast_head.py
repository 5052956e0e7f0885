"""The fast head: its kernels against their twins, its windows, patches and upsampler, and what it learns."""

import dataclasses

import numpy as np
import pytest
import torch

from beavervision.face.camera import FRONTAL
from beavervision.nerf import precision
from beavervision.nerf.occupancy_grid import mark_cells
from beavervision.stages.radnerf_head.distilled.block_sampler import BlockMarcher, sample_blocks
from beavervision.stages.radnerf_head.distilled.canvas_paste import paste, paste_compiled
from beavervision.stages.radnerf_head.distilled.head import DistilledHead, DistilledSizes
from beavervision.stages.radnerf_head.distilled.initialization import drop_fine_levels, initialize_from_teacher
from beavervision.stages.radnerf_head.distilled.renderer import DistilledRenderer
from beavervision.stages.radnerf_head.distilled.upsampler import Upsampler
from beavervision.stages.radnerf_head.image_window import ImageWindows, Pose, corner_outlines, occupied_corners
from beavervision.stages.radnerf_head.network import HeadNetwork
from beavervision.stages.radnerf_head.patches import PatchSampler, patch_pixels, sample_patch_corner
from beavervision.stages.radnerf_head.ray_sampler import RegionRaySampler

ARGS = {
    "box": [-11.0, -14, -11, 11, 14, 7], "n_codes": 3, "window": 3, "cells": 24, "levels": 4, "finest": 48,
    "ambient_finest": 24, "log2_entries": 10, "ambient_dims": 2, "hidden": 16, "geometry": 12,
}  # fmt: skip
SIZE = (60, 44)


@pytest.fixture
def head():
    """A fast head whose occupied cells are a thin sphere, and whose upsampler does something."""
    made = DistilledHead(ARGS, DistilledSizes(factor=2, samples=2, width=8, layers=3, features=6)).eval()
    direction = torch.randn(4000, 3, generator=torch.Generator().manual_seed(0))
    made.field.enter_shell(mark_cells(0.5 + 0.4 * direction / direction.norm(dim=1, keepdim=True), 24))
    torch.nn.init.normal_(made.upsampler.last.weight, std=0.05, generator=torch.Generator().manual_seed(1))
    return made


@pytest.fixture
def pose():
    """Two frames; the second sticks out of the canvas."""
    front = torch.from_numpy(FRONTAL.astype(np.float32))
    cameras = torch.tensor([[120.0, 120, 30, 22], [160.0, 150, 6, 40]])
    return Pose(cameras, front.expand(2, 3, 3), torch.tensor([[0.0, 0, 90], [2.0, 1, 80]]))


@pytest.fixture
def conditions(head):
    return torch.randn(2, head.field.condition.width + 2, generator=torch.Generator().manual_seed(2))


@pytest.fixture
def exact(monkeypatch):
    monkeypatch.setattr(precision, "has_fast_bf16", lambda: False)


def test_the_kernels_find_the_twin_s_samples(head, pose):
    windows = ImageWindows(torch.tensor([[-3, -2], [1, 5]]), (32, 24), 2)
    ours = BlockMarcher(head.field)(windows, pose)
    theirs = sample_blocks(head.field, windows, pose, torch.full((2 * 32 * 24, 2), 0.5))
    assert 100 < len(theirs.block) < 2 * 32 * 24
    # A step that ends on a cell's border may fall on either side.
    shared = np.intersect1d(ours.block, theirs.block)
    assert len(shared) >= len(theirs.block) - 2
    mine, twin = (torch.searchsorted(found.block, torch.tensor(shared)) for found in (ours, theirs))
    near = (ours.points[mine] - theirs.points[twin]).abs().amax((1, 2)) < 1e-4
    assert float(near.float().mean()) > 0.99
    torch.testing.assert_close(ours.view[mine], theirs.view[twin], atol=1e-6, rtol=0)


@pytest.mark.parametrize("factor", [1, 2, 3])
def test_the_pasting_kernel_is_its_twin(factor):
    generator = torch.Generator().manual_seed(factor)
    small = torch.rand(2, 7, 9, 4, generator=generator) * 1.4 - 0.2
    small[:, 2:4, 3:6] = 0
    detail = torch.randn(2, 7, 9, 4 * factor**2, generator=generator) * 0.1
    first = torch.tensor([[-2, 3], [4, -1]])
    canvases = [
        (torch.full((2, 8 * factor, 7 * factor + 1, 3), 9.0), torch.full((2, 8 * factor, 7 * factor + 1), 9.0))
        for _ in range(2)
    ]
    for write, canvas in zip((paste_compiled, paste), canvases, strict=True):
        write(first, factor, small, detail, *canvas)
    for ours, theirs in zip(*canvases, strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-6, rtol=1e-6)
    rgb, alpha = canvases[0]
    assert bool((rgb <= alpha[..., None]).all())
    assert float(rgb.min()) >= 0
    assert float(alpha.max()) <= 1
    # Column 0 of the second frame lies left of its window.
    assert not alpha[1, :, 0].any()


def test_a_window_shows_what_the_whole_canvas_would(head, pose, conditions, exact):
    """The renderer's tight windows and chunks against one great window, in torch alone."""
    rendered = DistilledRenderer(head).render(pose, conditions, SIZE)
    windows = ImageWindows(torch.tensor([[-8, -8], [-8, -8]]), (48, 40), 2)
    jitter = torch.full((2 * 48 * 40, 2), 0.5)
    with torch.no_grad():
        whole = head(windows, pose, conditions, head.field.mean_code.expand(2, -1), jitter)
    alpha = whole[:, 3, 16 : 16 + SIZE[1], 16 : 16 + SIZE[0]].clamp(0, 1)
    rgb = whole[:, :3, 16 : 16 + SIZE[1], 16 : 16 + SIZE[0]].clamp_min(0).minimum(alpha[:, None])
    assert float(alpha.max()) > 0.05
    assert float((rendered.alpha - alpha).abs().mean()) < 1e-4
    assert float((rendered.rgb - rgb.permute(0, 2, 3, 1)).abs().mean()) < 1e-4


def test_a_batch_is_its_frames_and_the_torch_backend_renders_the_same(head, pose, conditions, exact):
    both = DistilledRenderer(head).render(pose, conditions, SIZE)
    second = Pose(*(value[1:] for value in vars(pose).values()))
    alone = DistilledRenderer(head).render(second, conditions[1:], SIZE)
    torch.testing.assert_close(alone.rgb[0], both.rgb[1], atol=1e-5, rtol=0)
    head.field.use_backend("torch")
    twin = DistilledRenderer(head).render(pose, conditions, SIZE)
    assert float((twin.rgb - both.rgb).abs().mean()) < 1e-4


def test_half_precision_is_hardly_seen(head, pose, conditions, monkeypatch):
    pictures = []
    for half in (False, True):
        monkeypatch.setattr(precision, "has_fast_bf16", lambda half=half: half)
        pictures.append(DistilledRenderer(head).render(pose, conditions, SIZE).rgb)
    assert 0 < float((pictures[0] - pictures[1]).abs().mean()) < 1 / 255


def test_a_head_outside_the_picture_is_nothing(head, pose, conditions):
    away = dataclasses.replace(pose, translation=torch.tensor([[500.0, 0, 90], [2.0, 900, 80]]))
    shown = DistilledRenderer(head).render(away, conditions, SIZE)
    assert not shown.alpha.any()


def test_outlines_are_those_of_all_cells(head, pose):
    field = head.field
    cells = field.occupancy.occupied.nonzero()
    corners = torch.cat([cells + torch.tensor([i >> axis & 1 for axis in range(3)]) for i in range(8)])
    every = field.box[0] + corners / 24 * (field.box[1] - field.box[0])
    for ours, truth in zip(corner_outlines(occupied_corners(field), pose), corner_outlines(every, pose), strict=True):
        torch.testing.assert_close(ours, truth, atol=1e-3, rtol=0)


def test_sizes_follow_the_canvas():
    assert [DistilledSizes.of_canvas(height, 256).factor for height in (48, 256, 384, 512, 1080)] == [1, 1, 2, 2, 4]


def test_the_upsampler_interpolates_before_it_learns_and_adds_nothing_to_nothing():
    network = Upsampler(features=2, factor=2, width=8, layers=3)
    ramp = torch.arange(6.0).expand(1, 6, 5, 6)
    # Sub-pixels of a ramp: 1/4 before and after each pixel's own value.
    wanted = torch.tensor([1.75, 2.25, 2.75, 3.25])
    torch.testing.assert_close(network(ramp)[0, 0, 4, 4:8], wanted)
    torch.nn.init.ones_(network.last.weight)
    torch.nn.init.ones_(network.hidden[0].weight)
    one = torch.zeros(1, 6, 9, 9)
    assert not network(one).any()
    one[0, :, 4, 4] = 1
    # Half a pixel of the small picture round the one that is there.
    shown = network(one)[0].any(0).nonzero()
    assert shown.min(0).values.tolist() == [7, 7]
    assert shown.max(0).values.tolist() == [10, 10]
    assert network.reach == 3


def test_an_upsampled_pixel_depends_on_its_reach_alone():
    network = Upsampler(features=0, factor=2, width=8, layers=2)
    torch.nn.init.normal_(network.last.weight)
    small = torch.rand(1, 4, 11, 11, requires_grad=True)
    network(small)[0, 0, 10, 10].backward()
    touched = small.grad.abs().sum((0, 1)).nonzero()
    assert touched.min(0).values.tolist() == [5 - network.reach] * 2
    assert touched.max(0).values.tolist() == [5 + network.reach] * 2


def test_patches_stay_on_the_canvas_and_begin_where_blocks_do():
    boxes = np.array([[0, 0, 9, 9], [30, 20, 50, 40]])
    regions = RegionRaySampler(head=boxes, mouth=np.array([[4, 4, 6, 6], [49, 39, 50, 40]]), eyes=boxes)
    plan = PatchSampler(frames=1, blocks=6, factor=3, mouth_share=1.0).inside((50, 40))
    draw = np.random.default_rng(0)
    # The mouth of frame 1 lies in the corner: the last patch that fits begins at block 50 // 3 - 6 and 40 // 3 - 6.
    assert sample_patch_corner(regions, 1, plan, (50, 40), draw).tolist() == [10, 7]
    pixels = patch_pixels(sample_patch_corner(regions, 0, plan, (50, 40), draw), plan)
    assert pixels.shape == (18 * 18, 2)
    assert pixels[0].tolist() == [0, 0]
    assert pixels[1].tolist() == [1, 0]
    assert PatchSampler(blocks=40, factor=2).inside((48, 64)).blocks == 24


def test_a_field_without_the_finest_levels_is_one_in_which_they_are_silent():
    full, small = HeadNetwork(**ARGS), HeadNetwork(**drop_fine_levels(ARGS, 3))
    initialize_from_teacher(small, full)
    with torch.no_grad():
        for grid in (full.field.position_grid, full.field.ambient_grid):
            grid.table[grid.layout.offsets[3] :] = 0
    points = torch.rand(20, 2, 3, generator=torch.Generator().manual_seed(0))
    condition = torch.randn(20, full.condition.width + 2, generator=torch.Generator().manual_seed(1))
    for ours, theirs in zip(small.geometry(points, condition), full.geometry(points, condition), strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-4)


def test_a_field_of_planes_keeps_its_levels():
    planes = {"levels": 3, "base": 8, "finest": 16, "log2_entries": 8, "features": 1}
    args = {"box": ARGS["box"], "n_codes": 3, "window": 3, "cells": 24, "kind": "triplane", "planes": planes}
    assert drop_fine_levels(args, 2) == args
    full, fast = HeadNetwork(**args), DistilledHead(args, DistilledSizes(levels=2, width=8, layers=2))
    initialize_from_teacher(fast.field, full)
    assert torch.equal(fast.field.colour.first.weight, full.colour.first.weight)


@pytest.mark.parametrize("backend", ["torch", "numba"])
def test_frames_in_threads_are_frames_one_by_one(head, pose, conditions, backend):
    head.field.use_backend(backend)
    before = torch.get_num_threads()
    pictures = []
    for threads in (1, 2):
        torch.set_num_threads(threads)
        with torch.inference_mode():
            pictures.append(DistilledRenderer(head).render(pose, conditions, SIZE))
        assert torch.get_num_threads() == threads
    torch.set_num_threads(before)
    assert torch.equal(pictures[0].rgb, pictures[1].rgb)
    assert torch.equal(pictures[0].alpha, pictures[1].alpha)
