"""Layers between Winograd convolutions on the CPU: group normalisation with SiLU, pooling, doubling.

Results of convolutions come as `numba_winograd.result_picture`, inputs of the next ones are `padded_picture`: pixel
(x, y) is [y, x % 4, x // 4] there, and [y + 1, (x + 1) % 4, (x + 1) // 4] here.
"""
# ruff: noqa: ANN001, ANN202 -- numba infers the types of compiled functions

from __future__ import annotations

import numpy as np
from jaxtyping import Float
from numba import njit
from torch import nn

STEP = 4
HALF, ONE, QUARTER = np.float32(0.5), np.float32(1), np.float32(0.25)
TANH_END = np.float32(7.90531110763549805)
"""Where tanh is 1 in single precision."""
ODD = np.array(
    [
        4.89352455891786e-03,
        6.37261928875436e-04,
        1.48572235717979e-05,
        5.12229709037114e-08,
        -8.60467152213735e-11,
        2.00018790482477e-13,
        -2.76076847742355e-16,
    ],
    np.float32,
)
EVEN = np.array([4.89352518554385e-03, 2.26843463243900e-03, 1.18534705686654e-04, 1.19825839466702e-06], np.float32)
"""tanh(x) = x ODD(x^2) / EVEN(x^2), the rational approximation of Eigen; compilers vectorise it, unlike exp."""
A0, A1, A2, A3, A4, A5, A6 = ODD
B0, B1, B2, B3 = EVEN
FAST = {"contract", "nsz"}


@njit(inline="always")
def _silu(value):
    """X / (1 + exp(-x)), as x (1 + tanh(x / 2)) / 2."""
    x = min(max(HALF * value, -TANH_END), TANH_END)
    s = x * x
    odd = x * (A0 + s * (A1 + s * (A2 + s * (A3 + s * (A4 + s * (A5 + s * A6))))))
    even = B0 + s * (B1 + s * (B2 + s * B3))
    return HALF * value * (ONE + odd / even)


def normalisation(
    layer: nn.GroupNorm, picture: Float[np.ndarray, "h 4 w C"], height: int, width: int
) -> tuple[Float[np.ndarray, "C"], Float[np.ndarray, "C"]]:
    """Factor and summand of each channel that make `layer` of a picture.

    Args:
        layer: group normalisation.
        picture: result of a convolution.
        height: rows of it that count.
        width: columns of it that count.
    """
    groups, channels = layer.num_groups, layer.num_channels
    sums = np.zeros((2, channels), np.float64)
    _add_moments(picture, height, width, sums)
    count = height * width * (channels // groups)
    mean, square = (part.reshape(groups, -1).sum(1) / count for part in sums)
    spread = 1 / np.sqrt(np.maximum(square - mean * mean, 0) + layer.eps)
    repeat = channels // groups
    factor = layer.weight.detach().numpy() * np.repeat(spread, repeat)
    summand = layer.bias.detach().numpy() - np.repeat(mean, repeat) * factor
    return factor.astype(np.float32), summand.astype(np.float32)


@njit(cache=True, nogil=True, fastmath=FAST, error_model="numpy")
def _add_moments(picture, height, width, sums) -> None:
    """Add each channel's sum and sum of squares."""
    channels = picture.shape[3]
    total, square = np.empty(channels, np.float32), np.empty(channels, np.float32)
    for y in range(height):
        total[:] = 0
        square[:] = 0
        for phase in range(STEP):
            for tile in range((width - phase + STEP - 1) // STEP):
                pixel = picture[y, phase, tile]
                for c in range(channels):
                    total[c] += pixel[c]
                    square[c] += pixel[c] * pixel[c]
        for c in range(channels):
            sums[0, c] += total[c]
            sums[1, c] += square[c]


@njit(cache=True, nogil=True, fastmath=FAST, error_model="numpy")
def activate(picture, factor, summand, height, width, result, first) -> None:
    """SiLU of the normalised picture, into channels `first` on of the next convolution's input."""
    channels = len(factor)
    for y in range(height):
        for phase in range(STEP):
            to, shift = (phase + 1) % STEP, (phase + 1) // STEP
            for tile in range((width - phase + STEP - 1) // STEP):
                pixel = picture[y, phase, tile]
                made = result[y + 1, to, tile + shift, first : first + channels]
                for c in range(channels):
                    made[c] = _silu(pixel[c] * factor[c] + summand[c])


@njit(cache=True, nogil=True, fastmath=FAST, error_model="numpy")
def activate_doubled(picture, factor, summand, height, width, result) -> None:
    """SiLU of the normalised picture at twice the size, each pixel repeated, into the first channels of the result."""
    channels = len(factor)
    line = np.empty(channels, np.float32)
    for y in range(height):
        for x in range(width):
            pixel = picture[y, x % STEP, x // STEP]
            for c in range(channels):
                line[c] = _silu(pixel[c] * factor[c] + summand[c])
            for column in (2 * x + 1, 2 * x + 2):
                for row in (2 * y + 1, 2 * y + 2):
                    made = result[row, column % STEP, column // STEP]
                    for c in range(channels):
                        made[c] = line[c]


@njit(cache=True, nogil=True, fastmath=FAST, error_model="numpy")
def pool(picture, first, channels, height, width, result) -> None:
    """Mean of 2 x 2 pixels of some channels of a convolution's input, as the next one's input of half the size."""
    for y in range(height // 2):
        for x in range(width // 2):
            left, right = 2 * x + 1, 2 * x + 2
            a = picture[2 * y + 1, left % STEP, left // STEP, first : first + channels]
            b = picture[2 * y + 1, right % STEP, right // STEP, first : first + channels]
            c = picture[2 * y + 2, left % STEP, left // STEP, first : first + channels]
            d = picture[2 * y + 2, right % STEP, right // STEP, first : first + channels]
            made = result[y + 1, (x + 1) % STEP, (x + 1) // STEP]
            for k in range(channels):
                made[k] = QUARTER * (a[k] + b[k] + c[k] + d[k])
