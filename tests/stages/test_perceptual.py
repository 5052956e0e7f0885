"""Patches judged as people look at them: what is compared, by which loss, and when."""

import pytest
import torch
from lightning import Callback
from stage_training import fit

from beavervision.face.framing import FrameSpec
from beavervision.metrics.lpips import SMALLEST, Lpips
from beavervision.stages.radnerf_head.batch import describe_frames
from beavervision.stages.radnerf_head.data import HeadData
from beavervision.stages.radnerf_head.module import HeadModule
from beavervision.stages.radnerf_head.patches import PatchSampler
from beavervision.stages.radnerf_head.perceptual import PerceptualLoss, composite_over
from beavervision.stages.radnerf_head.targets import PixelTarget
from beavervision.stages.radnerf_head.training_schedule import TrainingSchedule
from beavervision.synthetic.miniature import miniature_clip

FIELD = {"levels": 4, "finest": 32, "ambient_finest": 16, "log2_entries": 10, "hidden": 16, "geometry": 8, "samples": 8}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    clip = miniature_clip(tmp_path_factory.mktemp("perceptual") / "mini", n_frames=12)
    made = HeadData(clip.folder, FrameSpec("1x1", 1.0, 48), rays=256, frames=4, hull_frames=4, cells=24)
    made.prepare_data()
    made.setup("fit")
    return made


@pytest.fixture(scope="module")
def batch(data):
    return data.patch_batch(0, PerceptualLoss().plan)


@pytest.fixture
def truth(batch):
    """Colour and opacity of a head that is the footage."""
    return torch.cat([batch.rgb, torch.ones(*batch.target.shape, 1)], -1).flatten(0, 1)


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """A file like torchvision's, of chance."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        layers = {name: torch.randn_like(value) * 0.02 for name, value in Lpips().features.state_dict().items()}
    places = dict(zip("01234", (0, 3, 6, 8, 10), strict=True))
    path = tmp_path_factory.mktemp("weights") / "alexnet.pth"
    torch.save({f"features.{places[name[0]]}{name[1:]}": value for name, value in layers.items()}, path)
    return path


def test_what_is_seen_through_the_head_follows_from_the_target(batch):
    """Half of 0.8 (premultiplied 0.4) over what is behind: the plate, 0.2, or the footage, 0.6; grey what is hidden."""
    kinds = torch.tensor(
        [PixelTarget.HEAD, PixelTarget.EDGE, PixelTarget.EMPTY, PixelTarget.FREE, PixelTarget.IGNORED],
        dtype=torch.uint8,
    )
    side = batch.pixels.shape[1]
    batch = type(batch)(**vars(batch))
    batch.rgb, batch.behind = torch.full((1, side, 3), 0.6), torch.full((1, side, 3), 0.2)
    batch.target = torch.full((1, side), PixelTarget.HEAD, dtype=torch.uint8)
    batch.target[0, :5] = kinds
    shown = torch.tensor([0.4, 0.4, 0.4, 0.5]).expand(side, 4).clone().requires_grad_()
    picture, truth = composite_over(shown, batch)
    torch.testing.assert_close(picture[0, 0].flatten()[:5], torch.tensor([0.5, 0.5, 0.7, 0.7, 0.5]))
    assert truth[0, 0].flatten()[3:6].tolist() == pytest.approx([0.6, 0.5, 0.6])
    picture.sum().backward()
    assert not shown.grad[4].any()
    assert bool(shown.grad[:4].any(1).all())


def test_a_head_that_is_the_footage_loses_nothing_and_a_blurred_one_does(batch, truth, weights):
    grey = torch.cat([truth[:, :3].mean(0).expand(len(truth), 3), truth[:, 3:]], 1)
    for loss in (PerceptualLoss(structure=1.0, steepness=1.0), PerceptualLoss(lpips=str(weights))):
        assert float(loss(truth, batch)) == pytest.approx(0, abs=1e-5)
        assert float(loss(grey, batch)) > 1e-4


def test_patches_of_a_thumbnail_are_enlarged(data, weights):
    batch = data.patch_batch(0, PatchSampler(frames=2, blocks=8))
    shown = torch.zeros(2 * 64, 4)
    assert composite_over(shown, batch)[0].shape == (2, 3, SMALLEST, SMALLEST)
    for loss in (PerceptualLoss(), PerceptualLoss(lpips=str(weights))):
        assert bool(loss(shown, batch).isfinite())


def test_lpips_judges_where_its_weights_are(batch, truth, weights, monkeypatch, tmp_path):
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    assert "for LPIPS put alexnet" in PerceptualLoss().describe()
    assert PerceptualLoss().network is None
    loss = PerceptualLoss(weight=0.5, lpips=str(weights))
    assert loss.describe() == "patch loss: LPIPS (AlexNet)"
    shown = truth * 0.9
    expected = Lpips.from_file(weights)(*composite_over(shown, batch)).mean() / 2
    torch.testing.assert_close(loss(shown, batch), expected)


@pytest.mark.gpu
def test_a_gpu_judges_alike(batch, truth, weights):
    for loss in (PerceptualLoss(), PerceptualLoss(lpips=str(weights))):
        shown = [(truth * 0.9).to(device).requires_grad_() for device in ("cpu", "cuda")]
        losses = [loss(value, batch.to(value.device)) for value in shown]
        torch.testing.assert_close(losses[1].cpu(), losses[0], rtol=1e-3, atol=1e-6)
        for value in losses:
            value.backward()
        torch.testing.assert_close(shown[1].grad.cpu(), shown[0].grad, rtol=1e-2, atol=1e-6)


def test_patches_judge_the_field_in_the_last_part_of_its_own_training():
    phases = TrainingSchedule(shell_at=0.1, distill_share=0.2, patches_at=0.75)
    assert [phases.at(done).patches for done in (0.0, 0.59, 0.6, 0.79, 0.8, 1.0)] == [0, 0, 1, 1, 0, 0]
    assert not any(TrainingSchedule(0.1, 0.0).at(done).patches for done in (0.5, 0.99, 1.0))


def test_the_field_learns_from_patches_once_they_judge_it(data, weights):
    """Two steps alike, then one that patches judge too: their frames are named with its rays'."""
    rays, patches = data.ray_batch(2).shown, data.patch_batch(2, PerceptualLoss().plan).shown
    entries = {}
    kinds = {"never": {"at": 1.0}, "structure": {"at": 0.6}, "lpips": {"at": 0.6, "lpips": str(weights)}}
    for name, perceptual in kinds.items():
        module = HeadModule(**data.dimensions(), distill=False, perceptual=perceptual, field=FIELD)
        kept = Entries()
        fit(module, data, 3, callbacks=[kept], val_every=3)
        entries[name] = kept.after
        assert module.describe_batch(data.ray_batch(0)) == describe_frames(rays if name == "never" else rays + patches)
        assert not any("perceptual" in key for key in module.state_dict())
    for name in ("structure", "lpips"):
        assert torch.equal(entries[name][1], entries["never"][1])
        assert not torch.equal(entries[name][2], entries["never"][2])


class Entries(Callback):
    """The position grid's entries after each step."""

    def __init__(self):
        self.after = []

    def on_train_batch_end(self, trainer, module, *_):
        self.after.append(module.network.field.position_grid.table.detach().clone())
