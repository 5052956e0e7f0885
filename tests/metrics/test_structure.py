"""MS-SSIM and the difference of steepness: numbers by hand, and torchmetrics."""

import pytest
import torch
from torchmetrics.functional.image import structural_similarity_index_measure

from beavervision.metrics.structure import SCALES, multiscale_similarity, steepness_difference


def pictures(side, dtype=torch.float32, channels=3):
    chance = torch.Generator().manual_seed(side)
    a, noise = torch.rand(2, 2, channels, side, side, generator=chance, dtype=torch.float64).to(dtype)
    return a, 0.7 * a + 0.3 * noise


@pytest.mark.parametrize(("side", "scales"), [(11, 1), (24, 2), (50, 3), (180, 5)])
def test_it_is_made_of_torchmetrics_similarities(side, scales):
    """Of windows within the picture; torchmetrics' own product takes mirrored borders into its last scale."""
    a, b = pictures(side)
    shares = [share / sum(SCALES[:scales]) for share in SCALES[:scales]]
    expected = torch.ones(2)
    for share in shares[:-1]:
        kept = {"data_range": 1.0, "reduction": "none", "return_contrast_sensitivity": True}
        expected *= structural_similarity_index_measure(a, b, **kept)[1] ** share
        a, b = (torch.nn.functional.avg_pool2d(value, 2) for value in (a, b))
    kept = {"data_range": 1.0, "reduction": "none", "return_full_image": True}
    within = structural_similarity_index_measure(a, b, **kept)[1][..., 5:-5, 5:-5]
    expected *= within.mean((1, 2, 3)) ** shares[-1]
    torch.testing.assert_close(multiscale_similarity(*pictures(side)), expected, atol=1e-5, rtol=0)


def test_flat_pictures_differ_in_luminance_alone():
    # (2 x 0.5 x 0.6 + 0.0001) / (0.25 + 0.36 + 0.0001); the contrasts, both none, are alike.
    a, b = (torch.full((1, 1, 11, 11), value, dtype=torch.float64) for value in (0.5, 0.6))
    assert multiscale_similarity(a, b).item() == pytest.approx(0.6001 / 0.6101, abs=1e-6)


def test_autocast_changes_nothing():
    """Spreads are small differences of squares: half precision would leave nothing of them."""
    a, b = pictures(24)
    with torch.autocast("cpu", torch.bfloat16):
        half = multiscale_similarity(a, b)
    assert torch.equal(half, multiscale_similarity(a, b))


def test_a_picture_of_no_likeness_still_has_a_slope():
    a, _ = pictures(24)
    shown = (1 - a).requires_grad_()
    multiscale_similarity(shown, a).sum().backward()
    assert bool(shown.grad.isfinite().all())


def test_windows_are_compared_by_how_steep_they_are():
    # A ramp of 0.1 a pixel against a flat picture: 0.1 along rows, nothing along columns; all of one size.
    ramp = (torch.arange(9) * 0.1).expand(1, 1, 9, 9)
    assert steepness_difference(ramp, torch.zeros(1, 1, 9, 9)).item() == pytest.approx(0.05)
    assert steepness_difference(ramp, 0.8 - ramp).item() == pytest.approx(0, abs=1e-6)


def test_an_edge_beside_its_place_is_better_than_a_blur():
    edge = torch.zeros(1, 1, 9, 9).index_fill(3, torch.arange(4, 9), 1.0)
    moved = torch.zeros(1, 1, 9, 9).index_fill(3, torch.arange(5, 9), 1.0)
    flat = torch.full((1, 1, 9, 9), 0.5)
    assert steepness_difference(moved, edge) < steepness_difference(flat, edge)


def test_gradcheck():
    a, b = pictures(12, torch.float64, channels=1)
    a.requires_grad_()
    assert torch.autograd.gradcheck(lambda x: multiscale_similarity(x, b), a[:1], fast_mode=True)
    assert torch.autograd.gradcheck(lambda x: steepness_difference(x, b), a, fast_mode=True)
