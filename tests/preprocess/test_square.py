import numpy as np
import pytest
from faces import landmarks

from beavervision.preprocess.crop import SquareCrop


def test_upright_square_maps_by_hand():
    # centre (10, 20), side 4 -> crop of 8: scale 2; corner (8, 18) -> (0, 0); centre -> (4, 4)
    matrix = SquareCrop(10.0, 20.0, 4.0).to_crop(8)
    assert np.allclose(matrix, [[2, 0, -16], [0, 2, -36]])


def test_turned_square_puts_its_own_axis_level():
    # turned by 90 degrees from x towards y: the point below the centre becomes the point to the right of it
    matrix = SquareCrop(0.0, 0.0, 2.0, np.pi / 2).to_crop(2)
    assert np.allclose(matrix @ [0.0, 1.0, 1.0], [2.0, 1.0])


def test_to_frame_undoes_to_crop():
    square, rng = SquareCrop(31.0, -7.0, 55.0, 0.4), np.random.default_rng(0)
    points = rng.uniform(-100, 100, (20, 2))
    matrix = square.to_crop(64)
    inside = (points @ matrix[:, :2].T + matrix[:, 2]) / 64
    assert np.allclose(square.to_frame(inside), points)


def test_to_frame_scales_depth_by_the_side():
    assert square_depth(SquareCrop(5.0, 5.0, 30.0, 1.0)) == pytest.approx(15.0)


def square_depth(square):
    return square.to_frame(np.array([[0.5, 0.5, 0.5]]))[0, 2]


def test_cut_at_the_same_size_copies_pixels():
    rgb = np.random.default_rng(1).integers(0, 256, (40, 50, 3), dtype=np.uint8)
    assert np.array_equal(SquareCrop(20.0, 16.0, 8.0).cut(rgb, 8), rgb[12:20, 16:24])


def test_cut_beyond_the_border_is_black():
    rgb = np.full((20, 20, 3), 200, np.uint8)
    crop = SquareCrop(0.0, 10.0, 10.0).cut(rgb, 10)
    assert not crop[:, :4].any()
    assert (crop[:, 6:] == 200).all()


def test_cut_of_a_large_square_averages_instead_of_skipping():
    # single-pixel chequers average to mid grey; skipping pixels would give 0 or 255
    rgb = np.indices((256, 256)).sum(0).astype(np.uint8) % 2 * 255
    crop = SquareCrop(128.0, 128.0, 256.0).cut(np.repeat(rgb[..., None], 3, 2), 32)
    assert np.abs(crop[2:-2, 2:-2].astype(int) - 127).max() <= 2


@pytest.mark.parametrize("size", [32, 100])
def test_large_cut_keeps_places(size):
    ramp = np.repeat(np.repeat(np.arange(256, dtype=np.uint8)[None], 256, 0)[..., None], 3, 2)
    crop = SquareCrop(140.0, 128.0, 200.0).cut(ramp, size)[size // 2, :, 0].astype(float)
    # crop pixel u shows x = 40 + (u + 0.5) * 200 / size, whose grey value is x - 0.5
    expected = 40 + (np.arange(size) + 0.5) * 200 / size - 0.5
    assert np.abs(crop - expected)[2:-2].max() < 1.0


def test_square_about_landmarks_turns_with_the_eyes():
    level = SquareCrop.round_landmarks(landmarks())
    turned = SquareCrop.round_landmarks(landmarks(euler=(0.0, 0.0, np.radians(-20))))
    assert level.angle == pytest.approx(0.0, abs=0.02)
    assert abs(turned.angle) == pytest.approx(np.radians(20), abs=0.02)


def test_square_about_a_box():
    square = SquareCrop.round_box(np.array([10.0, 20.0, 30.0, 60.0]), margin=1.5)
    assert (square.x, square.y, square.side) == (20.0, 40.0, 60.0)
