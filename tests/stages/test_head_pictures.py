"""Whole pictures of a head: what the early stop leaves out, threads, and backends against each other."""

import numpy as np
import pytest
import torch

from beavervision.face.camera import FRONTAL
from beavervision.nerf.occupancy_grid import mark_cells
from beavervision.nerf.rays import pixel_rays
from beavervision.nerf.volume_rendering import EARLY_STOP
from beavervision.stages.radnerf_head.full_frame_renderer import render_full_frames
from beavervision.stages.radnerf_head.network import HeadNetwork

BOX = [-11.0, -14, -11, 11, 14, 7]
UNSEEN = 0.1 / 255
"""Of a colour: a tenth of what a film can show."""
SMALL = {"levels": 4, "finest": 48, "ambient_finest": 24, "log2_entries": 10, "ambient_dims": 2, "hidden": 16}


def head(kind="grid", gain=10.0, **numbers):
    """A head that looks like something: a spherical shell of strong colours, the denser the larger `gain` is."""
    network = HeadNetwork(box=BOX, n_codes=3, window=3, cells=24, kind=kind, **numbers).eval()
    direction = torch.randn(4000, 3, generator=torch.Generator().manual_seed(0))
    network.enter_shell(mark_cells(0.5 + 0.4 * direction / direction.norm(dim=1, keepdim=True), 24))
    with torch.no_grad():
        for name, table in network.named_parameters():
            if "_grid." in name:
                table /= table.abs().max()
        network.field.density.rest[-1].weight[0].abs_().mul_(gain)
    return network


def facing(side):
    """Camera, rotation and translation of a face half as high as the canvas."""
    rotation = torch.from_numpy(FRONTAL[None].astype(np.float32))
    return torch.tensor([[3.0 * side, 3.0 * side, side / 2, side / 2]]), rotation, torch.tensor([[0.0, 0.0, 150.0]])


def conditions(network, count=1):
    width = network.condition.width + network.eye.WIDTH
    return torch.randn(count, width, generator=torch.Generator().manual_seed(2))


@pytest.mark.parametrize("gain", [0.0, 100.0])
def test_an_early_stop_leaves_out_only_what_nobody_sees(gain):
    network = head(gain=gain, **SMALL)
    pixels = torch.rand(300, 2, generator=torch.Generator().manual_seed(1)) * 64
    rays = pixel_rays(pixels, *(value.expand(300, *value.shape[1:]) for value in facing(64)), network.box)
    condition, code = conditions(network), network.mean_code.detach()
    jitter = torch.full((300, 16), 0.5)
    with torch.no_grad():
        wanted = network(rays, condition.expand(300, -1), code.expand(300, -1), jitter)
        found = network.render(rays, condition, code, jitter)
        alike = network.render(rays, condition.expand(300, -1), code, jitter)
    opaque = float((wanted.alpha > 1 - EARLY_STOP).float().mean())
    assert (opaque > 0.1) is (gain > 0)
    torch.testing.assert_close(found[:, :3], wanted.rgb, atol=UNSEEN, rtol=0)
    torch.testing.assert_close(found[:, 3], wanted.alpha, atol=UNSEEN, rtol=0)
    assert float((found[:, 4] == wanted.depth).float().mean()) > 0.99
    torch.testing.assert_close(alike, found, atol=1e-5, rtol=1e-5)


def test_threads_change_no_bit(monkeypatch):
    network = head(**SMALL)
    monkeypatch.setattr("beavervision.stages.radnerf_head.full_frame_renderer.CHUNK", 500)
    before, pictures = torch.get_num_threads(), []
    for threads in (1, 2):
        torch.set_num_threads(threads)
        with torch.no_grad():
            pictures.append(render_full_frames(network, conditions(network), *facing(48), (48, 48)))
    torch.set_num_threads(before)
    assert float(pictures[0].alpha.max()) > 0.5
    for one, two in zip(vars(pictures[0]).values(), vars(pictures[1]).values(), strict=True):
        assert torch.equal(one, two)


@pytest.mark.parametrize("kind", ["grid", "triplane"])
def test_torch_and_numba_render_the_same_frame(kind):
    """512 x 512 with fields of the default sizes: nowhere more than 1/255 apart (issue 5)."""
    network = head(kind)
    pictures = []
    for backend in ("torch", "numba"):
        network.use_backend(backend)
        with torch.no_grad():
            pictures.append(render_full_frames(network, conditions(network), *facing(512), (512, 512), samples=2))
    twin, kernels = pictures
    assert float(twin.rgb.std()) > 0.05
    assert float((twin.rgb - kernels.rgb).abs().max()) <= 1 / 255
    assert float((twin.alpha - kernels.alpha).abs().max()) <= 1 / 255
