import numpy as np
import pytest

from beavervision.compositing import layers


def picture(seed: int, height=12, width=16) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def test_every_pixel_value_survives_the_way_through_linear_light():
    values = np.arange(256, dtype=np.uint8)
    np.testing.assert_array_equal(layers.from_linear(layers.to_linear(values)), values)


def test_blend_by_hand():
    # 0.5 x linear(255) + 0.5 x linear(0) = 0.5; sRGB(0.5) = 1.055 x 0.5^(1/2.4) - 0.055 = 0.7354 = 187.5 / 255.
    white, black = np.full((1, 1, 3), 255, np.uint8), np.zeros((1, 1, 3), np.uint8)
    assert layers.blend(white, black, 0.5).ravel().tolist() == [188, 188, 188]
    # 0.25 x 1 + 0.75 x linear(100) = 0.25 + 0.75 x 0.12744 = 0.34558 -> 0.6225 x 255 = 158.7
    grey = np.full((1, 1, 3), 100, np.uint8)
    assert layers.blend(white, grey, 0.25).ravel().tolist() == [159, 159, 159]


def test_known_layers_at_every_pixel():
    """Background < torso < head < hand, each with its own matte: the formula is worked at every pixel."""
    background, torso, head, hand = (picture(seed) for seed in range(4))
    mattes = [np.random.default_rng(10 + i).random((12, 16)).astype(np.float32) for i in range(3)]
    result = background
    light = ((background / 255 + 0.055) / 1.055) ** 2.4
    light = np.where(background / 255 <= 0.04045, background / 255 / 12.92, light)
    for layer, matte in zip((torso, head, hand), mattes, strict=True):
        result = layers.blend(layer, result, matte)
        own = np.where(layer / 255 <= 0.04045, layer / 255 / 12.92, ((layer / 255 + 0.055) / 1.055) ** 2.4)
        light = own * matte[..., None] + light * (1 - matte[..., None])
    expected = 255 * np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    # Each of three layers rounds to uint8 once; dark values may amplify it by the curve's slope.
    assert np.abs(result - expected).max() <= 2.0


def test_blend_is_exact_at_both_ends():
    top, bottom = picture(0), picture(1)
    np.testing.assert_array_equal(layers.blend(top, bottom, 1.0), top)
    np.testing.assert_array_equal(layers.blend(top, bottom, 0.0), bottom)


def cut(colour, opacity: int) -> np.ndarray:
    return np.full((2, 2, 4), (*colour, opacity), np.uint8)


def test_cut_out_over_cut_out_by_hand():
    # A fifth of white over opaque black: light 0.2, sRGB(0.2) = 0.4845 = 123.5 / 255.
    assert layers.over(cut((255, 255, 255), 51), cut((0, 0, 0), 255))[0, 0].tolist() == [124, 124, 124, 255]
    # Half of red over half of blue: 0.502 + 0.498 x 0.502 = 0.752; of the light, two thirds are red.
    red, _, blue, opacity = layers.over(cut((255, 0, 0), 128), cut((0, 0, 255), 128))[0, 0].tolist()
    assert opacity == 192
    np.testing.assert_allclose(layers.to_linear(np.uint8([red, blue])), [0.668, 0.332], atol=0.005)


def test_where_one_cut_out_is_alone_it_is_not_changed():
    top, bottom = cut((200, 10, 5), 0), cut((7, 8, 9), 77)
    np.testing.assert_array_equal(layers.over(top, bottom), bottom)
    np.testing.assert_array_equal(layers.over(bottom, top), bottom)


def test_cross_fade_of_opaque_cut_outs_is_the_blend():
    top, bottom = picture(0), picture(1)
    matte = np.random.default_rng(2).random((12, 16)).astype(np.float32)
    solid = np.full((12, 16, 1), 255, np.uint8)
    found = layers.cross_fade(np.dstack([top, solid]), np.dstack([bottom, solid]), matte)
    assert np.abs(found[..., :3].astype(int) - layers.blend(top, bottom, matte)).max() <= 1
    assert (found[..., 3] == 255).all()


def test_feather_rises_inwards_only():
    mask = np.zeros((9, 20), bool)
    mask[:, 5:] = True
    matte = layers.feather(mask, 4)
    # Depths of columns 5, 6, 7, 8: 0.5, 1.5, 2.5, 3.5 of 4; smoothstep 3 s^2 - 2 s^3.
    share = np.array([0.5, 1.5, 2.5, 3.5]) / 4
    np.testing.assert_allclose(matte[4, 5:9], 3 * share**2 - 2 * share**3, atol=1e-3)
    assert (matte[~mask] == 0).all()
    assert (matte[:, 9:] == 1).all()  # the picture's border is not the mask's


def test_feather_of_everything_and_of_nothing():
    assert (layers.feather(np.ones((4, 4), bool), 3) == 1).all()
    assert (layers.feather(np.zeros((4, 4), bool), 3) == 0).all()


def test_grow_by_hand():
    mask = np.zeros((7, 7), bool)
    mask[3, 3] = True
    # Within 1.5 px of the middle: its eight neighbours (diagonal 1.41), not those two steps away.
    assert layers.grow(mask, 1.5).sum() == 9
    assert layers.grow(mask, 1.0).sum() == 5


def test_paste_at_whole_pixels_is_a_copy():
    frame, canvas = picture(0, 20, 30), picture(1, 6, 8)
    result = layers.paste(frame, canvas, np.ones((6, 8), np.float32), (5.0, 3.0, 1.0))
    expected = frame.copy()
    expected[3:9, 5:13] = canvas
    np.testing.assert_array_equal(result, expected)


def test_paste_over_the_frames_border_keeps_the_part_inside():
    frame, canvas = picture(0, 20, 30), picture(1, 6, 8)
    result = layers.paste(frame, canvas, np.ones((6, 8), np.float32), (-3.0, 16.0, 1.0))
    expected = frame.copy()
    expected[16:20, 0:5] = canvas[:4, 3:]
    np.testing.assert_array_equal(result, expected)


@pytest.mark.parametrize("place", [(100.0, 3.0, 1.0), (3.0, -50.0, 1.0)])
def test_paste_outside_changes_nothing(place):
    frame = picture(0, 20, 30)
    result = layers.paste(frame, picture(1, 6, 8), np.ones((6, 8), np.float32), place)
    np.testing.assert_array_equal(result, frame)


@pytest.mark.parametrize(("x0", "y0", "scale"), [(10.3, 6.7, 0.5), (4.0, 4.0, 0.4), (10.25, 5.5, 2.0)])
def test_a_canvas_cut_from_a_frame_returns_to_its_place(x0, y0, scale):
    """A smooth picture sampled into a canvas at (x0 + u / scale) and pasted back is where it was, to 1/10 px."""

    def ramp(x, y):  # 3 levels a pixel in x, 2 in y: an error of 1/10 px shows as 0.3, 0.2, 0.2 levels
        return np.stack([3 * x, 2 * y, x + y], -1)

    height, width = 60, 70
    centres = np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5)
    frame = ramp(*centres)
    h, w = int(40 * scale), int(50 * scale)
    u, v = np.meshgrid(np.arange(w) + 0.5, np.arange(h) + 0.5)
    canvas = ramp(x0 + u / scale, y0 + v / scale)
    blank = np.zeros((height, width, 3), np.uint8)
    result = layers.paste(blank, np.round(canvas).astype(np.uint8), np.ones((h, w), np.float32), (x0, y0, scale))
    left, top, right, bottom = layers.footprint((x0, y0, scale), (w, h), (width, height))
    rim = int(np.ceil(2 / scale)) + 1  # cubic interpolation repeats the border there
    inner = (slice(top + rim, bottom - rim), slice(left + rim, right - rim))
    assert np.abs(result[inner] - frame[inner]).max() <= 1.2
    assert np.abs((result[inner] - frame[inner]).mean()) <= 0.2


def test_matte_zero_leaves_the_frame():
    frame = picture(0, 20, 30)
    result = layers.paste(frame, picture(1, 6, 8), np.zeros((6, 8), np.float32), (5.2, 3.9, 0.7))
    np.testing.assert_array_equal(result, frame)


def test_border_matte_vanishes_at_the_border():
    matte = layers.border_matte(21, 15, 5)
    assert matte[7, 10] == 1
    assert matte[0].max() < 0.03
    np.testing.assert_allclose(matte, matte[::-1, ::-1])


def test_border_matte_only_at_the_sides_asked():
    matte = layers.border_matte(21, 15, 5, (True, False, False, False))
    assert (matte[:, 5:] == 1).all()
    # First column: depth 0.5 of 5, smoothstep 3 x 0.01 - 2 x 0.001 = 0.028.
    np.testing.assert_allclose(matte[:, 0], 0.028, atol=1e-6)


def test_footprint_counts_pixel_centres():
    # Canvas of 4 px at scale 0.5 covers 8 px from 2.4: centres 2.5 .. 9.5 lie inside 2.4 .. 10.4.
    assert layers.footprint((2.4, 0.0, 0.5), (4, 4), (100, 100)) == (2, 0, 10, 8)
    # From 2.6 on the first centre inside is 3.5.
    assert layers.footprint((2.6, 0.0, 0.5), (4, 4), (100, 100)) == (3, 0, 11, 8)
