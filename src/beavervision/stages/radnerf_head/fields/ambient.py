"""RAD-NeRF's field: a position grid and an ambient grid, whose coordinate depends on the face."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn

from beavervision.nerf.grid import GridEncoding
from beavervision.nerf.grid_layout import GridLayout
from beavervision.nerf.mlp import RayMLP, truncated_exp

AMBIENT_GAIN, AMBIENT_INIT = 4.0, 1e-2
"""Factors of the initial size of the ambient coordinate and of its grid entries. With the usual sizes all frames are in
one cell of a table of 1e-4: the expression has no visible effect, and therefore no gradient. Measured on 20 s of real
footage, 1000 steps: held-out mouth 29.2 dB instead of 27.7."""


class AmbientField(nn.Module):
    """RAD-NeRF's field (Tang et al. 2022, section 3.2): the condition moves points through an ambient space.

    Default widths and depths are those of STAGES.md section 4 (GeneFace++).

    Args:
        width: width of the condition.
        direct: number of the condition's last values that are also inputs of the density network (eyes and landmarks).
        levels: levels of each grid.
        base: coarsest resolution of each grid.
        finest: finest resolution of the position grid.
        ambient_finest: finest resolution of the ambient grid.
        log2_entries: base-2 logarithm of the largest number of entries per level.
        ambient_dims: dimensions of the ambient coordinate.
        hidden: width of the hidden layers.
        geometry: number of features that density passes to colour.
        backend: backend of grids and networks.
        seed: seed of the grids' initial entries.
    """

    def __init__(
        self,
        width: int,
        direct: int,
        levels: int = 16,
        base: int = 16,
        finest: int = 512,
        ambient_finest: int = 512,
        log2_entries: int = 16,
        ambient_dims: int = 3,
        hidden: int = 64,
        geometry: int = 64,
        backend: str = "auto",
        seed: int = 0,
    ) -> None:
        super().__init__()
        self.direct = direct
        grids = GridLayout(3, levels, base, finest, log2_entries)
        ambient = GridLayout(ambient_dims, levels, base, ambient_finest, log2_entries)
        self.position_grid = GridEncoding(grids, backend, seed)
        self.ambient_grid = GridEncoding(ambient, backend, seed + 1, AMBIENT_INIT)
        inputs = self.position_grid.width
        self.ambient = RayMLP(inputs, width, hidden, 3, ambient_dims, backend)
        last = self.ambient.rest[-1]
        assert isinstance(last, nn.Linear)
        last.weight.data *= AMBIENT_GAIN
        self.density = RayMLP(inputs + self.ambient_grid.width, direct, hidden, 3, 1 + geometry, backend)

    @property
    def backend(self) -> str:
        """Name of the backend of grids and networks."""
        return self.position_grid.backend

    @backend.setter
    def backend(self, name: str) -> None:
        for part in (self.position_grid, self.ambient_grid, self.ambient, self.density):
            part.backend = name

    def forward(
        self, points: Float[Tensor, "R S 3"], condition: Float[Tensor, "F C"]
    ) -> tuple[Float[Tensor, "R S"], Float[Tensor, "R S G"], Float[Tensor, "R S A"]]:
        """Density (per UNIT_CM), features and ambient coordinate in [-1, 1] of points in box coordinates."""
        # Half precision is for the layers only: it would round grid coordinates and exponents of densities.
        place = self.position_grid(points.clamp(0, 1))
        ambient = torch.tanh(self.ambient(place, condition).float())
        features = torch.cat([place, self.ambient_grid((ambient + 1) / 2)], -1)
        out = self.density(features, condition[:, -self.direct :]).float()
        return truncated_exp(out[..., 0]), out[..., 1:], ambient
