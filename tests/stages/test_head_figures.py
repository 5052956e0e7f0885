"""Figures of held-out frames: worked by hand, and blind to what is padded or hidden."""

import math

import pytest
import torch

from beavervision.metrics.lpips import Lpips
from beavervision.stages.radnerf_head.batch import FaceBatch, FrameBatch
from beavervision.stages.radnerf_head.full_frame_renderer import FullFrameRenderer
from beavervision.stages.radnerf_head.targets import PixelTarget
from beavervision.stages.radnerf_head.visualization.validation_metrics import HeldOutMetrics
from beavervision.types import Label

SIDE = 32


def frame(index=7, hidden=()):
    """A frame whose middle is a face of noise with hair above; the plate is black."""
    labels = torch.zeros(SIDE, SIDE, dtype=torch.uint8)
    labels[8:24, 8:24] = int(Label.FACE)
    labels[8:12, 8:24] = int(Label.HAIR)
    target = torch.where(labels > 0, int(PixelTarget.HEAD), int(PixelTarget.EMPTY)).to(torch.uint8)
    for row, column in hidden:
        target[row, column] = int(PixelTarget.IGNORED)
    noise = torch.randint(60, 180, (SIDE, SIDE, 3), generator=torch.Generator().manual_seed(0)).to(torch.uint8)
    rgb = torch.where((labels > 0)[..., None], noise, 0).to(torch.uint8)
    face = FaceBatch(windows=torch.zeros(1, 1, 1, 204), eye=torch.zeros(1), tracked=torch.zeros(1, 1))
    return FrameBatch(
        face=face, index=index, rgb=rgb, plate=torch.zeros_like(rgb), labels=labels, target=target,
        mouth=torch.tensor([12, 18, 20, 22]), cameras=torch.zeros(1, 4), rotation=torch.eye(3)[None],
        translation=torch.zeros(1, 3),
    )  # fmt: skip


def render(batch, error=0.0):
    """The frame's head as it is, plus an error where the head is."""
    alpha = (batch.labels > 0).float()
    rgb = (batch.rgb / 255 + error) * alpha[..., None]
    return FullFrameRenderer(rgb[None], alpha[None], torch.zeros(1, SIDE, SIDE))


def test_an_even_error_of_a_tenth_is_twenty_decibels_everywhere():
    row = HeldOutMetrics().add(frame(), render(frame(), 0.1))
    assert row["frame"] == 7
    assert [row[name] for name in ("psnr", "psnr_face", "psnr_mouth")] == pytest.approx([20.0] * 3, abs=1e-3)


def test_the_truth_is_perfectly_like_itself():
    row = HeldOutMetrics().add(frame(), render(frame()))
    assert row["ssim"] == pytest.approx(1.0)
    assert math.isinf(row["psnr"])


def test_an_error_in_the_mouth_is_the_mouths():
    batch, shown = frame(), render(frame())
    shown.rgb[0, 18:22, 12:20] += 0.2
    row = HeldOutMetrics().add(batch, shown)
    # 32 of 256 head pixels, of which 192 are skin
    assert row["psnr_mouth"] == pytest.approx(-10 * math.log10(0.04), abs=1e-3)
    assert row["psnr"] == pytest.approx(-10 * math.log10(0.04 * 32 / 256), abs=1e-3)
    assert row["psnr_face"] == pytest.approx(-10 * math.log10(0.04 * 32 / 192), abs=1e-3)


def test_what_is_hidden_or_padded_counts_nowhere():
    hidden = [(10, 10), (20, 15), (23, 23)]
    batch = frame(hidden=hidden)
    rows = []
    for wrong in (0.0, 5.0):
        shown = render(batch, 0.05)
        for row, column in hidden:
            shown.rgb[0, row, column] += wrong
        rows.append(HeldOutMetrics().add(batch, shown))
    assert rows[0] == rows[1]


def test_a_frame_without_a_head_has_no_figures():
    batch = frame()
    batch.labels.zero_()
    figures = HeldOutMetrics()
    row = figures.add(batch, render(frame()))
    assert all(math.isnan(row[name]) for name in row if name != "frame")
    assert figures.compute() == {}


def test_the_figure_of_all_frames_pools_their_pixels():
    figures = HeldOutMetrics()
    for error in (0.1, 0.2):
        figures.add(frame(), render(frame(), error))
    assert float(figures.compute()["psnr"]) == pytest.approx(-10 * math.log10((0.01 + 0.04) / 2), abs=1e-3)


def test_a_head_that_is_not_there_is_not_like_one():
    batch, shown = frame(), render(frame())
    shown.rgb[:], shown.alpha[:] = 0, 0
    row = HeldOutMetrics().add(batch, shown)
    assert row["ssim"] < 0.3
    assert row["ms_ssim"] < 0.3
    assert row["psnr_frame"] < 20


def test_lpips_is_measured_where_its_network_is_given():
    batch = frame()
    batch.labels[:], batch.target[:] = int(Label.FACE), int(PixelTarget.HEAD)
    network = Lpips()
    for head in network.heads:
        head.fill_(1.0)
    figures = HeldOutMetrics()
    assert "lpips" not in figures.add(batch, render(batch))
    figures.reset()
    figures.measure_lpips(network)
    same, other = (figures.add(batch, render(batch, error))["lpips"] for error in (0.0, 0.2))
    assert same == pytest.approx(0, abs=1e-6)
    assert other > 1e-3
    assert float(figures.compute()["lpips"]) == pytest.approx(other / 2, abs=1e-6)
    assert not figures.state_dict()  # a checkpoint does not carry it


def test_the_strip_blames_the_head_for_what_it_shows_and_what_it_lacks():
    batch = frame()
    batch.rgb[24:] = 250  # a shirt, where the plate is black
    shown = render(batch)
    shown.rgb[0, :, :4], shown.alpha[0, :, :4] = 0.5, 1.0  # a ghost beside the head
    shown.rgb[0, 8:24, 20:24], shown.alpha[0, 8:24, 20:24] = 0.0, 0.0  # a part that is missing
    figures = HeldOutMetrics()
    figures.add(batch, shown)
    (strip,) = figures.strip()
    times = strip.rgb.shape[1] // (3 * SIDE)
    error = strip.rgb[-SIDE * times :: times, 2 * SIDE * times :: times].max(-1) > 0
    wrong = torch.zeros(SIDE, SIDE, dtype=torch.bool)
    wrong[:, :4] = wrong[8:24, 20:24] = True
    assert error.tolist() == wrong.tolist()
