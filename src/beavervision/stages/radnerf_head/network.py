"""The head network: condition encoder, radiance field, and rendering of its rays."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from beavervision.nerf.condition_encoder import EyeEncoder, WindowEncoder
from beavervision.nerf.encodings import WIDTH as VIEW_WIDTH
from beavervision.nerf.encodings import spherical_harmonics
from beavervision.nerf.mlp import RayMLP
from beavervision.nerf.occupancy_grid import OccupancyGrid
from beavervision.nerf.ray_samplers import STEPS, RaySamples, sample_rays
from beavervision.nerf.rays import UNIT_CM, Rays
from beavervision.nerf.volume_rendering import (
    EARLY_STOP,
    accumulate_along_rays,
    median_depth,
    render_weight_from_density,
)
from beavervision.stages.radnerf_head.fields.registry import make_field

CHANNELS = 204
"""Values of a landmark condition: 68 landmarks x 3."""

GROUP = 4
"""Number of samples of a ray between two checks for early termination."""


@dataclass(frozen=True)
class RayRendering:
    """Rendered rays; rays that hit no occupied cell are zero."""

    rgb: Float[Tensor, "R 3"]
    """Colour, premultiplied by alpha."""
    alpha: Float[Tensor, "R"]
    depth: Float[Tensor, "R"]
    """Median depth, units of UNIT_CM."""
    ambient: Float[Tensor, "R"]
    """Mean magnitude of the field's ambient coordinate along the ray, weighted as colour."""


@dataclass(frozen=True)
class ShadedSamples:
    """The field at S points of each of R rays."""

    rgb: Float[Tensor, "R S 3"]
    density: Float[Tensor, "R S"]
    """Density per UNIT_CM."""
    features: Float[Tensor, "R S G"]
    """Features that density passes to colour."""
    ambient: Float[Tensor, "R S A"]
    """Ambient coordinate or attention, in [-1, 1]."""


class HeadNetwork(nn.Module):
    """Condition encoder, ambient field, density, colour, and the occupancy grid.

    Args:
        box: corners of the head's box in head space, cm: (x0, y0, z0, x1, y1, z1).
        n_codes: number of training frames, each with its own appearance code.
        hidden: width of the hidden layers.
        geometry: number of features that density passes to colour.
        window: number of frames that the condition's attention blends.
        code_dims: width of an appearance code.
        direct: number of values, linear in the frame's own landmarks, that are inputs of the grid's density network in
            addition to those of the eyes. With two ambient values alone it learns mouth opening slowly.
        cells: cells per side of the occupancy grid.
        samples: samples per ray while the whole hull is sampled.
        shell_samples: samples per ray once only the shell is sampled.
        shell_cm: length of ray, cm, that is sampled within the shell; rays that graze the hair pass through much of it
            before they hit anything.
        backend: backend of grids and networks.
        seed: seed of the initial weights.
        kind: kind of the field: "grid", see `AmbientField`, or "triplane", see `TriplaneField`.
        planes: arguments of the tri-plane: levels, base, finest, log2_entries, features.
        grids: arguments of the grids: levels, base, finest, ambient_finest, log2_entries, ambient_dims.
    """

    def __init__(
        self,
        box: list[float],
        n_codes: int,
        hidden: int = 64,
        geometry: int = 64,
        window: int = 5,
        code_dims: int = 4,
        direct: int = 0,
        cells: int = 64,
        samples: int = 16,
        shell_samples: int = 4,
        shell_cm: float = 6.0,
        backend: str = "auto",
        seed: int = 0,
        kind: str = "grid",
        planes: dict[str, int] | None = None,
        **grids: int,
    ) -> None:
        super().__init__()
        self.samples, self.shell_samples, self.shell_cm = samples, shell_samples, shell_cm
        self.steps = STEPS
        self.box: Tensor
        self.register_buffer("box", torch.tensor(box, dtype=torch.float32).reshape(2, 3))
        self.in_shell: Tensor
        self.register_buffer("in_shell", torch.zeros((), dtype=torch.bool))
        self.occupancy = OccupancyGrid(cells)
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            self.condition = WindowEncoder(CHANNELS, window)
            self.eye = EyeEncoder()
            common = {"hidden": hidden, "geometry": geometry, "backend": backend, "seed": seed}
            # A tri-plane's density network gets the whole condition.
            direct = direct if kind == "grid" else 0
            self.direct = nn.Linear(CHANNELS, direct, bias=False) if direct else None
            direct_width = direct + EyeEncoder.WIDTH
            widths = (self.condition.width + direct_width, direct_width)
            self.field = make_field(kind, *widths, **(planes or {} if kind == "triplane" else grids), **common)
            self.colour = RayMLP(geometry, VIEW_WIDTH + code_dims, hidden, 2, 3, backend)
            self.codes = nn.Embedding(n_codes, code_dims)
            nn.init.normal_(self.codes.weight, std=0.1)

    @property
    def backend(self) -> str:
        """Name of the backend of grids, networks and ray marching."""
        return self.field.backend

    @property
    def budget(self) -> int:
        """Current number of samples per ray."""
        return self.shell_samples if self.in_shell else self.samples

    @property
    def mean_code(self) -> Float[Tensor, "code"]:
        """Appearance code for frames outside the training set.

        It is the mean, not the first frame's code as in RAD-NeRF: the exposure of one frame should not determine all.
        """
        return self.codes.weight.mean(0)

    def enter_shell(self, shell: Bool[Tensor, "X Y Z"]) -> None:
        """Restrict sampling to these cells, with the smaller number of samples."""
        self.occupancy.restrict(shell)
        self.in_shell.fill_(True)  # noqa: FBT003

    def use_backend(self, name: str) -> None:
        """Switch to another backend for grids, networks and ray marching."""
        self.field.backend = self.colour.backend = name

    def encode(self, windows: Float[Tensor, "B W C 204"], eye: Float[Tensor, "B"]) -> Float[Tensor, "B K"]:
        """Encode the condition of frames from landmark windows and eye openness, both normalised."""
        now = windows[:, windows.shape[1] // 2].mean(1)
        direct = [] if self.direct is None else [self.direct(now).float()]
        return torch.cat([self.condition(windows).float(), *direct, self.eye(eye).float()], -1)

    def geometry(
        self, points: Float[Tensor, "R S 3"], condition: Float[Tensor, "C K"]
    ) -> tuple[Float[Tensor, "R S"], Float[Tensor, "R S G"], Float[Tensor, "R S A"]]:
        """Density (per UNIT_CM), features, and ambient coordinate or attention, of points in box coordinates.

        The condition is that of each ray's frame, or one row if all rays belong to one frame.
        """
        return self.field(points, condition)

    def forward(
        self,
        rays: Rays,
        condition: Float[Tensor, "R K"],
        code: Float[Tensor, "R code"],
        jitter: Float[Tensor, "R S"],
    ) -> RayRendering:
        """Render rays; differentiable except in the positions of the samples.

        Args:
            rays: rays in box coordinates.
            condition: condition of each ray's frame.
            code: appearance code of each ray's frame.
            jitter: see `sample_rays`; its width is the number of samples.
        """
        found = self.find(rays, jitter)
        origins, directions = rays.origins[found.ray], rays.directions[found.ray]
        points = origins[:, None] + directions[:, None] * found.depths[..., None]
        shaded = self.shade(points, rays.view[found.ray], condition[found.ray], code[found.ray])
        weights = render_weight_from_density(shaded.density, found.lengths)
        opaque = torch.ones_like(shaded.density)[..., None]
        values = torch.cat([shaded.rgb, opaque, shaded.ambient.abs().mean(-1, keepdim=True)], -1)
        sums = accumulate_along_rays(weights, values)
        depth = median_depth(weights.detach(), found.depths)
        full = torch.cat([sums, depth[:, None]], -1)
        out = full.new_zeros(len(rays.view), 6).index_copy(0, found.ray, full)
        return RayRendering(out[:, :3], out[:, 3], out[:, 5], out[:, 4])

    @torch.no_grad()
    def render(
        self,
        rays: Rays,
        condition: Float[Tensor, "C K"],
        code: Float[Tensor, "code"],
        jitter: Float[Tensor, "R S"],
    ) -> Float[Tensor, "R 5"]:
        """Colour, opacity and depth (units of UNIT_CM) of rays: as `forward`, with early termination.

        A ray ends when its transmittance falls below `EARLY_STOP`.

        Args:
            rays: rays in box coordinates.
            condition: condition of each ray's frame, or one row if all rays belong to one frame.
            code: appearance code of all rays.
            jitter: see `sample_rays`.
        """
        found = self.find(rays, jitter)
        weights, optical = torch.zeros_like(found.depths), torch.zeros_like(found.lengths)
        rgb = found.depths.new_zeros(len(found.ray), 3)
        seeing = torch.arange(len(found.ray), device=found.ray.device)
        for depths, own in zip(found.depths.split(GROUP, 1), weights.split(GROUP, 1), strict=True):
            ray = found.ray[seeing]
            points = rays.origins[ray][:, None] + rays.directions[ray][:, None] * depths[seeing][..., None]
            under = condition if len(condition) == 1 else condition[ray]
            shaded = self.shade(points, rays.view[ray], under, code[None])
            length, before = found.lengths[seeing], optical[seeing]
            share = render_weight_from_density(shaded.density, length) * torch.exp(-before)[:, None]
            own[seeing] = share
            rgb[seeing] += accumulate_along_rays(share, shaded.rgb)
            optical[seeing] = before + shaded.density.sum(1) * length
            seeing = seeing[optical[seeing] < -math.log(EARLY_STOP)]
        full = torch.cat([rgb, weights.sum(1, keepdim=True), median_depth(weights, found.depths)[:, None]], 1)
        return full.new_zeros(len(rays.view), 5).index_copy(0, found.ray, full)

    def find(self, rays: Rays, jitter: Float[Tensor, "R S"]) -> RaySamples:
        """Samples of the rays that hit occupied space; see `sample_rays`."""
        longest = self.shell_cm / UNIT_CM if self.in_shell else float("inf")
        return sample_rays(rays, self.occupancy.occupied, jitter, self.backend, longest, self.steps)

    def shade(
        self,
        points: Float[Tensor, "R S 3"],
        view: Float[Tensor, "R 3"],
        condition: Float[Tensor, "C K"],
        code: Float[Tensor, "C code"],
    ) -> ShadedSamples:
        """Colour, density and features of points.

        Args:
            points: points in box coordinates, S per ray.
            view: directions of the rays in head space.
            condition: condition of each ray's frame, or one row if all rays belong to one frame.
            code: appearance code of each ray's frame, or one row if all rays belong to one frame.
        """
        density, features, ambient = self.geometry(points, condition)
        shared = torch.cat([spherical_harmonics(view), code.expand(len(view), -1)], -1)
        rgb = torch.sigmoid(self.colour(features, shared).float())
        return ShadedSamples(rgb, density, features, ambient)
