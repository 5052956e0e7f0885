"""The network of the lower face: a small U-Net that mixes warped reference patches and corrects them."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from beavervision.stages.lower_face.landmark_maps import N_MAPS
from beavervision.stages.lower_face.references import N_REFERENCES

INPUTS = 3 + 1 + N_MAPS + 3 * N_REFERENCES
"""Channels: blanked patch, ellipse, maps, references."""
FOLD = 2
"""Pixels along each axis that are folded into channels: full-size layers would take most of the time."""
GROUPS = 8
"""Of the group normalisation; each batch item is normalised by itself, so results do not depend on the batch."""


class ConvBlock(nn.Sequential):
    """Two 3 x 3 convolutions, each with group normalisation and SiLU."""

    def __init__(self, inputs: int, outputs: int) -> None:
        layers: list[nn.Module] = []
        for count in (inputs, outputs):
            layers += [nn.Conv2d(count, outputs, 3, padding=1), nn.GroupNorm(GROUPS, outputs), nn.SiLU()]
        super().__init__(*layers)


class LowerFaceNetwork(nn.Module):
    """Draws the part of a patch that is blanked (U-Net: Ronneberger et al., MICCAI 2015).

    What it draws is a mixture of reference patches, warped to the target landmarks, plus a correction: so it begins
    with real pixels, and learns what warping cannot do.

    Args:
        size: side of the patches, px; a multiple of 32.
        widths: channels of each level, from the finest to the coarsest; multiples of 8.
    """

    ellipse: Tensor
    references: Tensor
    reference_points: Tensor

    def __init__(self, size: int, widths: Sequence[int] = (32, 64, 96, 128)) -> None:
        super().__init__()
        self.size = size
        first = INPUTS * FOLD * FOLD
        self.down = nn.ModuleList(ConvBlock(a, b) for a, b in zip((first, *widths[:-1]), widths, strict=True))
        self.up = nn.ModuleList(ConvBlock(b + a, a) for a, b in zip(widths[-2::-1], widths[:0:-1], strict=True))
        self.head = nn.Conv2d(widths[0], (3 + N_REFERENCES) * FOLD * FOLD, 3, padding=1)
        nn.init.zeros_(self.head.weight)
        assert self.head.bias is not None
        nn.init.zeros_(self.head.bias)  # begins with a mixture by the openings alone
        # An eighth faster on a CPU; the stubs of `to` lack this argument alone.
        self.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
        # Part of the weights: a bundle needs no footage.
        self.register_buffer("ellipse", torch.zeros(1, 1, size, size))
        self.register_buffer("references", torch.zeros(N_REFERENCES, size, size, 3, dtype=torch.uint8))
        self.register_buffer("reference_points", torch.zeros(N_REFERENCES, 68, 2))

    def forward(
        self,
        patch: Float[Tensor, "B 3 S S"],
        maps: Float[Tensor, "B 3 S S"],
        warped: Float[Tensor, "B R 3 S S"],
        preference: Float[Tensor, "B R"],
    ) -> Float[Tensor, "B 3 S S"]:
        """The patch with its blanked part drawn.

        Args:
            patch: of the frame, [0, 1]; what lies inside the ellipse is never looked at.
            maps: drawn target landmarks, [0, 1].
            warped: reference patches warped to the target landmarks, [0, 1]; see `references.warp_references`.
            preference: logits of the references; see `references.reference_preference`.

        Returns:
            Colours, about [0, 1], not clipped; outside the ellipse the patch's own.
        """
        known = patch * (1 - self.ellipse)
        ellipse = self.ellipse.expand(patch.shape[0], -1, -1, -1)  # len() would fix the size in an exported graph
        x = functional.pixel_unshuffle(torch.cat([known, maps, ellipse, warped.flatten(1, 2)], 1), FOLD)
        skipped: list[Tensor] = []
        for level, block in enumerate(self.down):
            x = block(x if level == 0 else functional.avg_pool2d(x, 2))
            skipped.append(x)
        skipped.pop()
        for block in self.up:
            x = block(torch.cat([functional.interpolate(x, scale_factor=2.0, mode="nearest"), skipped.pop()], 1))
        made = functional.pixel_shuffle(self.head(x), FOLD).float()
        shares = (made[:, 3:] + preference[:, :, None, None]).softmax(1)
        mixture = (warped * shares[:, :, None]).sum(1)
        return known + self.ellipse * (mixture + made[:, :3])
