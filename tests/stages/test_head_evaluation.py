"""What `evaluate` writes of a head: a row for every held-out frame, the strip, a film with its sound."""

import csv
import math

import lightning
import numpy as np
import pytest
import torch

from beavervision.callbacks.frame_figures import FrameFigures
from beavervision.face.framing import FrameSpec
from beavervision.stages.radnerf_head.data import HeadData
from beavervision.stages.radnerf_head.module import HeadModule
from beavervision.stages.radnerf_head.visualization.preview_video import frame_curves
from beavervision.stages.visualization.media import SOUND_RATE, Curves, Film, Picture
from beavervision.synthetic.miniature import miniature_clip

FIELD = {"levels": 2, "finest": 24, "ambient_dims": 2, "log2_entries": 8, "hidden": 8, "geometry": 4, "samples": 2}


@pytest.fixture(scope="module")
def evaluated(tmp_path_factory):
    """An untrained head of a clip of 33 frames, validated as `evaluate` does it."""
    folder = tmp_path_factory.mktemp("evaluated")
    clip = miniature_clip(folder / "mini", n_frames=33)
    spec = FrameSpec("1x1", 1.0, 48)
    data = HeadData(clip.folder, spec, rays=64, frames=2, hull_frames=4, cells=16, val_frames=1)
    data.prepare_data()
    data.setup("fit")
    data.judge_all()
    module = HeadModule(**data.dimensions(), field=FIELD, distill=False)
    for network in (module.network, module.average.network):
        network.occupancy.restrict(torch.from_numpy(data.hull))
    figures = FrameFigures()
    trainer = lightning.Trainer(
        accelerator="cpu", logger=False, enable_progress_bar=False, enable_model_summary=False, callbacks=[figures],
        default_root_dir=folder,
    )  # fmt: skip
    trainer.validate(module, data, verbose=False)
    return data, module, trainer, figures


def test_every_held_out_frame_has_a_row_under_its_own_number(evaluated, tmp_path):
    data, _, _, figures = evaluated
    assert figures.write(tmp_path / "frames.csv")
    with (tmp_path / "frames.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert [int(row["frame"]) for row in rows] == data.test_frames.tolist()
    assert {"psnr", "psnr_face", "psnr_mouth", "psnr_frame", "ssim", "ms_ssim"} <= set(rows[0])
    assert all(math.isfinite(float(row["psnr"])) for row in rows)


def test_the_whole_figure_lies_between_those_of_its_frames(evaluated):
    _, _, trainer, figures = evaluated
    singles = [row["psnr"] for row in figures.rows]
    assert min(singles) - 1e-3 <= float(trainer.callback_metrics["val/psnr"]) <= max(singles) + 1e-3


def test_the_film_shows_all_held_out_frames_beside_the_footage_with_its_sound(evaluated):
    data, module, _, _ = evaluated
    strip, curves, film = module.evaluation_media(data)
    assert isinstance(strip, Picture)
    assert isinstance(curves, Curves)
    assert isinstance(film, Film)
    frames = list(film.frames)
    assert len(frames) == len(data.clip.test_range)
    # 48 pixels are enlarged to 192, that their titles find room; a line of 13 px letters above
    assert all(frame.shape == (192 + 21, 384, 3) for frame in frames)
    truth = data.crops.rgb[data.clip.test_range[0]].repeat(4, 0).repeat(4, 1)
    np.testing.assert_array_equal(frames[0][21:, :192], truth)
    assert film.fps == data.clip.fps
    assert len(film.sound) == pytest.approx(len(frames) * SOUND_RATE / film.fps, abs=1)


def test_the_curves_follow_the_rows(evaluated):
    data, module, _, figures = evaluated
    _, curves, _ = module.evaluation_media(data)
    assert curves.x.tolist() == data.test_frames.tolist()
    assert curves.lines["mouth box"].tolist() == [row["psnr_mouth"] for row in figures.rows]
    assert len(curves.sound) == pytest.approx(len(curves.x) * SOUND_RATE / data.clip.fps, abs=1)


def test_frames_without_a_face_interrupt_the_curves(evaluated):
    clip = evaluated[0].clip
    (curves,) = frame_curves([{"frame": t, "psnr": 20.0 + t, "psnr_mouth": 25.0} for t in (4, 5, 8)], clip)
    assert curves.x.tolist() == [4, 5, 6, 7, 8]
    np.testing.assert_array_equal(curves.lines["head"], [24, 25, np.nan, np.nan, 28])
    assert frame_curves([], clip) == []
