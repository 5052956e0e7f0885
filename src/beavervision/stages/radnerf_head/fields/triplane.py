"""The head's field in ER-NeRF's form: a static tri-plane with attention over the condition at each place."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn

from beavervision.nerf.grid_layout import GridLayout
from beavervision.nerf.mlp import RayMLP, truncated_exp
from beavervision.nerf.triplane import TriplaneEncoding

EYE_HIDDEN = 16
"""Width of the eyes' attention (ER-NeRF)."""


class TriplaneField(nn.Module):
    """Region attention (Li et al. 2023, "ER-NeRF", section 3.3) in place of an ambient space.

    Where a point lies decides how much each channel of the condition means there; the product goes into the density
    beside the point's features. No point moves, so there is no second grid: 0.49 M entries in all with the defaults,
    which are ER-NeRF's.

    Args:
        width: of the condition, whose last `eye_width` numbers are the eyes'.
        eye_width: of these.
        levels: levels of each plane.
        base: coarsest resolution of each plane.
        finest: finest resolution of each plane.
        log2_entries: bound of a level's entries.
        features: numbers an entry.
        hidden: width of the hidden layers.
        geometry: features that density hands to colour.
        backend: of grids and networks.
        seed: of the planes' initial entries.
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
        """Which implementation computes grids and networks."""
        return self.position_grid.backend

    @backend.setter
    def backend(self, name: str) -> None:
        for part in (self.position_grid, self.attention, self.eye_attention, self.density):
            part.backend = name

    def forward(
        self, points: Float[Tensor, "R S 3"], condition: Float[Tensor, "F C"]
    ) -> tuple[Float[Tensor, "R S"], Float[Tensor, "R S G"], Float[Tensor, "R S A"]]:
        """Density (per UNIT_CM), features and attention to the condition, of points in box coordinates."""
        place = self.position_grid(points.clamp(0, 1))
        attention = self.attention(place).float()
        eyes = torch.sigmoid(self.eye_attention(place).float())
        attended = torch.cat([attention, eyes.expand(*eyes.shape[:-1], self.eye_width)], -1) * condition[:, None]
        out = self.density(torch.cat([place, attended], -1)).float()
        return truncated_exp(out[..., 0]), out[..., 1:], attention
