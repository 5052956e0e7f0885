"""ER-NeRF's field: a static tri-plane with region attention over the condition."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn

from beavervision.nerf.grid_layout import GridLayout
from beavervision.nerf.mlp import RayMLP, truncated_exp
from beavervision.nerf.triplane import TriplaneEncoding

EYE_HIDDEN = 16
"""Hidden width of the eyes' attention (ER-NeRF)."""


class TriplaneField(nn.Module):
    """Region attention (Li et al. 2023, "ER-NeRF", section 3.3) instead of an ambient space.

    The position of a point determines the weight of each channel of the condition; the weighted condition is an input
    of the density network, in addition to the point's features. Points are not moved, so there is no second grid: 0.49
    M entries in total with the defaults, which are ER-NeRF's.

    Args:
        width: width of the condition, whose last `eye_width` values are those of the eyes.
        eye_width: number of these values.
        levels: levels of each plane.
        base: coarsest resolution of each plane.
        finest: finest resolution of each plane.
        log2_entries: base-2 logarithm of the largest number of entries per level.
        features: features per entry.
        hidden: width of the hidden layers.
        geometry: number of features that density passes to colour.
        backend: backend of grids and networks.
        seed: seed of the planes' initial entries.
    """

    def __init__(
        self,
        width: int,
        eye_width: int,
        levels: int = 12,
        base: int = 64,
        finest: int = 512,
        log2_entries: int = 14,
        features: int = 1,
        hidden: int = 64,
        geometry: int = 64,
        backend: str = "auto",
        seed: int = 0,
    ) -> None:
        super().__init__()
        self.eye_width = eye_width
        layout = GridLayout(2, levels, base, finest, log2_entries, features)
        self.position_grid = TriplaneEncoding(layout, backend, seed)
        inputs = self.position_grid.width
        self.attention = RayMLP(inputs, 0, hidden, 2, width - eye_width, backend)
        self.eye_attention = RayMLP(inputs, 0, EYE_HIDDEN, 2, 1, backend)
        self.density = RayMLP(inputs + width, 0, hidden, 3, 1 + geometry, backend)

    @property
    def backend(self) -> str:
        """Name of the backend of grids and networks."""
        return self.position_grid.backend

    @backend.setter
    def backend(self, name: str) -> None:
        for part in (self.position_grid, self.attention, self.eye_attention, self.density):
            part.backend = name

    def forward(
        self, points: Float[Tensor, "R S 3"], condition: Float[Tensor, "F C"]
    ) -> tuple[Float[Tensor, "R S"], Float[Tensor, "R S G"], Float[Tensor, "R S A"]]:
        """Density (per UNIT_CM), features and condition attention of points in box coordinates."""
        place = self.position_grid(points.clamp(0, 1))
        attention = self.attention(place).float()
        eyes = torch.sigmoid(self.eye_attention(place).float())
        attended = torch.cat([attention, eyes.expand(*eyes.shape[:-1], self.eye_width)], -1) * condition[:, None]
        out = self.density(torch.cat([place, attended], -1)).float()
        return truncated_exp(out[..., 0]), out[..., 1:], attention
