import numpy as np
import pytest
import torch

from beavervision.stages.radnerf_torso.batch import make_batch_example
from beavervision.stages.radnerf_torso.evaluation import HeldOut, neck_gap
from beavervision.stages.radnerf_torso.losses import TorsoWeights, torso_loss
from beavervision.stages.radnerf_torso.network import TorsoField, canvas_points
from beavervision.stages.radnerf_torso.pixel_grid import PixelGrid
from beavervision.stages.radnerf_torso.targets import TorsoTarget


def test_raster_is_no_finer_than_the_footage():
    path = np.tile([0.0, 0.0, 0.8], (3, 1))  # 0.8 canvas pixels for each of the footage's
    assert PixelGrid.of((48, 32), path, 2.0).detail == pytest.approx(1.25)
    assert PixelGrid.of((48, 32), path, 1.1).size == (53, 36)  # 52.8, 35.2: the last pixel may hang over
    assert PixelGrid.of((48, 32), path * 4, 2.0).detail == 1


def test_raster_and_canvas_share_their_frame_of_reference():
    # A ramp of 10 a canvas pixel, 10 u at centre u; raster pixel i has its centre at canvas (i + 0.5) / 2.
    canvas = np.tile(10 * (np.arange(8, dtype=np.float32) + 0.5), (6, 1))
    raster = PixelGrid((8, 6), 2.0)
    fine = raster.refine(canvas)
    assert fine.shape == (12, 16)
    np.testing.assert_allclose(fine[5, 1:-1], 10 * (np.arange(1, 15) + 0.5) / 2, atol=1e-3)
    pixels = np.array([16 * 5 + 3, 16 * 2 + 9])
    np.testing.assert_allclose(raster.sample(canvas, pixels), fine.reshape(-1)[pixels], atol=0.4)
    # The window of a canvas at (4, 2) with 0.5 px a footage px: the same corner, 1 px a footage px.
    np.testing.assert_array_equal(raster.window(np.array([4.0, 2.0, 0.5])), [4, 2, 1])


def make_field(**options) -> TorsoField:
    small = {"levels": 6, "finest": 48, "log2_entries": 10, "hidden": 16, "canonical": 8}
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
    batch.kind[:] = TorsoTarget.BODY
    torch.nn.init.normal_(field.movement[-1].weight)  # the zero start stops the gradient of what lies before
    rgb, alpha = field(batch.points, batch.condition, batch.head, batch.body, batch.frames)
    torso_loss(rgb, alpha, batch, TorsoWeights()).backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in field.parameters())


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        # alpha 0.5, rgb 0.8, background 0.2: torso 0.5; colour 0.9; weights: opacity 0.1, closed 0.5, under 0.1.
        (TorsoTarget.BODY, (0.5 - 0.9) ** 2 + 0.1 * 0.25),
        (TorsoTarget.EMPTY, (0.5 - 0.9) ** 2 + 0.1 * 0.25),
        (TorsoTarget.UNDER, 0.1 * (0.8 - 0.9) ** 2 + 0.5 * 0.25),
        # Head 0.3 (premultiplied) of opacity 0.6 over it: 0.3 + 0.4 x 0.5 = 0.5.
        (TorsoTarget.SEAM, (0.5 - 0.9) ** 2 + 0.5 * 0.25),
        (TorsoTarget.UNKNOWN, 0.0),
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
    batch.kind[:], batch.has_head[:] = int(TorsoTarget.SEAM), False
    loss = torso_loss(torch.full((1, 1, 3), 0.8), torch.full((1, 1), 0.5), batch, TorsoWeights(0.1, 0.5, 0.1))
    assert float(loss) == pytest.approx(0.5 * 0.25, abs=1e-6)


def test_gap_by_hand():
    kind = np.array([[TorsoTarget.SEAM, TorsoTarget.UNDER], [TorsoTarget.BODY, TorsoTarget.EMPTY]], np.uint8)
    alpha, head = torch.tensor([[0.5, 1.0], [0, 0]]), torch.tensor([[0.5, 0.0], [0, 0]])
    blank = torch.zeros(2, 2, 3)
    frame = HeldOut(0, blank, torch.ones(2, 2, dtype=torch.bool), kind, blank, head, blank)
    assert float(neck_gap(alpha, frame)) == pytest.approx((0.25 + 0) / 2)
