"""The strip of held-out frames: which it shows, and that its words can be read."""

import numpy as np
import pytest

from beavervision.stages.radnerf_head.visualization.captions import caption_height, caption_line, enlarge_for_caption
from beavervision.stages.radnerf_head.visualization.frame_strips import StripSelection, spread_positions


def show(gallery, frame, psnr, spread, size=(40, 200)):
    figures = {"frame": frame, "psnr": psnr, "psnr_face": 30.0, "psnr_mouth": np.nan, "ssim": 0.9}
    truth = np.full((*size, 3), frame / 100, np.float32)
    gallery.add(figures, truth, truth, 0 * truth, np.zeros(size, np.float32), spread=spread)


def frames_of(gallery):
    """Which frames a strip of panels of 40 x 200 shows, by the grey of their first panel."""
    (picture,) = gallery.strip()
    height = len(caption_line([""], 800, 13))
    rows = picture.rgb[height:].reshape(-1, height + 40, 800, 3)
    return [round(float(row[height, 0, 0]) / 255 * 100) for row in rows]


def test_a_strip_shows_what_stands_for_all_and_then_the_worst():
    gallery = StripSelection("strip")
    for frame, psnr in enumerate([30.0, 28.0, 31.0, 25.0, 29.0, 32.0], 10):
        show(gallery, frame, psnr, spread=frame in (10, 15))
    assert frames_of(gallery) == [10, 15, 13]
    gallery.clear()
    assert gallery.strip() == []


def test_the_worst_is_shown_once_and_what_is_no_figure_is_not_the_worst():
    gallery = StripSelection("strip")
    for frame, psnr in ((10, np.nan), (11, 20.0), (12, np.nan), (13, 30.0)):
        show(gallery, frame, psnr, spread=frame == 11)
    assert frames_of(gallery) == [11]


@pytest.mark.parametrize(("count", "places"), [(0, set()), (1, {0}), (3, {0, 1, 2}), (7, {0, 2, 4, 6})])
def test_some_frames_stand_for_all(count, places):
    assert spread_positions(count) == places


def test_words_are_bright_on_dark_and_each_begins_in_its_column():
    band = caption_line(["iii", "", "iii"], 600, 20).mean(2)
    assert band[:, 200:400].max() < 40
    assert min(band[:, :200].max(), band[:, 400:].max()) > 180
    assert band[:, 100:200].max() < 40


@pytest.mark.parametrize(("width", "times"), [(36, 5), (160, 1), (159, 2), (608, 1)])
def test_small_panels_are_enlarged_pixel_by_pixel(width, times):
    picture = np.random.default_rng(0).integers(0, 255, (8, 4 * width, 3), np.uint8)
    large = enlarge_for_caption(picture, 4)
    assert large.shape == (8 * times, 4 * width * times, 3)
    np.testing.assert_array_equal(large[::times, ::times], picture)
    assert caption_height(large.shape[1] // 4) <= large.shape[1] // 4 / 10  # the longest title, 17 letters, finds room
