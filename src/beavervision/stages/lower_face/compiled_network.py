"""The network of the lower face, compiled for the CPU: what `LowerFaceNetwork.forward` computes, for one patch.

Convolutions have a quarter of the multiplications (`nerf.backends.numba_winograd`), and normalisation, activation,
folding and mixing are one pass each. Results differ from the network's by rounding (test_compiled_lower_face.py).
"""
# ruff: noqa: ANN001 -- numba infers the types of compiled functions

from __future__ import annotations

from dataclasses import dataclass
from threading import local

import numpy as np
import torch
from jaxtyping import Float, UInt8
from numba import njit
from torch import nn

from beavervision.nerf.backends.numba_layers import activate, activate_doubled, normalisation, pool
from beavervision.nerf.backends.numba_winograd import (
    STEP,
    WinogradConvolution,
    padded_picture,
    result_picture,
)
from beavervision.stages.lower_face.network import FOLD, LowerFaceNetwork

BYTE = np.float32(1 / 255)
WHITE, ZERO, ONE = np.float32(255), np.float32(0), np.float32(1)


@dataclass(frozen=True)
class CompiledBlock:
    """Two convolutions, each with its normalisation; see `network.ConvBlock`."""

    convolutions: tuple[WinogradConvolution, WinogradConvolution]
    norms: tuple[nn.GroupNorm, nn.GroupNorm]
    outputs: int

    @classmethod
    def of(cls, block: nn.Module) -> CompiledBlock:
        """The same block as one of the network."""
        first, norm, _, second, other, _ = block.children()
        assert isinstance(first, nn.Conv2d)
        assert isinstance(second, nn.Conv2d)
        assert isinstance(norm, nn.GroupNorm)
        assert isinstance(other, nn.GroupNorm)
        pair = WinogradConvolution.of(first), WinogradConvolution.of(second)
        return cls(pair, (norm, other), second.out_channels)


class CompiledLowerFace:
    """Draws the patches of one person; several threads may draw at once.

    Args:
        network: in single precision, on the CPU; its weights must not change afterwards.
    """

    def __init__(self, network: LowerFaceNetwork) -> None:
        self._down = [CompiledBlock.of(block) for block in network.down]
        self._up = [CompiledBlock.of(block) for block in network.up]
        self._head = WinogradConvolution.of(network.head)
        self._ellipse = network.ellipse[0, 0].float().numpy()
        self._side = network.size // FOLD
        self._inputs = network.down[0][0].in_channels  # pyright: ignore[reportIndexIssue]  # ModuleList of sequences
        self._rooms = local()

    @torch.no_grad()
    def draw(
        self,
        patch: UInt8[np.ndarray, "S S 3"],
        maps: UInt8[np.ndarray, "S S M"],
        warped: UInt8[np.ndarray, "R S S 3"],
        preference: Float[np.ndarray, "R"],
    ) -> Float[np.ndarray, "S S 3"]:
        """The patch with its blanked part drawn, [0, 255]; arguments as in `LowerFaceNetwork.forward`."""
        room = self._room()
        _fold(patch, maps, warped, self._ellipse, room.first)
        side, picture = self._side, room.first
        for level, block in enumerate(self._down):
            raw = self._block(block, picture, side)
            if level == len(self._down) - 1:
                self._doubled(block, raw, side, room.joined[0])
                continue
            joined = room.joined[-1 - level]
            skip = joined.shape[3] - block.outputs
            activate(raw, *normalisation(block.norms[1], raw, side, side), side, side, joined, skip)
            picture, side = room.pooled[level], side // 2
            pool(joined, skip, block.outputs, 2 * side, 2 * side, picture)
        for level, block in enumerate(self._up):
            side *= 2
            raw = self._block(block, room.joined[level], side)
            if level < len(self._up) - 1:
                self._doubled(block, raw, side, room.joined[level + 1])
            else:
                activate(raw, *normalisation(block.norms[1], raw, side, side), side, side, room.last, 0)
        self._head(room.last, room.made)
        result = np.empty(patch.shape, np.float32)
        _unfold(room.made, patch, warped, preference, self._ellipse, result)
        return result

    def _block(self, block: CompiledBlock, picture: np.ndarray, side: int) -> np.ndarray:
        """Both convolutions of a block; the second one's result is not normalised yet."""
        raw, between = self._room().of_block(block.outputs, side)
        block.convolutions[0](picture, raw)
        activate(raw, *normalisation(block.norms[0], raw, side, side), side, side, between, 0)
        block.convolutions[1](between, raw)
        return raw

    def _doubled(self, block: CompiledBlock, raw: np.ndarray, side: int, joined: np.ndarray) -> None:
        activate_doubled(raw, *normalisation(block.norms[1], raw, side, side), side, side, joined)

    def _room(self) -> _Room:
        """Arrays of this thread, kept from patch to patch: what surrounds a picture has to be zero only once."""
        if not hasattr(self._rooms, "room"):
            self._rooms.room = _Room(self._side, self._inputs, self._down, self._up, len(self._head.bias))
        return self._rooms.room


class _Room:
    """Arrays between the layers."""

    def __init__(
        self, side: int, inputs: int, down: list[CompiledBlock], up: list[CompiledBlock], outputs: int
    ) -> None:
        self.first = padded_picture(side, side, inputs)
        levels = len(down)
        sides = [side >> level for level in range(levels)]
        self.pooled = [padded_picture(sides[i + 1], sides[i + 1], down[i].outputs) for i in range(levels - 1)]
        # What comes from below (the coarsest level, then the upward blocks), beside what was skipped.
        below = [down[-1].outputs, *(block.outputs for block in up[:-1])]
        self.joined = [
            padded_picture(sides[-2 - i], sides[-2 - i], count + down[-2 - i].outputs) for i, count in enumerate(below)
        ]
        self.last = padded_picture(side, side, up[-1].outputs)
        self.made = result_picture(side, side, outputs)
        self._blocks: dict[tuple[int, int], tuple[np.ndarray, np.ndarray]] = {}

    def of_block(self, channels: int, side: int) -> tuple[np.ndarray, np.ndarray]:
        """A result of a convolution and an input of the next one."""
        key = (channels, side)
        if key not in self._blocks:
            self._blocks[key] = (result_picture(side, side, channels), padded_picture(side, side, channels))
        return self._blocks[key]


@njit(cache=True, nogil=True, error_model="numpy")
def _fold(patch, maps, warped, ellipse, result) -> None:
    """Input of the network with 2 x 2 pixels folded into channels, in the order of `pixel_unshuffle`."""
    side, kinds, references = patch.shape[0] // FOLD, maps.shape[2], warped.shape[0]
    for y in range(side):
        for x in range(side):
            made = result[y + 1, (x + 1) % STEP, (x + 1) // STEP]
            for j in range(FOLD):
                for i in range(FOLD):
                    row, column, place = FOLD * y + j, FOLD * x + i, FOLD * j + i
                    inside = ellipse[row, column]
                    known = (ONE - inside) * BYTE
                    for c in range(3):
                        made[4 * c + place] = known * np.float32(patch[row, column, c])
                    for c in range(kinds):
                        made[4 * (3 + c) + place] = BYTE * np.float32(maps[row, column, c])
                    made[4 * (3 + kinds) + place] = inside
                    for r in range(references):
                        for c in range(3):
                            value = BYTE * np.float32(warped[r, row, column, c])
                            made[4 * (4 + kinds + 3 * r + c) + place] = value


@njit(cache=True, nogil=True, error_model="numpy")
def _unfold(made, patch, warped, preference, ellipse, result) -> None:
    """The drawn patch: a mixture of the references and a correction inside the ellipse, the patch outside."""
    size, references = patch.shape[0], warped.shape[0]
    share = np.empty(references, np.float32)
    for row in range(size):
        for column in range(size):
            inside = ellipse[row, column]
            pixel, target = patch[row, column], result[row, column]
            if inside == ZERO:
                for c in range(3):
                    target[c] = np.float32(pixel[c])
                continue
            x, place = column // FOLD, FOLD * (row % FOLD) + column % FOLD
            drawn = made[row // FOLD, x % STEP, x // STEP]
            highest = drawn[12 + place] + preference[0]
            for r in range(references):
                share[r] = drawn[4 * (3 + r) + place] + preference[r]
                highest = max(highest, share[r])
            total = ZERO
            for r in range(references):
                share[r] = np.exp(share[r] - highest)
                total += share[r]
            for c in range(3):
                value = drawn[4 * c + place] * WHITE
                for r in range(references):
                    value += share[r] / total * np.float32(warped[r, row, column, c])
                value = inside * value + (ONE - inside) * np.float32(pixel[c])
                target[c] = min(max(value, ZERO), WHITE)
