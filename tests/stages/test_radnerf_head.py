"""The head's stage: trains, resumes bit for bit, exports, renders the same everywhere."""

import shutil

import lightning
import numpy as np
import pytest
import torch
from lightning import Callback

from beavervision.artifacts.bundle import save_bundle
from beavervision.data.sampling import spread_indices
from beavervision.errors import BeaverError
from beavervision.face.framing import FrameSpec
from beavervision.stages.radnerf_head.batch import describe_frames, head_masks
from beavervision.stages.radnerf_head.data import HeadData
from beavervision.stages.radnerf_head.full_frame_renderer import render_full_frames
from beavervision.stages.radnerf_head.inference import HeadRenderer
from beavervision.stages.radnerf_head.module import HeadModule
from beavervision.stages.radnerf_head.patches import PatchSampler
from beavervision.synthetic.miniature import miniature_clip

FIELD = {
    "levels": 6, "finest": 64, "ambient_finest": 32, "log2_entries": 12, "ambient_dims": 2, "hidden": 16,
    "geometry": 8, "samples": 8, "shell_samples": 3, "direct": 3,
}  # fmt: skip
FAST = {"rows": 24, "width": 8, "layers": 2, "frames": 2, "blocks": 8}


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    return miniature_clip(tmp_path_factory.mktemp("head") / "mini", n_frames=22)


@pytest.fixture(scope="module")
def data(clip):
    return make_data(clip)


def make_data(clip, **settings):
    spec = FrameSpec("1x1", 1.0, 48)
    numbers = {"rays": 512, "frames": 4, "hull_frames": 12, "cells": 24, "val_frames": 2, **settings}
    made = HeadData(clip.folder, spec, **numbers)
    made.prepare_data()
    made.setup("fit")
    return made


def make_module(data, **settings):
    numbers = {
        "refresh_every": 2,
        "shell_at": 0.5,
        "shell_frames": 3,
        "average_every": 1,
        "field": FIELD,
        "fast": FAST,
        **settings,
    }
    return HeadModule(**data.dimensions(), **numbers)


class SaveAt(Callback):
    def __init__(self, step, path):
        self.step, self.path = step, path

    def on_train_batch_end(self, trainer, *_):
        if trainer.global_step == self.step:
            trainer.save_checkpoint(self.path)


def train(module, data, folder, steps, callbacks=(), resume=None):
    trainer = lightning.Trainer(
        accelerator="cpu", max_steps=steps, max_epochs=-1, val_check_interval=steps, check_val_every_n_epoch=None,
        num_sanity_val_steps=0, logger=False, enable_checkpointing=False, enable_progress_bar=False,
        enable_model_summary=False, callbacks=list(callbacks), default_root_dir=folder,
    )  # fmt: skip
    trainer.fit(module, data, ckpt_path=resume)
    return trainer


def export(module, data, folder):
    contents = module.bundle_contents(data)
    return save_bundle(
        folder, "radnerf_head", contents.weights, contents.hparams, contents.facts,
        assets=contents.assets, notes=contents.notes, files=contents.files,
    )  # fmt: skip


@pytest.fixture(scope="module")
def trained(data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("trained")
    module = make_module(data)
    trainer = train(module, data, folder, 6)
    return module, trainer, export(module, data, folder / "bundle")


def source_motion(data):
    """The clip's own motion as `render` takes it."""
    raw = data.model.condition68(data.subject.identity, data.subject.expression)
    return np.nan_to_num(raw), data.raw_eye


def test_rays_follow_from_seed_and_step_alone(data, clip):
    a, b, later = data.ray_batch(5), make_data(clip).ray_batch(5), data.ray_batch(6)
    assert torch.equal(a.pixels, b.pixels)
    assert torch.equal(a.rgb, b.rgb)
    assert not torch.equal(a.pixels, later.pixels)
    assert not torch.equal(a.pixels, make_data(clip, seed=2).ray_batch(5).pixels)


def test_rays_come_from_visible_training_frames(data, clip):
    assert set(data.train_frames) == {t for t in clip.train_range if clip.subjects[0].visible[t]}
    seen = {int(t) for step in range(40) for t in data.train_frames[data.ray_batch(step).frame]}
    assert seen == set(data.train_frames.tolist())
    assert seen.isdisjoint(clip.test_range)


def test_rays_carry_the_pixels_they_name(data):
    batch = data.ray_batch(0)
    for i, t in enumerate(data.train_frames[batch.frame]):
        column, row = (batch.pixels[i] - 0.5).long().T.numpy()
        np.testing.assert_allclose(batch.rgb[i], data.crops.rgb[t][row, column] / 255, atol=1e-6)
        np.testing.assert_array_equal(batch.target[i], data.targets(t)[row, column])


def test_pixels_that_are_drawn_anew_replace_the_heads(data):
    batch = data.ray_batch(0)
    chosen = [np.array([[1, 2], [30, 40], [47, 0]]) + i for i in range(4)]
    fresh = data.redrawn(batch, [np.minimum(pixels, 47) for pixels in chosen])
    for i, t in enumerate(fresh.shown):
        column, row = np.minimum(chosen[i], 47).T
        np.testing.assert_array_equal(fresh.pixels[i, :3], np.column_stack([column, row]) + 0.5)
        np.testing.assert_allclose(fresh.rgb[i, :3], data.crops.rgb[t][row, column] / 255, atol=1e-6)
        np.testing.assert_allclose(fresh.matte[i, :3], data.crops.matte[t][row, column] / 255, atol=1e-6)
        np.testing.assert_array_equal(fresh.target[i, :3], data.targets(t)[row, column])
    for name in ("pixels", "rgb", "behind", "target", "matte", "moves"):
        assert torch.equal(getattr(fresh, name)[:, 3:], getattr(batch, name)[:, 3:])


def test_training_conditions_are_noisy_and_others_are_not(clip):
    noisy, plain = make_data(clip, noise=0.5), make_data(clip, noise=0.0)
    one, true = noisy.ray_batch(3).face.windows, plain.ray_batch(3).face.windows
    assert float((one - true).std()) == pytest.approx(0.5, rel=0.1)
    torch.testing.assert_close((one - true)[:, :1].expand_as(one), one - true)  # a window is one look at a face
    assert torch.equal(one, noisy.ray_batch(3).face.windows)
    assert torch.equal(noisy.frame_batch(20).face.windows, plain.frame_batch(20).face.windows)


def test_rays_and_patches_name_their_frames(data):
    for batch in (data.ray_batch(0), data.patch_batch(0, PatchSampler(frames=3, blocks=8))):
        assert batch.shown == tuple(data.train_frames[batch.frame].tolist())
        assert batch.to("cpu").describe() == "of frames " + ", ".join(map(str, sorted(set(batch.shown))))


def test_a_loss_that_is_not_a_number_names_the_frames_of_its_phase(data, trained):
    module = trained[0]
    batch = data.ray_batch(0)
    assert module.describe_batch(batch) == describe_frames(module.distillation.shown)  # it ended in the last phase


def test_statistics_are_those_of_training_frames(data):
    raw, _ = source_motion(data)
    np.testing.assert_allclose(data.scale.mean, raw[data.train_frames].mean(0), atol=1e-5)


def test_the_hull_holds_the_true_face(data):
    """Vertices of the actor's face lie in occupied cells, whatever the face does."""
    keys = data.model.landmarks68[17:]
    size = (data.box[3:] - data.box[:3]) / 24
    for t in spread_indices(data.train_frames, 5):
        points = data.model.vertices(data.subject.identity, data.subject.expression[t])[keys]
        cells = ((points - data.box[:3]) / size).astype(int)
        assert data.hull[tuple(cells.T)].mean() > 0.95


def test_training_writes_figures_strips_and_the_shell(trained):
    module, trainer, _ = trained
    figures = {"val/psnr", "val/psnr_face", "val/psnr_mouth"}
    assert {"train/loss", *figures, *(f"{name}_fast" for name in figures)} <= set(trainer.callback_metrics)
    assert [picture.name for picture in module.validation_media()] == ["strip", "strip_fast"]
    assert module.network.in_shell
    shell = module.network.occupancy.occupied
    assert 0 < int(shell.sum()) < shell.numel()


@pytest.mark.parametrize("stop", [1, 2, 3], ids=["before patches judge", "before the last phase", "in the last phase"])
def test_resuming_equals_never_stopping_bit_for_bit(data, tmp_path, stop):
    settings = {"shell_at": 0.25, "distill_share": 0.5, "perceptual": {"at": 0.5}, "error_share": 0.25}
    whole = make_module(data, **settings)
    train(whole, data, tmp_path / "a", 4, [SaveAt(stop, tmp_path / "stop.ckpt")])
    again = make_module(data, **settings)
    train(again, data, tmp_path / "b", 4, resume=tmp_path / "stop.ckpt")
    ours, theirs = whole.state_dict(), again.state_dict()
    assert ours.keys() == theirs.keys()
    assert [name for name in ours if not torch.equal(ours[name], theirs[name])] == []
    torch.load(tmp_path / "stop.ckpt", weights_only=True)


def test_a_bundle_renders_what_the_module_rendered(data, trained):
    module, _, bundle = trained
    t = int(data.test_frames[0])
    batch = module.poses.correct(data.frame_batch(t))
    network = module.average.network
    condition = network.encode(batch.face.windows, batch.face.eye)
    shown = render_full_frames(network, condition, batch.cameras, batch.rotation, batch.translation, data.crops.size)
    renderer = HeadRenderer.from_bundle(bundle.folder)
    raw, eye = source_motion(data)
    rotation, translation, cameras = (array[[t]] for array in renderer.source_poses)
    rgb, alpha = renderer.render(raw, eye, rotation, translation, cameras, [t], clamp=False)
    assert rgb.shape == (1, 48, 48, 3)
    torch.testing.assert_close(rgb, shown.rgb, atol=1e-5, rtol=0)
    torch.testing.assert_close(alpha, shown.alpha, atol=1e-5, rtol=0)


def test_backends_render_the_same_and_a_batch_is_its_frames(data, trained):
    bundle = trained[2]
    raw, eye = source_motion(data)
    frames = np.array([2, 9, 15])
    results = []
    for backend in ("torch", "numba"):
        renderer = HeadRenderer.from_bundle(bundle.folder, backend)
        poses = [array[frames] for array in renderer.source_poses]
        results.append(renderer.render(raw, eye, *poses, frames))
    for a, b in zip(*results, strict=True):
        assert float((a - b).abs().max()) <= 1 / 255
    single = renderer.render(raw, eye, *[p[1:2] for p in poses], frames[1:2])
    torch.testing.assert_close(single[0][0], results[1][0][1], atol=1e-5, rtol=0)


def test_a_bundle_renders_fast_where_it_learnt_to(data, trained, tmp_path):
    raw, eye = source_motion(data)
    shown = {}
    for render in ("full", "fast", "auto"):
        renderer = HeadRenderer.from_bundle(trained[2].folder, render=render)
        poses = [array[[3, 8]] for array in renderer.source_poses]
        shown[render], alpha = renderer.render(raw, eye, *poses, [3, 8], clamp=False)
        assert bool((shown[render] <= alpha[..., None] + 1e-6).all())
    assert torch.equal(shown["auto"], shown["fast"])
    # It began as the full head sees, one step ago.
    assert 0 < float((shown["fast"] - shown["full"]).abs().mean()) < 0.05
    with pytest.raises(BeaverError, match=r"hardware\.render=quick"):
        HeadRenderer.from_bundle(trained[2].folder, render="quick")


def test_a_full_head_s_layers_compute_in_the_precision_asked_for(data, trained):
    raw, eye = source_motion(data)
    shown = {}
    for precision in ("auto", "32-true", "bf16-mixed"):
        renderer = HeadRenderer.from_bundle(trained[2].folder, precision=precision)
        poses = [array[[3, 8]] for array in renderer.source_poses]
        shown[precision] = renderer.render(raw, eye, *poses, [3, 8], clamp=False)[0]
    assert torch.equal(shown["auto"], shown["32-true"])
    assert 0 < float((shown["bf16-mixed"] - shown["auto"]).abs().mean()) < 1 / 255
    with pytest.raises(BeaverError, match="in precision 64-true"):
        HeadRenderer.from_bundle(trained[2].folder, precision="64-true")


def test_a_bundle_without_a_fast_head_says_so(data, tmp_path):
    module = make_module(data, distill=False)
    bundle = export(module, data, tmp_path / "bundle")
    assert HeadRenderer.from_bundle(bundle.folder, render="auto").fast is None
    with pytest.raises(BeaverError, match=r"model\.distill=true"):
        HeadRenderer.from_bundle(bundle.folder, render="fast")


def test_rendering_needs_no_footage(trained, tmp_path):
    bundle = trained[2]
    moved = tmp_path / "moved"
    shutil.copytree(bundle.folder, moved)
    renderer = HeadRenderer.from_bundle(moved)
    assert renderer.size == (48, 48)
    assert renderer.plate.shape[:2] == (120, 160)
    assert renderer.crop_path.shape == (22, 3)
    blink = renderer.eye_from_blink(np.array([0.0, 1.0]))
    assert blink[0] > blink[1]
    rotation, translation, cameras = (array[:1] for array in renderer.source_poses)
    rgb, alpha = renderer.render(np.zeros((3, 68, 3)), np.full(3, blink[0]), rotation, translation, cameras, [2])
    assert bool(torch.isfinite(rgb).all())
    assert bool((rgb <= alpha[..., None] + 1e-6).all())


def test_the_condition_changes_the_mouth_and_not_the_hair(data):
    """Ambient coordinates reach the picture: another expression is another picture."""
    network = make_module(data).network
    network.occupancy.restrict(torch.from_numpy(data.hull))
    batch = data.frame_batch(int(data.train_frames[0]))
    windows = torch.stack([batch.face.windows[0], batch.face.windows[0] + 2.0])
    condition = network.encode(windows, batch.face.eye.expand(2))
    density, _, ambient = network.geometry(torch.rand(2, 50, 3), condition)
    assert float((ambient[0] - ambient[1]).abs().max()) > 1e-4
    assert bool(torch.isfinite(density).all())


def test_density_hears_the_face_directly_where_it_is_told_to(data):
    """Two faces that the window's encoder cannot tell apart, and the ambient coordinate with it."""
    plain, direct = (make_module(data, field={**FIELD, "direct": count}).network for count in (0, 3))
    points, windows = torch.rand(2, 50, 3), torch.randn(2, 5, 1, 204)
    for network, differs in ((plain, False), (direct, True)):
        torch.nn.init.zeros_(network.condition.linears[-1].weight)
        torch.nn.init.zeros_(network.field.ambient.rest[-1].weight)
        condition = network.encode(windows, torch.zeros(2))
        density, _, _ = network.geometry(points[:1].expand(2, -1, -1), condition)
        assert torch.allclose(density[0], density[1], rtol=1e-4) is not differs


def test_the_bundle_holds_the_poses_that_the_head_was_trained_and_judged_with(data, tmp_path):
    module = make_module(data, lr_pose=0.05, shell_at=2.0)
    train(module, data, tmp_path, 3)
    contents = module.bundle_contents(data)
    t = int(data.test_frames[0])
    corrected = module.poses.correct(data.frame_batch(t))
    np.testing.assert_allclose(contents.assets["rotation"][t], corrected.rotation[0].detach(), atol=1e-6)
    np.testing.assert_allclose(contents.assets["translation"][t], corrected.translation[0].detach(), atol=1e-5)
    assert np.abs(contents.assets["rotation"][t] - data.rotation[t]).max() > 1e-5
    assert not any(name.startswith("poses") for name in contents.weights)


@pytest.mark.slow
def test_a_held_out_head_is_recognised(clip, tmp_path):
    """Some hundred steps on twenty small frames: far closer than a head of the right shape and mean colour."""
    data = make_data(clip, rays=1024, cells=32)
    field = {**FIELD, "hidden": 32, "geometry": 16}
    module = make_module(data, field=field, shell_at=0.3, refresh_every=16, average_every=4, distill=False)
    trainer = train(module, data, tmp_path, 250)
    batches = [data.frame_batch(int(t)) for t in data.test_frames]
    pixels = torch.cat([batch.rgb[head_masks(batch)["psnr"]] / 255 for batch in batches])
    flat = -10 * (pixels - pixels.mean(0)).square().mean().log10()
    assert float(trainer.callback_metrics["val/psnr"]) > float(flat) + 4
