"""The parts of the head's stage, by hand: targets, hull, losses, rays, schedule, averages."""

from datetime import timedelta
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from lightning.pytorch.callbacks import Timer

from beavervision.errors import BeaverError
from beavervision.face.camera import FRONTAL
from beavervision.stages.radnerf_head.averaging import WeightAverage
from beavervision.stages.radnerf_head.fields.ambient import AmbientField
from beavervision.stages.radnerf_head.losses import ambient_regularization, mean_error, opacity_entropy, pixel_errors
from beavervision.stages.radnerf_head.optimizers import FINAL_RATE, progress, rate
from beavervision.stages.radnerf_head.ray_sampler import RegionRaySampler, frame_probabilities, sample_pixels
from beavervision.stages.radnerf_head.targets import PixelTarget, pixel_targets
from beavervision.stages.radnerf_head.visual_hull import SilhouetteViews, carve_visual_hull, head_box, near_face_cells
from beavervision.stages.radnerf_head.visualization.frame_strips import strip_row
from beavervision.types import Label

E, H, F, D, X, S = (
    PixelTarget.EMPTY,
    PixelTarget.HEAD,
    PixelTarget.FREE,
    PixelTarget.EDGE,
    PixelTarget.IGNORED,
    PixelTarget.SOFT,
)


def column(*labels):
    """A picture of one value a row, wide enough that sides do not matter."""
    return np.repeat(np.array(labels, np.uint8)[:, None], 9, 1)


def targets_of(labels, matte=None, band=2, has_plate=False):
    """Targets of a column; without a matte every label is certain."""
    matte = [255 * (label in (Label.HAIR, Label.FACE)) for label in labels] if matte is None else matte
    picture = column(*labels)
    return pixel_targets(picture, column(*matte), np.ones_like(picture, bool), band, has_plate=has_plate)[:, 4].tolist()


def test_neck_is_free_under_the_chin_and_empty_below():
    labels = [Label.HAIR, Label.FACE, Label.NECK, Label.NECK, Label.NECK, Label.TORSO]
    assert targets_of(labels) == [H, H, F, F, E, E]


def test_a_collar_in_the_band_is_free_too_but_background_is_not():
    assert targets_of([Label.FACE, Label.TORSO, Label.TORSO, Label.TORSO]) == [H, F, F, E]
    assert targets_of([Label.FACE, Label.BACKGROUND, Label.NECK]) == [H, E, F]


def test_outlines_against_a_known_background_are_mixtures():
    labels = [Label.BACKGROUND] * 3 + [Label.HAIR] * 3 + [Label.FACE, Label.NECK]
    assert targets_of(labels, has_plate=True) == [E, E, D, D, H, H, H, F]
    assert targets_of(labels, has_plate=False) == [E, E, E, H, H, H, H, F]


def test_strands_are_mixtures_as_far_as_the_matte_reaches():
    labels = [Label.BACKGROUND] * 4 + [Label.HAIR] * 4
    matte = [4, 5, 90, 200, 242, 243, 255, 255]  # of 255: clear, four mixtures, solid
    assert targets_of(labels, matte, has_plate=True) == [E, D, D, D, D, H, H, H]
    assert targets_of(labels, matte, has_plate=False) == [E, S, S, S, S, H, H, H]


def test_beside_the_body_labels_decide():
    labels = [Label.BACKGROUND] * 5 + [Label.HAIR] * 5 + [Label.TORSO] * 2  # hair on a shoulder
    matte = [0, 0, 0, 0, 128, 128, 255, 128, 128, 128, 128, 0]
    # a band of 9: three pixels from the torso; the chin is not in sight
    assert targets_of(labels, matte, band=9, has_plate=False) == [E, E, E, E, S, S, H, H, H, H, E, E]


def test_hands_their_rim_and_padding_take_no_part():
    labels = [Label.FACE] * 6 + [Label.HAND] + [Label.FACE] * 4
    assert targets_of(labels) == [H, H, H, H, X, X, X, X, X, H, H]
    picture = column(*[Label.FACE] * 3)
    inside = np.array([[True], [True], [False]]).repeat(9, 1)
    assert pixel_targets(picture, np.full_like(picture, 255), inside, 2, has_plate=True)[:, 4].tolist() == [H, H, X]


def sphere_views(radius=7.0, n=8, turn=0.5, size=96):
    """Outlines of a sphere about the origin, seen from directions that differ by up to `turn` radians."""
    focal, distance = 150.0, 60.0
    angles = np.linspace(-turn, turn, n)
    rotation = np.stack([FRONTAL @ _about_y(a) for a in angles])
    v, u = np.mgrid[:size, :size] + 0.5 - size / 2
    sine = np.sqrt((u**2 + v**2) / (u**2 + v**2 + focal**2))
    inside = sine < radius / distance
    targets = np.repeat(inside[None].astype(np.uint8), n, 0)
    cameras = np.tile([focal, focal, size / 2, size / 2], (n, 1))
    return SilhouetteViews(targets, cameras, rotation, np.tile([0.0, 0.0, distance], (n, 1)))


def _about_y(angle):
    return np.array(
        [[np.cos(angle), 0, np.sin(angle)], [0, 1, 0], [-np.sin(angle), 0, np.cos(angle)]],
    )


def test_the_hull_contains_the_body_and_little_else_where_views_differ():
    views = sphere_views(turn=1.5, n=24)
    box = np.array([-12.0, -12, -12, 12, 12, 12])
    hull = carve_visual_hull(views, box, 24)
    centres = np.stack(np.meshgrid(*[np.arange(24) - 11.5] * 3, indexing="ij"), -1)
    distance = np.linalg.norm(centres, axis=-1)
    assert hull[distance < 6.2].all()
    waist = np.abs(centres[..., 1]) < 2  # rays of horizontal views pin down the equator
    assert not hull[(distance > 8.5) & waist].any()


def test_the_box_follows_the_head():
    small, large = (head_box(sphere_views(radius), front=5.0) for radius in (5.0, 9.0))
    assert np.abs(large[[0, 1, 3, 4]]).min() > 8.9
    assert np.abs(small[[0, 1, 3, 4]]).max() < 8.0
    assert (large[:3] < small[:3] + 1e-6).all()
    assert small[5] <= 5.0 + 1.5 + 1e-6  # the front is the face model's


def test_a_jaw_that_seldom_drops_keeps_its_room():
    views = sphere_views(turn=0.3, n=40)
    below = slice(60, 96)
    shut = views.targets.copy()
    chin = shut[:, below].copy()
    shut[:, below] = np.where(
        chin == PixelTarget.HEAD, PixelTarget.FREE, chin
    )  # the jaw's place shows neck nearly always
    shut[0, below] = chin[0]  # and the jaw once
    box = np.array([-12.0, -12, -12, 12, 12, 12])
    dropped = carve_visual_hull(SilhouetteViews(shut, views.cameras, views.rotation, views.translation), box, 24)
    assert dropped[11, 6, 11]  # 5.5 cm below the middle
    forbidden = np.where(shut == PixelTarget.FREE, PixelTarget.EMPTY, shut)
    assert not carve_visual_hull(SilhouetteViews(forbidden, views.cameras, views.rotation, views.translation), box, 24)[
        11, 6, 11
    ]


def test_outlines_that_never_meet_are_refused():
    views = sphere_views()
    with pytest.raises(BeaverError, match="prepare it again"):
        head_box(SilhouetteViews(views.targets * 0, views.cameras, views.rotation, views.translation), 5.0)


def test_the_face_bounds_its_own_columns_only():
    corners = np.array([[-5, -5, 2.0], [5, -5, 2.0], [-5, 5, 2.0], [5, 5, 2.0]])
    near = near_face_cells(corners, np.array([-10.0, -10, -10, 10, 10, 10]), 20)
    # cell centres at z = -9.5 .. 9.5: -1 < z < 4 keeps -0.5 .. 3.5
    assert near[10, 10].nonzero()[0].tolist() == [9, 10, 11, 12, 13]
    # beside it, 4.5 cm from its rim at z = 2 (x = -9.5; a corner is 4.5 up): at most 2 + 2 + 6.4 / 2
    assert near[1, 10].nonzero()[0].max() == 16
    assert near[1, 10, :17].all()


def wanted(kinds, truth=(0.2, 0.4, 0.6), behind=(1.0, 0.0, 0.0), matte=0.25):
    """A batch of one frame that asks this of its pixels."""
    colours = {name: torch.tensor([[value] * len(kinds)]) for name, value in (("rgb", truth), ("behind", behind))}
    target = torch.tensor([[int(kind) for kind in kinds]], dtype=torch.uint8)
    return SimpleNamespace(target=target, matte=torch.full(target.shape, matte), **colours)


def pixel_loss(kind, rgb, alpha, chance=(0.5, 0.5, 0.5)):
    return float(pixel_errors(torch.tensor([rgb]), torch.tensor([alpha]), wanted([kind]), torch.tensor([chance])))


def test_each_target_has_its_background():
    truth = (0.2, 0.4, 0.6)
    assert pixel_loss(H, truth, 1.0) == 0
    assert pixel_loss(H, (0.0, 0.0, 0.0), 0.0) == pytest.approx((0.3**2 + 0.1**2 + 0.1**2) / 3)
    assert pixel_loss(E, (0.0, 0.0, 0.0), 0.0) == 0
    assert pixel_loss(E, truth, 1.0) == pytest.approx((0.3**2 + 0.1**2 + 0.1**2) / 3)
    assert pixel_loss(F, (0.0, 0.0, 0.0), 0.0) == pixel_loss(F, truth, 1.0) == 0
    # a fifth of the background shows through: 0.8 x (0, 0.5, 0.75) + 0.2 x (1, 0, 0)
    assert pixel_loss(D, (0.0, 0.4, 0.6), 0.8) == pytest.approx(0, abs=1e-12)
    assert pixel_loss(X, (9.0, 9.0, 9.0), 1.0) == 0


def test_an_outline_before_the_unknown_is_as_opaque_as_the_matte():
    # a quarter of the pixel's colour, premultiplied, over any colour
    assert pixel_loss(S, (0.05, 0.1, 0.15), 0.25) == pytest.approx(0, abs=1e-12)
    # opaque: off by three quarters of the difference from the colour behind
    assert pixel_loss(S, (0.2, 0.4, 0.6), 1.0) == pytest.approx(0.75**2 * (0.3**2 + 0.1**2 + 0.1**2) / 3)


def test_ignored_pixels_do_not_dilute_the_mean():
    batch = wanted([H, X], truth=(0.5, 0.5, 0.5))
    errors = pixel_errors(torch.zeros(2, 3), torch.ones(2), batch, torch.zeros(2, 3))
    assert errors.tolist() == [0.25, 0.0]
    assert float(mean_error(errors, batch.target.flatten())) == pytest.approx(0.25)


def test_entropy_by_hand():
    # half clear: one bit; clear and opaque: none
    assert float(opacity_entropy(torch.tensor([0.5]))) == pytest.approx(1)
    assert float(opacity_entropy(torch.tensor([0.0, 1.0]))) < 2e-4


def test_ambient_counts_only_where_nothing_moves():
    ambient, moves = torch.tensor([0.9, 0.2, 0.4]), torch.tensor([True, False, False])
    assert float(ambient_regularization(ambient, moves)) == pytest.approx(0.3)
    assert float(ambient_regularization(ambient, torch.ones(3, dtype=torch.bool))) == 0


def test_pixels_come_from_their_regions():
    boxes = [np.array([[0, 0, 20, 10]]), np.array([[5, 6, 9, 8]]), np.array([[15, 1, 17, 3]])]
    chosen = sample_pixels(RegionRaySampler(*boxes), 0, (50, 30, 20), np.random.default_rng(0))
    assert chosen.shape == (100, 2)
    for (x0, y0, x1, y1), part in zip((b[0] for b in boxes), (chosen[:50], chosen[50:80], chosen[80:]), strict=True):
        assert (part >= [x0, y0]).all()
        assert (part < [x1, y1]).all()


def test_rare_openings_are_drawn_as_often_as_common_ones():
    mouth = np.concatenate([np.full(90, 0.02), np.full(10, 0.4)])
    chances = frame_probabilities(mouth, np.full(100, 0.3), uniform=0.0)
    # half by the mouth: a quarter to the ten open frames, a quarter to the ninety shut; half by eyes that say nothing
    assert chances.sum() == pytest.approx(1)
    assert chances[90:].sum() == pytest.approx(0.25 + 0.05)
    np.testing.assert_allclose(frame_probabilities(mouth, mouth, uniform=1.0), 0.01)


def test_a_single_odd_frame_is_not_drawn_all_the_time():
    mouth = np.append(np.full(99, 0.02), 0.4)
    chances = frame_probabilities(mouth, mouth, uniform=0.5)
    assert chances[-1] < 0.5 * 0.5
    assert chances[-1] > 0.1


def test_rates_rise_then_fall_to_the_final_one():
    values = [rate(x) for x in np.linspace(0, 1, 101)]
    assert max(values) == pytest.approx(1)
    assert values[-1] == pytest.approx(FINAL_RATE)
    assert np.diff(values[1:]).max() < 0


def test_progress_is_of_steps_or_of_time_whichever_ends_sooner():
    assert progress(SimpleNamespace(max_steps=200, global_step=50, callbacks=[])) == 0.25
    assert progress(SimpleNamespace(max_steps=-1, global_step=50, callbacks=[])) == 0.0
    timer = Timer(duration=timedelta(seconds=100))
    timer._offset = 40.0  # seconds of an earlier start, as a checkpoint brings them
    assert progress(SimpleNamespace(max_steps=-1, global_step=50, callbacks=[timer])) == pytest.approx(0.4, abs=1e-3)
    assert progress(SimpleNamespace(max_steps=200, global_step=50, callbacks=[timer])) == pytest.approx(0.4, abs=1e-3)
    assert progress(SimpleNamespace(max_steps=100, global_step=50, callbacks=[timer])) == 0.5
    assert progress(SimpleNamespace(max_steps=200, global_step=50, callbacks=[Timer()])) == 0.25


def test_the_average_of_a_constant_is_the_constant_and_buffers_are_copied():
    network = torch.nn.BatchNorm1d(2)
    average = WeightAverage(network, 0.99)
    network.weight.data.fill_(3.0)
    network.running_mean.fill_(7.0)
    for _ in range(200):
        average.update(network)
    torch.testing.assert_close(average.network.weight, network.weight.detach(), atol=1e-3, rtol=0)
    assert average.network.running_mean.tolist() == [7.0, 7.0]
    assert not average.network.weight.requires_grad


def test_the_average_by_hand():
    network = torch.nn.Linear(1, 1, bias=False)
    network.weight.data.fill_(0.0)
    average = WeightAverage(network, 0.5)
    network.weight.data.fill_(11.0)
    average.update(network)  # decay min(0.5, 2/11): 0 x 2/11 + 11 x 9/11
    assert float(average.network.weight) == pytest.approx(9.0)


def test_a_strip_shows_four_panels():
    truth = np.full((4, 6, 3), 0.5, np.float32)
    render = truth.copy()
    render[0, 0] += 0.1
    row = strip_row(truth, render, render - truth, np.pad(np.full((2, 2), 60.0), 2)[:4])
    assert row.shape == (4, 24, 3)
    assert row[0, 12].tolist() == [102] * 3  # 0.1 x 4 of 255
    assert row[1, 13].tolist() == [0] * 3
    assert strip_row(truth, render, render - truth, None).shape == (4, 18, 3)


def test_ambient_coordinates_are_bounded_whatever_the_weights():
    """The reference's weight of them grows without bound and ends in NaN (STAGES.md section 7, number 5)."""
    field = AmbientField(66, 2, levels=2, base=4, finest=8, ambient_finest=8, log2_entries=8, hidden=8, geometry=4)
    for parameter in field.parameters():
        parameter.data.normal_(std=50.0, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        density, _, ambient = field(torch.rand(20, 3, 3), torch.randn(20, 66) * 50)
    assert 0.9 < float(ambient.abs().max()) <= 1.0
    assert bool(torch.isfinite(density).all())
