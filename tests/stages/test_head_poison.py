"""Whatever the footage shows where a hand is, or where there is no footage, a head learns the same, bit for bit."""

from dataclasses import replace

import lightning
import numpy as np
import pytest
import torch

from beavervision.face.framing import FrameSpec
from beavervision.stages.radnerf_head.data import HeadData
from beavervision.stages.radnerf_head.module import HeadModule
from beavervision.stages.radnerf_head.targets import PixelTarget
from beavervision.synthetic.miniature import miniature_clip
from beavervision.types import Label

FIELD = {
    "levels": 3, "finest": 32, "ambient_finest": 16, "log2_entries": 9, "ambient_dims": 2, "hidden": 8, "geometry": 4,
    "samples": 6, "shell_samples": 3,
}  # fmt: skip
FAST = {"rows": 24, "width": 8, "layers": 2, "frames": 2, "blocks": 12, "features": 2}


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    return miniature_clip(tmp_path_factory.mktemp("poison") / "mini", n_frames=11)


def covered(clip, colour):
    """The clip on a canvas that sticks out of it, a hand before the mouth; both shown as noise of a colour."""
    data = HeadData(clip.folder, FrameSpec("9x16", 9 / 16, 96, 0.3), rays=512, frames=4, hull_frames=6, cells=16)
    data.prepare_data()
    data.setup("fit")
    labels, rgb = np.array(data.crops.labels), np.array(data.crops.rgb)
    for t in data.train_frames:
        x0, y0, x1, y1 = data.regions.mouth[t]
        labels[t, y0:y1, x0 : (x0 + x1) // 2] = Label.HAND
    data.crops = replace(data.crops, labels=labels, rgb=rgb)
    hidden = np.stack([data.targets(t) == PixelTarget.IGNORED for t in range(len(rgb))])
    assert 0.1 < hidden[data.train_frames].mean() < 0.9
    noise = np.random.default_rng(colour).integers(colour, colour + 100, rgb.shape, np.uint8)
    rgb[hidden] = noise[hidden]
    return data


def learnt(data, folder):
    """Everything that six steps learn, in all phases, and what they say of their losses."""
    module = HeadModule(
        **data.dimensions(), field=FIELD, fast=FAST, shell_at=0.2, shell_frames=2, refresh_every=1, distill_share=0.4,
        perceptual={"at": 0.3, "patch_size": 24},
    )  # fmt: skip
    trainer = lightning.Trainer(
        accelerator="cpu", max_steps=6, max_epochs=-1, limit_val_batches=0, logger=False, enable_checkpointing=False,
        enable_progress_bar=False, enable_model_summary=False, default_root_dir=folder,
    )  # fmt: skip
    trainer.fit(module, data)
    assert module.distillation.begun
    return module.state_dict()


def test_hands_and_padding_take_no_part_in_anything_that_is_learnt(clip, tmp_path):
    dark, bright = (learnt(covered(clip, colour), tmp_path) for colour in (0, 155))
    assert [name for name in dark if not torch.equal(dark[name], bright[name])] == []


def test_what_is_seen_takes_part(clip, tmp_path):
    data = covered(clip, 0)
    before = learnt(data, tmp_path)
    data.crops.rgb[data.crops.labels == Label.HAIR] = 255
    after = learnt(data, tmp_path)
    assert not torch.equal(before["network.field.position_grid.table"], after["network.field.position_grid.table"])
