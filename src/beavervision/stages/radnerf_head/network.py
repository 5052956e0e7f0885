"""The head's radiance field: a space that deforms with the face, seen through two grids."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from beavervision.nerf.condition import EyeEncoder, WindowEncoder
from beavervision.nerf.density import truncated_exp
from beavervision.nerf.grid import GridEncoding, GridLayout
from beavervision.nerf.mlp import RayMLP
from beavervision.nerf.occupancy import OccupancyGrid
from beavervision.nerf.rays import UNIT_CM, Rays
from beavervision.nerf.render import accumulate, median_depth, weights_from_density
from beavervision.nerf.sampling import sample_rays
from beavervision.nerf.spherical_harmonics import WIDTH as VIEW_WIDTH
from beavervision.nerf.spherical_harmonics import spherical_harmonics

CHANNELS = 204
"""68 landmarks x 3."""

AMBIENT_GAIN, AMBIENT_INIT = 4.0, 1e-2
"""How much larger than usual the ambient coordinate and the entries of its grid start. With the usual sizes all frames
stand in one cell of a table of 1e-4: the expression leaves no trace in the picture, so no gradient finds it. Measured
on 20 s of real footage, 1000 steps: held-out mouth 29.2 dB instead of 27.7."""


@dataclass(frozen=True)
class Rendering:
    """What rays show; rows of rays that miss everything hold zeros."""

    rgb: Float[Tensor, "R 3"]
    """Premultiplied by alpha."""
    alpha: Float[Tensor, "R"]
    depth: Float[Tensor, "R"]
    """Median depth, units of UNIT_CM."""
    ambient: Float[Tensor, "R"]
    """Mean magnitude of the ambient coordinate along the ray, weighted by what is seen."""


class HeadNetwork(nn.Module):
    """Condition encoder, ambient field, density, colour, and the occupancy that says where to look.

    Widths and depths default to STAGES.md section 4 (GeneFace++).

    Args:
        box: corners of the head's box in head space, cm: (x0, y0, z0, x1, y1, z1).
        n_codes: number of training frames, each with its own appearance code.
        levels: levels of either grid.
        base: coarsest resolution of either grid.
        finest: finest resolution of the position grid.
        ambient_finest: finest resolution of the ambient grid.
        log2_entries: bound of a level's entries.
        ambient_dims: dimensions of the ambient coordinate.
        hidden: width of the hidden layers.
        geometry: features that density hands to colour.
        window: frames that the condition's attention blends.
        code_dims: width of an appearance code.
        cells: cells a side of the occupancy grid.
        samples: samples a ray while the whole hull is searched.
        shell_samples: samples a ray once the surface is known.
        shell_cm: length of ray, cm, that is searched within the shell.
        backend: of the grids.
        seed: of the initial weights.
    """

    def __init__(
        self,
        box: list[float],
        n_codes: int,
        levels: int = 16,
        base: int = 16,
        finest: int = 512,
        ambient_finest: int = 512,
        log2_entries: int = 16,
        ambient_dims: int = 3,
        hidden: int = 64,
        geometry: int = 64,
        window: int = 5,
        code_dims: int = 4,
        cells: int = 64,
        samples: int = 16,
        shell_samples: int = 4,
        shell_cm: float = 3.0,
        backend: str = "auto",
        seed: int = 0,
    ) -> None:
        super().__init__()
        self.samples, self.shell_samples, self.shell_cm = samples, shell_samples, shell_cm
        self.register_buffer("box", torch.tensor(box, dtype=torch.float32).reshape(2, 3))
        self.register_buffer("in_shell", torch.zeros((), dtype=torch.bool))
        self.occupancy = OccupancyGrid(cells)
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            self.condition = WindowEncoder(CHANNELS, window)
            self.eye = EyeEncoder()
            width = 64 + EyeEncoder.WIDTH
            grids = GridLayout(3, levels, base, finest, log2_entries)
            ambient = GridLayout(ambient_dims, levels, base, ambient_finest, log2_entries)
            self.position_grid = GridEncoding(grids, backend, seed)
            self.ambient_grid = GridEncoding(ambient, backend, seed + 1, AMBIENT_INIT)
            inputs = self.position_grid.width
            self.ambient = RayMLP(inputs, width, hidden, 3, ambient_dims)
            self.ambient.rest[-1].weight.data *= AMBIENT_GAIN
            self.density = RayMLP(inputs + self.ambient_grid.width, EyeEncoder.WIDTH, hidden, 3, 1 + geometry)
            self.colour = RayMLP(geometry, VIEW_WIDTH + code_dims, hidden, 2, 3)
            self.codes = nn.Embedding(n_codes, code_dims)
            nn.init.normal_(self.codes.weight, std=0.1)

    @property
    def budget(self) -> int:
        """Samples a ray at present."""
        return self.shell_samples if self.in_shell else self.samples

    @property
    def mean_code(self) -> Float[Tensor, "code"]:
        """Appearance of frames that were never seen.

        The mean, not the first frame's as in the reference: one frame's exposure should not decide for all.
        """
        return self.codes.weight.mean(0)

    def enter_shell(self, shell: Bool[Tensor, "X Y Z"]) -> None:
        """Sample only these cells from now on, with the small budget."""
        self.occupancy.restrict(shell)
        self.in_shell.fill_(True)  # noqa: FBT003

    def use_backend(self, name: str) -> None:
        """Compute the grids and march with another backend from now on."""
        self.position_grid.backend = self.ambient_grid.backend = name

    def encode(self, windows: Float[Tensor, "B W C 204"], eye: Float[Tensor, "B"]) -> Float[Tensor, "B 66"]:
        """Condition of frames from their landmark windows and eye openness, both normalised."""
        return torch.cat([self.condition(windows).float(), self.eye(eye).float()], -1)

    def geometry(
        self, points: Float[Tensor, "R S 3"], condition: Float[Tensor, "R 66"]
    ) -> tuple[Float[Tensor, "R S"], Float[Tensor, "R S G"], Float[Tensor, "R S A"]]:
        """Density (per UNIT_CM), features and ambient coordinate in [-1, 1] of points in box coordinates."""
        # Half precision is for the layers alone: eight bits would round places in a grid, and exponents of densities.
        place = self.position_grid(points.clamp(0, 1))
        ambient = torch.tanh(self.ambient(place, condition).float())
        features = torch.cat([place, self.ambient_grid((ambient + 1) / 2)], -1)
        out = self.density(features, condition[:, -EyeEncoder.WIDTH :]).float()
        return truncated_exp(out[..., 0]), out[..., 1:], ambient

    def forward(
        self,
        rays: Rays,
        condition: Float[Tensor, "R 66"],
        code: Float[Tensor, "R code"],
        jitter: Float[Tensor, "R S"],
    ) -> Rendering:
        """Render rays; differentiable in everything but where the samples lie.

        Args:
            rays: in box coordinates.
            condition: of each ray's frame.
            code: appearance code of each ray's frame.
            jitter: see `sample_rays`; its width is the sample budget.
        """
        longest = self.shell_cm / UNIT_CM if self.in_shell else float("inf")
        found = sample_rays(rays, self.occupancy.occupied, jitter, self.position_grid.backend, longest)
        origins, directions = rays.origins[found.ray], rays.directions[found.ray]
        points = origins[:, None] + directions[:, None] * found.depths[..., None]
        density, features, ambient = self.geometry(points, condition[found.ray])
        shared = torch.cat([spherical_harmonics(rays.view[found.ray]), code[found.ray]], -1)
        rgb = torch.sigmoid(self.colour(features, shared).float())
        weights = weights_from_density(density, found.lengths)
        values = torch.cat([rgb, torch.ones_like(rgb[..., :1]), ambient.abs().mean(-1, keepdim=True)], -1)
        sums = accumulate(weights, values)
        depth = median_depth(weights.detach(), found.depths)
        full = torch.cat([sums, depth[:, None]], -1)
        out = full.new_zeros(len(rays.view), 6).index_copy(0, found.ray, full)
        return Rendering(out[:, :3], out[:, 3], out[:, 5], out[:, 4])
