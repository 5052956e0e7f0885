"""3 x 3 convolutions on the CPU by Winograd's minimal filtering F(4 x 4, 3 x 3): a quarter of the multiplications.

Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks", CVPR 2016. A tile of 6 x 6 pixels gives 4 x 4
pixels of the result: V = B'dB, M = U V for each of the 36 entries (a matrix product over the channels), Y = A'MA. The
results differ from a direct convolution by rounding only (about 1e-5 of the largest value).

Pictures are [rows, columns, channels]: the inner loops run over channels, and write one array each, so that the
compiler vectorises them.
"""
# ruff: noqa: ANN001 -- numba infers the types of compiled functions

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from jaxtyping import Float
from numba import njit
from torch import Tensor, nn

TILE, STEP, ENTRIES = 6, 4, 36
"""Side of a tile, side of its result, and number of its entries."""
BLOCK = 64
"""Tiles of one matrix product: what is computed stays in the cache."""
FOUR, FIVE, TWO, EIGHT = np.float32(4), np.float32(5), np.float32(2), np.float32(8)
FAST = {"contract", "nsz"}

FILTER = np.array(
    [
        [1 / 4, 0, 0],
        [-1 / 6, -1 / 6, -1 / 6],
        [-1 / 6, 1 / 6, -1 / 6],
        [1 / 24, 1 / 12, 1 / 6],
        [1 / 24, -1 / 12, 1 / 6],
        [0, 0, 1],
    ]
)
"""Matrix G of the paper."""


def tiles_of(size: int) -> int:
    """Number of tiles that cover `size` pixels."""
    return -(-size // STEP)


def padded_picture(height: int, width: int, channels: int) -> Float[np.ndarray, "h 4 w c"]:
    """Zeros of the size that a convolution of height x width pixels reads, in phases.

    Pixel (x, y) is [y + 1, (x + 1) % 4, (x + 1) // 4]: a border of one pixel, and every fourth pixel of a row side by
    side, so that all tiles of a row are computed by one loop. What is around the picture has to stay zero.
    """
    return np.zeros((STEP * tiles_of(height) + 2, STEP, tiles_of(width) + 1, channels), np.float32)


def result_picture(height: int, width: int, channels: int) -> Float[np.ndarray, "h 4 w c"]:
    """Room for the result of a convolution: pixel (x, y) is [y, x % 4, x // 4]; what is beyond has no meaning."""
    return np.empty((STEP * tiles_of(height), STEP, tiles_of(width), channels), np.float32)


@dataclass(frozen=True)
class WinogradConvolution:
    """A 3 x 3 convolution with a border of zeros; equals `nn.Conv2d(inputs, outputs, 3, padding=1)`.

    Args:
        weight: of the convolution.
        bias: of the convolution.
    """

    weight: Float[Tensor, "O I 3 3"]
    bias: Float[Tensor, "O"]

    @classmethod
    def of(cls, layer: nn.Conv2d) -> WinogradConvolution:
        """The same convolution as a layer of a network."""
        assert layer.bias is not None
        assert layer.kernel_size == (3, 3)
        return cls(layer.weight.detach(), layer.bias.detach())

    @cached_property
    def _filters(self) -> Float[Tensor, "36 I O"]:
        g = torch.from_numpy(FILTER)
        filters = torch.einsum("ik,ockl,jl->ijco", g, self.weight.double(), g)
        return filters.reshape(ENTRIES, *filters.shape[2:]).float().contiguous()

    @cached_property
    def _offset(self) -> Float[np.ndarray, "O"]:
        return self.bias.float().numpy()

    def __call__(self, picture: Float[np.ndarray, "h 4 w I"], result: Float[np.ndarray, "H 4 W O"]) -> None:
        """Convolve a picture.

        Args:
            picture: see `padded_picture`.
            result: output, see `result_picture`.
        """
        down, across, outputs = len(result) // STEP, result.shape[2], result.shape[3]
        rows, inputs = max(1, BLOCK // across), picture.shape[3]
        halves = np.empty((TILE, picture[0].size), np.float32)
        spread = np.empty((ENTRIES, rows * across, inputs), np.float32)
        product = np.empty((ENTRIES, rows * across, outputs), np.float32)
        gathered = np.empty((STEP, TILE, across * outputs), np.float32)
        offset = np.tile(self._offset, across)
        sources, products = torch.from_numpy(spread), torch.from_numpy(product)
        for first in range(0, down, rows):
            count = min(rows, down - first)
            _to_tiles(picture, first, count, halves, spread)
            torch.bmm(sources[:, : count * across], self._filters, out=products[:, : count * across])
            _from_tiles(product, first, count, offset, gathered, result)


@njit(cache=True, nogil=True, fastmath=FAST, error_model="numpy")
def _six_to(i, a, b, c, d, e, f, result) -> None:
    """Entry i of B' times a column."""
    if i == 0:
        for k in range(len(result)):
            result[k] = FOUR * a[k] - FIVE * c[k] + e[k]
    elif i == 1:
        for k in range(len(result)):
            result[k] = d[k] + e[k] - FOUR * (b[k] + c[k])
    elif i == 2:
        for k in range(len(result)):
            result[k] = FOUR * (b[k] - c[k]) - d[k] + e[k]
    elif i == 3:
        for k in range(len(result)):
            result[k] = TWO * (d[k] - b[k]) + e[k] - c[k]
    elif i == 4:
        for k in range(len(result)):
            result[k] = TWO * (b[k] - d[k]) + e[k] - c[k]
    else:
        for k in range(len(result)):
            result[k] = FOUR * b[k] - FIVE * d[k] + f[k]


@njit(cache=True, nogil=True, fastmath=FAST, error_model="numpy")
def _four_to(i, a, b, c, d, e, f, result) -> None:
    """Entry i of A' times a column."""
    if i == 0:
        for k in range(len(result)):
            result[k] = a[k] + b[k] + c[k] + d[k] + e[k]
    elif i == 1:
        for k in range(len(result)):
            result[k] = b[k] - c[k] + TWO * (d[k] - e[k])
    elif i == 2:
        for k in range(len(result)):
            result[k] = b[k] + c[k] + FOUR * (d[k] + e[k])
    else:
        for k in range(len(result)):
            result[k] = b[k] - c[k] + EIGHT * (d[k] - e[k]) + f[k]


@njit(cache=True, nogil=True, fastmath=FAST, error_model="numpy")
def _to_tiles(picture, first, count, halves, spread) -> None:
    """Spread `count` rows of tiles from row `first` on: V = B'dB."""
    columns, channels = picture.shape[2], picture.shape[3]
    wide, across = STEP * columns * channels, columns - 1
    length = across * channels
    for row in range(count):
        y = (first + row) * STEP
        a, b, c = picture[y].reshape(wide), picture[y + 1].reshape(wide), picture[y + 2].reshape(wide)
        d, e, f = picture[y + 3].reshape(wide), picture[y + 4].reshape(wide), picture[y + 5].reshape(wide)
        for i in range(TILE):
            half = halves[i]
            _six_to(i, a, b, c, d, e, f, half)
            # Column m of every tile lies in phase m % 4, from tile m // 4 on.
            phase = columns * channels
            p, q, r, s = half[:length], half[phase:], half[2 * phase :], half[3 * phase :]
            t, u = half[channels:], half[phase + channels :]
            for j in range(TILE):
                made = spread[i * TILE + j, row * across : (row + 1) * across].reshape(length)
                _six_to(j, p, q, r, s, t, u, made)


@njit(cache=True, nogil=True, fastmath=FAST, error_model="numpy")
def _from_tiles(product, first, count, offset, gathered, result) -> None:
    """Gather `count` rows of tiles from row `first` on: Y = A'MA, plus the bias."""
    across, channels = result.shape[2], result.shape[3]
    length = across * channels
    for row in range(count):
        part = slice(row * length, (row + 1) * length)
        for j in range(TILE):
            a, b = product[j].reshape(-1)[part], product[TILE + j].reshape(-1)[part]
            c, d = product[2 * TILE + j].reshape(-1)[part], product[3 * TILE + j].reshape(-1)[part]
            e, f = product[4 * TILE + j].reshape(-1)[part], product[5 * TILE + j].reshape(-1)[part]
            for i in range(STEP):
                _four_to(i, a, b, c, d, e, f, gathered[i, j])
        for i in range(STEP):
            half = gathered[i]
            for j in range(STEP):
                made = result[(first + row) * STEP + i, j].reshape(length)
                _four_to(j, half[0], half[1], half[2], half[3], half[4], half[5], made)
                for k in range(length):
                    made[k] += offset[k]
