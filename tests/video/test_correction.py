"""Footage that is turned or deinterlaced on reading, against frames whose truth is known."""

import numpy as np
import pytest
from altered_footage import interlaced, write_film

from beavervision.video.correction import Correction
from beavervision.video.decode import read_frames
from beavervision.video.field_order import comb_errors, find_field_order, measured_order
from beavervision.video.probe import probe


def moving_bars(n_frames: int) -> list[np.ndarray]:
    """Soft vertical bars that move by 4 px a frame, and soft horizontal ones that stand still."""
    y, x = np.mgrid[:96, :128]
    return [
        np.repeat((128 + 60 * np.sin((x - 4 * t) / 5) + 40 * np.sin(y / 7)).astype(np.uint8)[..., None], 3, axis=2)
        for t in range(n_frames)
    ]


def pixels(path, **given):
    return [frame.rgb for frame in read_frames(path, **given)]


def error(found, truth) -> float:
    return float(np.mean([np.abs(a.astype(int) - b).mean() for a, b in zip(found, truth, strict=True)]))


@pytest.mark.parametrize("turn", [90, 180, 270])
def test_a_turn_is_clockwise_and_follows_the_files_own(tmp_path, turn):
    frames = moving_bars(3)
    frames[0][:8, :8] = 255
    path = write_film(tmp_path / "a.mp4", frames)
    plain, turned = pixels(path), pixels(path, correction=Correction(turn))
    for a, b in zip(plain, turned, strict=True):
        np.testing.assert_array_equal(np.rot90(a, -turn // 90), b)
    info = Correction(turn).applied(probe(path))
    assert (info.height, info.width) == turned[0].shape[:2]


@pytest.mark.parametrize("order", ["top", "bottom"])
@pytest.mark.parametrize("flagged", [True, False])
def test_combs_are_found_and_removed(tmp_path, order, flagged):
    frames = moving_bars(40)
    options = {"x264-params": "tff=1" if order == "top" else "bff=1"} if flagged else None
    path = write_film(tmp_path / "a.mkv", interlaced(frames, order), options=options)
    assert find_field_order(path, probe(path)) == order
    combed, whole = pixels(path), pixels(path, correction=Correction(fields=order))
    # The earlier field is kept and the other one interpolated. Bars that move by 4 px differ by 30 of 255 in the mean.
    assert error(combed, frames[::2]) > 10
    assert error(whole, frames[::2]) < 4


def test_a_read_from_the_middle_equals_one_from_the_beginning(tmp_path):
    path = write_film(tmp_path / "a.mp4", interlaced(moving_bars(120), "top"), options={"g": "10"})
    how = Correction(90, "top")
    whole, late = pixels(path, correction=how), pixels(path, start=1.6, correction=how)
    assert len(whole) == 60
    np.testing.assert_array_equal(np.stack(whole[40:]), np.stack(late))


def test_progressive_footage_with_the_flag_of_interlaced_footage_stays_as_it_is(tmp_path):
    path = write_film(tmp_path / "a.mkv", moving_bars(20), options={"x264-params": "tff=1"})
    assert probe(path).interlaced
    assert find_field_order(path, probe(path)) == "off"


@pytest.mark.parametrize(("option", "order"), [("tff=1", "top"), ("bff=1", "bottom"), ("threads=1", "off")])
def test_where_nothing_moves_the_flag_decides(tmp_path, option, order):
    path = write_film(tmp_path / "a.mkv", [np.full((64, 64, 3), 90, np.uint8)] * 8, options={"x264-params": option})
    assert find_field_order(path, probe(path)) == order


def test_a_few_frames_are_no_verdict():
    planes = [frame[..., 0] for frame in interlaced(moving_bars(8), "bottom")]
    errors = [comb_errors(*planes[i : i + 3]) for i in range(2)]
    assert measured_order(errors) is None
    assert measured_order(errors * 2) == "bottom"
