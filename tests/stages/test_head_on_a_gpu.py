"""The head on a GPU: training in every precision, occupancy, rendering full and fast, each against the CPU."""

import copy

import lightning
import numpy as np
import pytest
import torch
from stage_training import SaveAt, export

from beavervision.face.framing import FrameSpec
from beavervision.nerf.backends.registry import CUDA_OPTIONS, find_spec
from beavervision.nerf.occupancy_grid import OccupancyGrid
from beavervision.stages.radnerf_head.data import HeadData
from beavervision.stages.radnerf_head.inference import HeadRenderer
from beavervision.stages.radnerf_head.module import HeadModule
from beavervision.synthetic.miniature import miniature_clip

pytestmark = pytest.mark.gpu
BACKENDS = ["torch", *(name for name, module in CUDA_OPTIONS.items() if find_spec(module) is not None)]
SMALL = {"hidden": 16, "geometry": 8, "samples": 8, "shell_samples": 3}
FIELDS = {
    "grid": {**SMALL, "levels": 6, "finest": 64, "ambient_finest": 32, "log2_entries": 12, "ambient_dims": 2},
    "triplane": {**SMALL, "kind": "triplane", "planes": {"levels": 3, "base": 8, "finest": 32, "log2_entries": 10}},
}
STEPS = 8


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    clip = miniature_clip(tmp_path_factory.mktemp("gpu") / "mini", n_frames=22)
    made = HeadData(clip.folder, FrameSpec("1x1", 1.0, 48), rays=512, frames=4, hull_frames=12, cells=24, val_frames=2)
    made.prepare_data()
    made.setup("fit")
    return made


def module_of(data, field="grid", backend="auto"):
    numbers = {"refresh_every": 2, "shell_at": 0.4, "shell_frames": 3, "average_every": 1, "distill_share": 0.25}
    numbers |= {"error_share": 0.25, "perceptual": {"side": 16, "at": 0.5}}
    fast = {"rows": 24, "width": 8, "layers": 2, "frames": 2, "blocks": 8}
    return HeadModule(**data.dimensions(), **numbers, fast=fast, field={**FIELDS[field], "backend": backend})


class Losses(lightning.Callback):
    def __init__(self):
        self.values = []

    def on_train_batch_end(self, trainer, *_):
        self.values.append(float(trainer.callback_metrics["train/loss"]))


def fit(module, data, precision="32-true", accelerator="gpu", callbacks=(), checkpoint=None):
    """Losses of all phases."""
    kept = Losses()
    lightning.Trainer(
        accelerator=accelerator, devices=1, precision=precision, max_steps=STEPS, max_epochs=-1,
        val_check_interval=STEPS, check_val_every_n_epoch=None, num_sanity_val_steps=0, logger=False,
        enable_checkpointing=False, enable_progress_bar=False, enable_model_summary=False, callbacks=[kept, *callbacks],
    ).fit(module, data, ckpt_path=checkpoint, weights_only=True)  # fmt: skip
    return kept.values


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("backend", BACKENDS)
def test_single_precision_learns_what_the_cpu_learns(data, field, backend):
    losses = fit(module_of(data, field, backend), data)
    assert losses == pytest.approx(fit(module_of(data, field), data, accelerator="cpu"), rel=2e-2)


@pytest.mark.parametrize("precision", ["16-mixed", "bf16-mixed"])
@pytest.mark.parametrize("backend", BACKENDS)
def test_half_precision_learns_about_the_same(data, precision, backend):
    module = module_of(data, backend=backend)
    before = copy.deepcopy(module.state_dict())
    losses = fit(module, data, precision)
    assert losses == pytest.approx(fit(module_of(data), data), rel=0.1)
    # Every part of every phase has moved: no scaler has thrown its steps away.
    for name in ("network.field.density.first.weight", "network.condition.linears.0.weight", "poses.rule.weight",
                 "distillation.fast.upsampler.last.weight", "distillation.fast.field.colour.first.weight"):  # fmt: skip
        assert not torch.equal(module.state_dict()[name].cpu(), before[name]), name
        assert bool(torch.isfinite(module.state_dict()[name]).all())


@pytest.mark.parametrize("at", [2, 5, 7])
def test_a_run_goes_on_in_every_phase(data, tmp_path, at):
    whole = fit(module_of(data), data, "bf16-mixed", callbacks=[SaveAt(at, tmp_path / "at.ckpt")])
    again = fit(module_of(data), data, "bf16-mixed", checkpoint=tmp_path / "at.ckpt")
    assert again == pytest.approx(whole[at:], rel=1e-2)


def test_occupancy_is_refreshed_as_on_the_cpu():
    grids = []
    for device in ("cpu", "cuda"):
        grid = OccupancyGrid(12).to(device)
        possible = torch.zeros(12, 12, 12, dtype=torch.bool, device=device)
        possible[2:9, 3:10, 1:8] = True
        grid.restrict(possible)
        for step in range(4):
            chance = torch.Generator().manual_seed(step)
            grid.refresh(lambda points: 3 * points[:, 0].square(), 0.5, chance)
        grids.append(grid.cpu())
    torch.testing.assert_close(grids[0].density, grids[1].density)
    assert torch.equal(grids[0].occupied, grids[1].occupied)


@pytest.fixture(scope="module", params=FIELDS)
def bundle(request, data, tmp_path_factory):
    """Trained on the CPU."""
    module = module_of(data, request.param)
    fit(module, data, accelerator="cpu")
    folder = tmp_path_factory.mktemp(request.param) / "bundle"
    export(folder, module, data)
    return folder


def shown(data, folder, device, **settings):
    renderer = HeadRenderer.from_bundle(folder, device=device, **settings)
    raw = np.nan_to_num(data.model.condition68(data.subject.identity, data.subject.expression))
    frames = np.array([3, 8])
    poses = (array[frames] for array in renderer.source_poses)
    return [value.cpu() for value in renderer.render(raw, data.raw_eye, *poses, frames)]


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_frame_is_the_cpu_s_within_one_grey_level(data, bundle, backend):
    pairs = zip(shown(data, bundle, "cuda", backend=backend), shown(data, bundle, "cpu"), strict=True)
    for ours, theirs in pairs:
        assert float((ours - theirs).abs().max()) <= 1 / 255


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_fast_head_renders_on_a_gpu(data, bundle, backend):
    pairs = zip(
        shown(data, bundle, "cuda", backend=backend, render="fast"),
        shown(data, bundle, "cpu", render="fast"),
        strict=True,
    )
    for ours, theirs in pairs:  # in half precision, on both or on one
        assert float((ours - theirs).abs().mean()) < 1 / 255
