"""The last phase of the head's training: its patches, and how it begins."""

import numpy as np
import pytest
import torch

from beavervision.face.framing import FrameSpec
from beavervision.stages.radnerf_head.data import HeadData
from beavervision.stages.radnerf_head.distilled.distillation import Distillation
from beavervision.stages.radnerf_head.image_window import ImageWindows, Pose
from beavervision.stages.radnerf_head.network import HeadNetwork
from beavervision.stages.radnerf_head.patches import PatchSampler
from beavervision.stages.radnerf_head.perceptual import PerceptualLoss
from beavervision.synthetic.miniature import miniature_clip

FIELD = {"levels": 4, "finest": 48, "ambient_finest": 24, "log2_entries": 10, "ambient_dims": 2, "hidden": 16}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    clip = miniature_clip(tmp_path_factory.mktemp("distillation") / "mini", n_frames=14)
    made = HeadData(clip.folder, FrameSpec("1x1", 1.0, 40), rays=64, frames=4, hull_frames=6, cells=24)
    made.prepare_data()
    made.setup("fit")
    return made


@pytest.fixture
def phase(data):
    args = {key: value for key, value in data.dimensions().items() if key != "size"} | FIELD
    made = Distillation(args, 40, rows=20, levels=3, width=8, layers=3, frames=3, blocks=6)
    field = HeadNetwork(**args)
    field.enter_shell(torch.from_numpy(data.hull))
    made.begin(field)
    torch.nn.init.normal_(made.fast.upsampler.last.weight, std=0.05)
    return made


def test_patches_carry_the_footage_s_pixels(data):
    plan = PatchSampler(frames=3, blocks=6, factor=2)
    batch = data.patch_batch(7, plan)
    assert batch.rgb.shape == (3, 144, 3)
    for pixels, rgb, t in zip(batch.pixels, batch.rgb, data.train_frames[batch.frame], strict=True):
        column, row = pixels[0].long().tolist()
        assert (column % 2, row % 2) == (0, 0)
        truth = data.crops.rgb[t][row : row + 12, column : column + 12] / 255
        np.testing.assert_allclose(rgb.reshape(12, 12, 3), truth, atol=1e-6)


def test_patches_follow_from_seed_and_step(data):
    plan = PatchSampler(frames=3, blocks=6, factor=2)
    assert torch.equal(data.patch_batch(5, plan).pixels, data.patch_batch(5, plan).pixels)
    assert not torch.equal(data.patch_batch(5, plan).pixels, data.patch_batch(6, plan).pixels)


def test_a_square_shows_what_the_whole_picture_would(data, phase, monkeypatch):
    """The margin that is rendered round a patch and cut off is as wide as the upsampler's reach."""
    monkeypatch.setattr(torch, "rand", lambda *shape, generator=None: torch.full(shape, 0.5))
    batch = data.patch_batch(3, phase.plan)
    pose = Pose(batch.cameras, batch.rotation, batch.translation)
    with torch.no_grad():
        patches = phase._rendered(batch, pose, torch.Generator())
        condition = phase.fast.field.encode(batch.face.windows, batch.face.eye)
        windows = ImageWindows(torch.full((3, 2), -8), (36, 36), 2)
        code = phase.fast.field.codes(batch.frame)
        whole = phase.fast(windows, pose, condition, code, torch.full((3 * 36 * 36, 2), 0.5))
    for patch, picture, pixels in zip(patches, whole, batch.pixels, strict=True):
        column, row = (pixels[0].long() + 16).tolist()
        torch.testing.assert_close(patch, picture[:, row : row + 12, column : column + 12], atol=1e-5, rtol=0)


def test_it_begins_with_the_finished_field_and_all_of_it_learns(data, phase):
    assert phase.begun
    for ours, averaged in zip(phase.fast.parameters(), phase.average.network.parameters(), strict=True):
        assert ours.shape == averaged.shape
    assert torch.equal(phase.fast.field.occupancy.occupied, torch.from_numpy(data.hull))
    loss, error = phase.loss(data, 0, torch.Generator().manual_seed(0), None, PerceptualLoss())
    loss.backward()
    assert 0 < error.item() < loss.item()
    silent = [name for name, value in phase.fast.named_parameters() if value.grad is None or not value.grad.any()]
    assert silent == []
    assert sum(len(group["params"]) for group in phase.groups()) == len(list(phase.fast.parameters()))
