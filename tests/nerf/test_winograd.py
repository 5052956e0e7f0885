"""Convolutions by minimal filtering against torch's, and the layers between them."""

import numpy as np
import pytest
import torch
from torch import nn

from beavervision.nerf.backends.numba_layers import activate, activate_doubled, normalisation, pool
from beavervision.nerf.backends.numba_winograd import WinogradConvolution, padded_picture, result_picture


def in_phases(picture: np.ndarray) -> np.ndarray:
    """A convolution's input of a picture [H, W, C], pixel by pixel as `padded_picture` says."""
    height, width, channels = picture.shape
    padded = padded_picture(height, width, channels)
    for y in range(height):
        for x in range(width):
            padded[y + 1, (x + 1) % 4, (x + 1) // 4] = picture[y, x]
    return padded


def of_padded(padded: np.ndarray, height: int, width: int) -> np.ndarray:
    return np.stack([[padded[y + 1, (x + 1) % 4, (x + 1) // 4] for x in range(width)] for y in range(height)])


def of_result(result: np.ndarray, height: int, width: int) -> np.ndarray:
    return np.stack([[result[y, x % 4, x // 4] for x in range(width)] for y in range(height)])


@pytest.mark.parametrize(("height", "width"), [(8, 12), (10, 7), (1, 1), (280, 4)])
def test_a_convolution_equals_torchs(height, width):
    torch.manual_seed(height)
    layer = nn.Conv2d(5, 9, 3, padding=1)
    picture = np.random.default_rng(0).normal(size=(height, width, 5)).astype(np.float32)
    result = result_picture(height, width, 9)
    WinogradConvolution.of(layer)(in_phases(picture), result)
    with torch.no_grad():
        expected = layer(torch.from_numpy(picture).permute(2, 0, 1)[None])[0].permute(1, 2, 0).numpy()
    np.testing.assert_allclose(of_result(result, height, width), expected, atol=2e-5)


def test_a_pixel_by_hand():
    # A filter that sums its nine pixels, of a picture of ones: 4 in a corner, 6 at a side, 9 inside.
    layer = nn.Conv2d(1, 1, 3, padding=1)
    nn.init.ones_(layer.weight)
    nn.init.zeros_(layer.bias)
    result = result_picture(3, 3, 1)
    WinogradConvolution.of(layer)(in_phases(np.ones((3, 3, 1), np.float32)), result)
    np.testing.assert_allclose(of_result(result, 3, 3)[..., 0], [[4, 6, 4], [6, 9, 6], [4, 6, 4]], atol=1e-5)


def test_the_layers_between_equal_torchs():
    rng, (height, width, channels) = np.random.default_rng(1), (6, 10, 16)
    norm = nn.GroupNorm(4, channels)
    nn.init.normal_(norm.weight)
    nn.init.normal_(norm.bias)
    picture = rng.normal(1, 3, size=(height, width, channels)).astype(np.float32)
    raw = result_picture(height, width, channels)
    raw[:] = 1e9  # what is beyond the picture must not count
    for y in range(height):
        for x in range(width):
            raw[y, x % 4, x // 4] = picture[y, x]
    with torch.no_grad():
        wanted = nn.functional.silu(norm(torch.from_numpy(picture).permute(2, 0, 1)[None]))
    made = padded_picture(height, width, channels + 2)
    scale = normalisation(norm, raw, height, width)
    activate(raw, *scale, height, width, made, 2)
    expected = wanted[0].permute(1, 2, 0).numpy()
    np.testing.assert_allclose(of_padded(made, height, width)[..., 2:], expected, atol=1e-5)
    assert not of_padded(made, height, width)[..., :2].any()
    assert not made[0].any()
    assert not made[height + 1 :].any()

    twice = padded_picture(2 * height, 2 * width, channels)
    activate_doubled(raw, *scale, height, width, twice)
    np.testing.assert_allclose(of_padded(twice, 2 * height, 2 * width), expected.repeat(2, 0).repeat(2, 1), atol=1e-5)
    half = padded_picture(height // 2, width // 2, channels)
    pool(made, 2, channels, height, width, half)
    pooled = nn.functional.avg_pool2d(wanted, 2)[0].permute(1, 2, 0).numpy()
    np.testing.assert_allclose(of_padded(half, height // 2, width // 2), pooled, atol=1e-5)
