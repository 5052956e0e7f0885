from dataclasses import asdict

import lightning
import numpy as np
import pytest
import torch
from PIL import Image

from beavervision.artifacts.bundle import save_bundle
from beavervision.data.sampling import spread_indices
from beavervision.errors import BeaverError
from beavervision.face.framing import FrameSpec
from beavervision.stages.radnerf_torso import data as torso_data
from beavervision.stages.radnerf_torso.data import TorsoData
from beavervision.stages.radnerf_torso.frozen_head import check_head
from beavervision.stages.radnerf_torso.inference import TorsoRenderer, bake, render_baked, render_exact
from beavervision.stages.radnerf_torso.module import RadNerfTorso
from beavervision.stages.radnerf_torso.texture_detail import detail_from_picture
from beavervision.types import Label

SPEC = FrameSpec("1x1", 1.0, 48, 0.4)
SMALL = {"levels": 6, "finest": 48, "log2_entries": 10, "hidden": 16, "canonical": 8, "decay_steps": 1000}


def test_spread_keeps_both_ends():
    assert spread_indices(np.arange(10, 20), 3).tolist() == [10, 14, 19]
    assert spread_indices(np.arange(3), 5).tolist() == [0, 1, 2]


class TrueHead:
    """Stands for the frozen head: shows exactly the head of the footage."""

    def __init__(self, folder, clip, subject, crops, backend):
        self._crops = crops

    def render(self, frames):
        for t in frames:
            alpha = np.isin(self._crops.labels[t], (Label.HAIR, Label.FACE)).astype(np.float32)
            yield int(t), self._crops.rgb[t] / 255 * alpha[..., None], alpha


CORRECTION = np.array([0.0, 0.05, 0.0])
"""cm by which the head's training moved it."""


def head_bundle(folder, clip, frame=SPEC.slug, sha=None):
    facts = {
        "clip": clip.name,
        "clip_sha256": sha or clip.sha256,
        "fps": clip.fps,
        "basis": clip.facts.basis,
        "frame": frame,
        "frame_spec": asdict(SPEC),
        "canvas": [64, 48],
        "train_frames": 10,
    }
    subject = clip.subjects[0]
    assets = {"rotation": subject.rotation, "translation": subject.translation + CORRECTION}
    save_bundle(folder, "radnerf_head", {"w": torch.zeros(1)}, {}, facts, assets=assets)
    return folder


@pytest.fixture
def make_data(miniature, tmp_path, monkeypatch):
    monkeypatch.setattr(torso_data, "FrozenHead", TrueHead)
    folder = head_bundle(tmp_path / "head", miniature)

    def make(**options) -> TorsoData:
        small = {
            "frames": 12,
            "frames_per_step": 4,
            "points_per_frame": 64,
            "head_frames": 6,
            "val_frames": 2,
            "backend": "torch",
        }
        data = TorsoData(miniature.folder, SPEC, {"radnerf_head": folder}, **(small | {"backend": "torch"} | options))
        data.setup("fit")
        return data

    return make


def train(
    data: TorsoData, steps: int, checkpoint=None, validate=False, backend="torch"
) -> tuple[RadNerfTorso, lightning.Trainer]:
    torch.manual_seed(0)
    module = RadNerfTorso(**data.dimensions(), **SMALL, backend=backend)
    trainer = lightning.Trainer(
        max_steps=steps,
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        limit_val_batches=1.0 if validate else 0,
        val_check_interval=steps,
        check_val_every_n_epoch=None,
    )
    trainer.fit(module, datamodule=data, ckpt_path=checkpoint, weights_only=True if checkpoint else None)
    return module, trainer


def test_head_of_another_clip_is_refused(miniature, tmp_path):
    folder = head_bundle(tmp_path / "head", miniature, sha="0" * 64)
    with pytest.raises(BeaverError, match=r"model=radnerf_head"):
        check_head(folder, miniature, SPEC.slug)


def test_head_on_another_canvas_is_refused(miniature, tmp_path):
    folder = head_bundle(tmp_path / "head", miniature, frame="9x16-h256")
    with pytest.raises(BeaverError, match=r"9x16-h256.*1x1-h48-f0.4"):
        check_head(folder, miniature, SPEC.slug)


def test_a_canvas_without_a_body_is_refused(miniature, tmp_path, monkeypatch):
    monkeypatch.setattr(torso_data, "FrozenHead", TrueHead)
    tight = FrameSpec("1x1", 1.0, 48, 1.5, (0.0, 0.3))
    folder = head_bundle(tmp_path / "head", miniature, frame=tight.slug)
    with pytest.raises(BeaverError, match="neither neck nor shoulders"):
        TorsoData(miniature.folder, tight, {"radnerf_head": folder}).setup("fit")


def test_draws_are_a_function_of_their_number(make_data):
    data = make_data()
    first, again, other = data.draw(3), data.draw(3), data.draw(4)
    assert torch.equal(first.colour, again.colour)
    assert not torch.equal(first.colour, other.colour)
    assert first.points.shape == (4, 64, 2)
    assert first.has_head[2:].all()  # the second half comes from frames whose head is rendered
    assert not (first.frames >= data.dimensions()["n_frames"]).any()
    # A draw shows what the footage shows: its pixels lie where its points say.
    frame, point = int(data.train_frames[first.frames[0]]), first.points[0, 0].numpy()
    x, y = (point * SPEC.height / 2 + np.array(data.crops.size) / 2) * data.raster.detail
    known = data.footage.colour[data.footage.row(frame), int(y), int(x)]
    np.testing.assert_allclose(first.colour[0, 0] * 255, known, atol=1e-3)


def test_two_steps_to_a_bundle_and_back(make_data, tmp_path):
    data = make_data()
    module, trainer = train(data, 2, validate=True)
    assert {"val/psnr", "val/gap"} <= set(trainer.callback_metrics)
    contents = module.bundle_contents(data)
    assert {"clip", "clip_sha256", "frame", "frame_spec", "fps", "basis"} <= set(contents.facts)
    parts = {name: getattr(contents, name) for name in ("assets", "notes", "files")}
    save_bundle(tmp_path / "b", module.stage, contents.weights, contents.hparams, contents.facts, **parts)
    renderer = TorsoRenderer.from_bundle(tmp_path / "b", backend="torch")
    frames = data.measured
    # Films take their poses from here: they have to be those that the head was trained in.
    tracked = data.person.translation[frames]
    np.testing.assert_allclose(renderer.track.translation[frames], tracked + CORRECTION, atol=1e-5)
    rgb, alpha = renderer.render(renderer.track.take(frames))
    condition = data.conditioner.condition(data.track.take(frames))
    baked = bake(module.network, data.raster)
    baked[..., :3] += detail_from_picture(np.asarray(Image.open(tmp_path / "b" / "detail.png")))
    expected = render_baked(module.network, baked, data.raster, data.region, condition)
    np.testing.assert_array_equal(rgb, expected[0])
    np.testing.assert_array_equal(alpha, expected[1])
    assert (tmp_path / "b" / "plate.png").exists()
    assert (tmp_path / "b" / "strip.png").exists()


def test_resumed_equals_uninterrupted(make_data, tmp_path):
    whole, _ = train(make_data(), 4)
    _, trainer = train(make_data(), 2)
    trainer.save_checkpoint(tmp_path / "last.ckpt")
    resumed, _ = train(make_data(), 4, checkpoint=tmp_path / "last.ckpt")
    for (name, a), b in zip(whole.state_dict().items(), resumed.state_dict().values(), strict=True):
        assert torch.equal(a, b), name


def test_learns_the_torso_and_closes_the_neck(make_data):
    data = make_data(points_per_frame=512)
    module, trainer = train(data, 120, validate=True, backend="auto")
    figures = trainer.callback_metrics
    black = float(-10 * np.log10(np.mean((data.footage.picture[:, data.region] / 255.0) ** 2)))
    assert figures["val/psnr"] > black + 10
    assert figures["val/gap"] < 0.05
    # The baked picture is the field's own but for interpolation.
    condition = data.conditioner.condition(data.track.take(data.measured))
    baked = render_baked(module.network, bake(module.network, data.raster), data.raster, data.region, condition)
    exact = render_exact(module.network, data.raster, data.region, condition)
    assert np.abs(baked[1] - exact[1]).mean() < 0.01
    assert np.abs(baked[0] * baked[1][..., None] - exact[0] * exact[1][..., None]).mean() < 0.01
    again = render_baked(module.network, bake(module.network, data.raster), data.raster, data.region, condition)
    np.testing.assert_array_equal(baked[0], again[0])  # nothing random at inference
