from dataclasses import replace

import lightning
import numpy as np
import pytest
import torch

from beavervision.artifacts.bundle import save_bundle
from beavervision.errors import BeaverError
from beavervision.face.framing import FrameSpec
from beavervision.stages.radnerf_torso import data as torso_data
from beavervision.stages.radnerf_torso.batch import make_batch_example
from beavervision.stages.radnerf_torso.conditioner import TorsoConditioner, similarity
from beavervision.stages.radnerf_torso.data import TorsoData, spread
from beavervision.stages.radnerf_torso.figures import gap
from beavervision.stages.radnerf_torso.frozen_head import check_head
from beavervision.stages.radnerf_torso.held_out import HeldOut
from beavervision.stages.radnerf_torso.inference import TorsoRenderer, bake, render_baked, render_exact
from beavervision.stages.radnerf_torso.losses import TorsoWeights, torso_loss
from beavervision.stages.radnerf_torso.module import RadNerfTorso
from beavervision.stages.radnerf_torso.network import TorsoField, canvas_points
from beavervision.stages.radnerf_torso.raster import Raster
from beavervision.stages.radnerf_torso.still import painted_over, still_frame
from beavervision.stages.radnerf_torso.targets import Target, torso_targets
from beavervision.stages.radnerf_torso.track import SourceTrack, body_track
from beavervision.types import Label

SPEC = FrameSpec("1x1", 1.0, 48, 0.4)
SMALL = {"levels": 6, "finest": 48, "log2_entries": 10, "hidden": 16, "canonical": 8, "decay_steps": 1000}


# --- conditioner -------------------------------------------------------------------------------------------------


def test_similarity_recovers_turn_scale_and_shift():
    rng = np.random.default_rng(0)
    source = rng.normal(size=(4, 5, 2))
    angle, scale, shift = 0.3, 1.7, np.array([0.2, -0.9])
    turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    for points in source:
        found = similarity(points[None], points @ turn.T + shift)[0]
        np.testing.assert_allclose(found, np.column_stack([turn, shift]), atol=1e-9)


def make_track(n: int = 4) -> SourceTrack:
    """Heads that look into the camera 50 cm away, moving to the right by 1 cm a frame; shoulders stand still."""
    return SourceTrack(
        rotation=np.tile(np.diag([1.0, -1.0, -1.0]), (n, 1, 1)),
        translation=np.column_stack([np.arange(n, dtype=float), np.zeros(n), np.full(n, 50.0)]),
        body=np.tile([[20.0, 80.0], [80.0, 80.0], [50.0, 70.0]], (n, 1, 1)),
        eye_open=np.full((n, 2), 0.3),
        expression=np.zeros((n, 64)),
        visible=np.ones(n, bool),
        occluded=np.zeros(n, bool),
        box=np.tile([40.0, 30.0, 60.0, 60.0], (n, 1)),
        path=np.tile([10.0, 0.0, 0.5], (n, 1)),
        cameras=np.tile([100.0, 100.0, 20.0, 25.0], (n, 1)),
    )


def test_keypoints_by_hand():
    # Head point (0, -1, 0) cm -> camera (0, 1, 50): canvas (100 x 0 / 50 + 20, 100 x 1 / 50 + 25) = (20, 27).
    # Canvas 40 x 50: field x = (20 - 20) / 25 = 0, y = (27 - 25) / 25 = 0.08; one cm to the right adds 2 / 25.
    # Right shoulder, frame (20, 80): canvas ((20 - 10) 0.5, 80 x 0.5) = (5, 40): field (-0.6, 0.6).
    jaw = np.tile([0.0, -1.0, 0.0], (7, 1))
    track = make_track()
    conditioner = TorsoConditioner.fit(jaw, (40, 50), track)
    points = conditioner.keypoints(track.rotation, track.translation, track.cameras, track.body, track.path)
    np.testing.assert_allclose(points[0, 0], [0.0, 0.08], atol=1e-9)
    np.testing.assert_allclose(points[1, 0], [0.08, 0.08], atol=1e-9)
    np.testing.assert_allclose(points[:, 7], np.tile([-0.6, 0.6], (4, 1)), atol=1e-9)


def test_condition_is_normalised_and_clamped_to_the_trained_range():
    jaw = np.random.default_rng(0).normal(size=(7, 3))
    track = make_track()
    conditioner = TorsoConditioner.fit(jaw, (40, 50), track)
    told = conditioner.condition(track)
    assert told.points.shape == (4, 20)
    np.testing.assert_allclose(told.points[:, 0].std(), 1, rtol=1e-5)
    beyond = replace(track, translation=track.translation + np.array([100.0, 0, 0]))
    np.testing.assert_allclose(conditioner.condition(beyond).points[:, 0], told.points[-1, 0], rtol=1e-5)


def test_conditioner_survives_the_bundle():
    conditioner = TorsoConditioner.fit(np.ones((7, 3)), (40, 50), make_track())
    again = TorsoConditioner.from_assets(conditioner.to_assets())
    np.testing.assert_array_equal(again.condition(make_track()).points, conditioner.condition(make_track()).points)


# --- track -------------------------------------------------------------------------------------------------------


def test_doubtful_body_points_are_bridged(miniature):
    subject = miniature.subjects[0]
    body = np.tile(np.array([[10.0, 50, 1], [90, 50, 1], [50, 40, 1]]), (miniature.n_frames, 1, 1))
    body[5:8, 0] = [500, 500, 0.05]
    body[9, 1] = np.nan
    np.testing.assert_allclose(body_track(replace(subject, body=body))[7], [[10, 50], [90, 50], [50, 40]], atol=1e-6)


def test_body_that_is_never_seen_stands_below_the_face(miniature):
    subject = miniature.subjects[0]
    found = body_track(replace(subject, body=np.full_like(subject.body, np.nan)))
    chin = np.nanmedian(subject.box[:, 3])
    assert np.isfinite(found).all()
    assert (found[:, 0, 0] < found[:, 2, 0]).all()  # the right shoulder is on the picture's left
    assert (found[:, :, 1] > chin - 5).all()


# --- targets -----------------------------------------------------------------------------------------------------


def drawn() -> tuple[np.ndarray, np.ndarray]:
    """A head (rows 0-19) on a neck (rows 20-39) in a picture of 40 x 40; the neck is red, the head green."""
    labels = np.zeros((40, 40), np.uint8)
    labels[:20, 10:30] = Label.FACE
    labels[20:, 10:30] = Label.NECK
    rgb = np.zeros((40, 40, 3), np.uint8)
    rgb[labels == Label.FACE] = (0, 200, 0)
    rgb[labels == Label.NECK] = (200, 0, 0)
    return rgb, labels


def test_targets_of_a_drawn_head():
    rgb, labels = drawn()
    colour, kind = torso_targets(rgb, labels, np.ones((40, 40), bool), reach=8)
    assert kind[30, 20] == Target.BODY
    assert kind[30, 5] == Target.EMPTY
    assert kind[2, 20] == Target.UNKNOWN  # far up the head
    assert kind[15, 20] == Target.UNDER  # 5 rows above the neck, within reach of 8
    assert kind[19, 20] == kind[20, 20] == Target.SEAM
    # Under the head the torso is as red as the neck, not green.
    np.testing.assert_array_equal(colour[15, 20], [200, 0, 0])
    np.testing.assert_array_equal(colour[30, 20], rgb[30, 20])


def test_behind_the_face_is_neck_even_where_the_collar_is_nearer():
    rgb, labels = drawn()
    labels[20:, 10:18] = labels[24:, 18:30] = Label.TORSO  # a blue collar up to the chin on one side
    rgb[labels == Label.TORSO] = (0, 0, 200)
    colour, kind = torso_targets(rgb, labels, np.ones((40, 40), bool), reach=8)
    assert kind[14, 12] == Target.UNDER
    np.testing.assert_array_equal(colour[14, 12], [200, 0, 0])


def test_hands_foreign_things_and_padding_ask_nothing():
    rgb, labels = drawn()
    labels[30:, 10:15], labels[30:, 25:30] = Label.HAND, Label.OTHER
    inside = np.ones((40, 40), bool)
    inside[:, 35:] = False
    _, kind = torso_targets(rgb, labels, inside, reach=8)
    assert (kind[30:, 10:15] == Target.UNKNOWN).all()
    assert (kind[30:, 25:30] == Target.UNKNOWN).all()
    assert (kind[:, 37:] == Target.UNKNOWN).all()
    assert kind[30, 35] == Target.EMPTY  # padding next to the border continues the picture


def test_a_speck_of_body_inside_the_head_is_none():
    rgb, labels = drawn()
    labels[8:10, 19:21] = Label.NECK
    _, kind = torso_targets(rgb, labels, np.ones((40, 40), bool), reach=4)
    assert (kind[6:12, 17:23] == Target.UNKNOWN).all()


def test_a_picture_without_head_or_body():
    rgb, labels = drawn()
    for keep in (Label.FACE, Label.NECK):
        only = np.where(labels == keep, labels, 0).astype(np.uint8)
        _, kind = torso_targets(rgb, only, np.ones((40, 40), bool), reach=8)
        assert Target.UNDER not in kind


# --- raster ------------------------------------------------------------------------------------------------------


def test_raster_is_no_finer_than_the_footage():
    path = np.tile([0.0, 0.0, 0.8], (3, 1))  # 0.8 canvas pixels for each of the footage's
    assert Raster.of((48, 32), path, 2.0).detail == pytest.approx(1.25)
    assert Raster.of((48, 32), path, 1.1).size == (53, 36)  # 52.8, 35.2: the last pixel may hang over
    assert Raster.of((48, 32), path * 4, 2.0).detail == 1


def test_raster_and_canvas_share_their_frame_of_reference():
    # A ramp of 10 a canvas pixel, 10 u at centre u; raster pixel i has its centre at canvas (i + 0.5) / 2.
    canvas = np.tile(10 * (np.arange(8, dtype=np.float32) + 0.5), (6, 1))
    raster = Raster((8, 6), 2.0)
    fine = raster.refine(canvas)
    assert fine.shape == (12, 16)
    np.testing.assert_allclose(fine[5, 1:-1], 10 * (np.arange(1, 15) + 0.5) / 2, atol=1e-3)
    pixels = np.array([16 * 5 + 3, 16 * 2 + 9])
    np.testing.assert_allclose(raster.sample(canvas, pixels), fine.reshape(-1)[pixels], atol=0.4)
    # The window of a canvas at (4, 2) with 0.5 px a footage px: the same corner, 1 px a footage px.
    np.testing.assert_array_equal(raster.window(np.array([4.0, 2.0, 0.5])), [4, 2, 1])


# --- network and loss --------------------------------------------------------------------------------------------


def make_field(**options) -> TorsoField:
    small = {name: SMALL[name] for name in ("levels", "finest", "log2_entries", "hidden", "canonical")}
    torch.manual_seed(0)
    return TorsoField(20, 3, 1.0, **(small | options), backend="torch")


def test_movement_starts_as_the_mean_of_both_rigid_movements():
    field, batch = make_field(), make_batch_example()
    head = torch.tensor([[1.0, 0, 0.4], [0, 1, 0]]).expand(2, -1, -1)
    rest, shading = field.move(batch.points, batch.condition, head, batch.body)
    torch.testing.assert_close(rest, batch.points + torch.tensor([0.2, 0.0]))
    assert (shading == 0).all()


def test_lattice_and_pixels_share_their_frame_of_reference():
    # Canvas 6 x 4: the first pixel's centre (0.5, 0.5) is ((0.5 - 3) / 2, (0.5 - 2) / 2).
    torch.testing.assert_close(canvas_points(6, 4)[0, 0], torch.tensor([-1.25, -0.75]))
    # A lattice of every 2 pixels: 3 x 2 points, the first at (1, 1).
    assert canvas_points(6, 4, 2.0).shape == (2, 3, 2)
    torch.testing.assert_close(canvas_points(6, 4, 2.0)[0, 0], torch.tensor([-1.0, -0.5]))


def test_field_gradients_reach_every_parameter():
    field, batch = make_field(code=4), make_batch_example()
    batch.kind[:] = Target.BODY
    torch.nn.init.normal_(field.movement[-1].weight)  # the zero start stops the gradient of what lies before
    rgb, alpha = field(batch.points, batch.condition, batch.head, batch.body, batch.frames)
    torso_loss(rgb, alpha, batch, TorsoWeights()).backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in field.parameters())


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        # alpha 0.5, rgb 0.8, background 0.2: torso 0.5; colour 0.9; weights: opacity 0.1, closed 0.5, under 0.1.
        (Target.BODY, (0.5 - 0.9) ** 2 + 0.1 * 0.25),
        (Target.EMPTY, (0.5 - 0.9) ** 2 + 0.1 * 0.25),
        (Target.UNDER, 0.1 * (0.8 - 0.9) ** 2 + 0.5 * 0.25),
        # Head 0.3 (premultiplied) of opacity 0.6 over it: 0.3 + 0.4 x 0.5 = 0.5.
        (Target.SEAM, (0.5 - 0.9) ** 2 + 0.5 * 0.25),
        (Target.UNKNOWN, 0.0),
    ],
)
def test_loss_by_hand(kind, expected):
    batch = make_batch_example(frames=1, points=1)
    batch.kind[:], batch.colour[:], batch.background[:] = int(kind), 0.9, 0.2
    batch.head_rgb[:], batch.head_alpha[:] = 0.3, 0.6
    loss = torso_loss(torch.full((1, 1, 3), 0.8), torch.full((1, 1), 0.5), batch, TorsoWeights(0.1, 0.5, 0.1))
    assert float(loss) == pytest.approx(expected, abs=1e-6)


def test_seam_without_a_rendered_head_asks_for_opacity_only():
    batch = make_batch_example(frames=1, points=1)
    batch.kind[:], batch.has_head[:] = int(Target.SEAM), False
    loss = torso_loss(torch.full((1, 1, 3), 0.8), torch.full((1, 1), 0.5), batch, TorsoWeights(0.1, 0.5, 0.1))
    assert float(loss) == pytest.approx(0.5 * 0.25, abs=1e-6)


def test_gap_by_hand():
    kind = np.array([[Target.SEAM, Target.UNDER], [Target.BODY, Target.EMPTY]], np.uint8)
    alpha, head = torch.tensor([[0.5, 1.0], [0, 0]]), torch.tensor([[0.5, 0.0], [0, 0]])
    blank = torch.zeros(2, 2, 3)
    frame = HeldOut(0, blank, torch.ones(2, 2, dtype=torch.bool), kind, blank, head, blank)
    assert float(gap(alpha, frame)) == pytest.approx((0.25 + 0) / 2)


def test_spread_keeps_both_ends():
    assert spread(np.arange(10, 20), 3).tolist() == [10, 14, 19]
    assert spread(np.arange(3), 5).tolist() == [0, 1, 2]


# --- still -------------------------------------------------------------------------------------------------------


def test_still_avoids_hands_and_unusual_shoulders(miniature):
    class Canvas:
        labels = np.zeros((4, 8, 8), np.uint8)

    Canvas.labels[0] = Label.HAND
    track = make_track()
    track.body[1] += 30
    assert still_frame(track, np.arange(4), Canvas) in (2, 3)


def test_painted_over_leaves_the_rest():
    rgb = np.full((60, 80, 3), 90, np.uint8)
    mask = np.zeros((60, 80), np.uint8)
    mask[20:40, 30:50] = 1
    rgb[mask > 0] = 255
    painted = painted_over(rgb, mask)
    assert np.abs(painted[mask > 0].astype(int) - 90).max() <= 4
    np.testing.assert_array_equal(painted[:10], rgb[:10])


# --- the stage ---------------------------------------------------------------------------------------------------


class TrueHead:
    """Stands for the frozen head: shows exactly the head of the footage."""

    def __init__(self, folder, clip, subject, crops, backend):
        self._crops = crops

    def render(self, frames):
        for t in frames:
            alpha = np.isin(self._crops.labels[t], (Label.HAIR, Label.FACE)).astype(np.float32)
            yield int(t), self._crops.rgb[t] / 255 * alpha[..., None], alpha


def head_bundle(folder, clip, frame=SPEC.slug, sha=None):
    facts = {"clip": clip.name, "clip_sha256": sha or clip.sha256, "frame": frame}
    save_bundle(folder, "radnerf_head", {"w": torch.zeros(1)}, {}, facts)
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
    rgb, alpha = renderer.render(renderer.track.take(frames))
    condition = data.conditioner.condition(data.track.take(frames))
    expected = render_baked(module.network, bake(module.network, data.raster), data.raster, data.region, condition)
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
