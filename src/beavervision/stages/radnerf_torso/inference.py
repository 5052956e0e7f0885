"""Inference of the torso from a bundle, without the footage."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from beavervision.artifacts.arrays import load_picture
from beavervision.artifacts.bundle import Bundle
from beavervision.artifacts.bundle_network import build_network
from beavervision.errors import BundleError
from beavervision.stages.radnerf_torso.bundle_schema import SCHEMA, TorsoFacts
from beavervision.stages.radnerf_torso.conditioner import TorsoCondition, TorsoConditioner
from beavervision.stages.radnerf_torso.network import REST_EXTENT, TorsoField, canvas_points
from beavervision.stages.radnerf_torso.pixel_grid import PixelGrid
from beavervision.stages.radnerf_torso.texture_detail import NAME, detail_from_picture
from beavervision.stages.radnerf_torso.torso_deformation import deformation_from_network, sample_at_rest
from beavervision.stages.source_track import SourceTrack

STAGE = "radnerf_torso"
TEXTURE_ROWS = 1.5
"""Rows of the baked texture per row of the pixel grid, over the grid's own height."""

CHUNK = 1 << 16
"""Number of points evaluated at once while baking: it bounds memory for any canvas."""


@dataclass(frozen=True)
class TorsoRenderer:
    """Renders a trained torso on its canvas.

    The texture is evaluated once; a frame then needs the deformation network on a coarse lattice and one texture
    lookup. Rendering is deterministic.
    """

    network: TorsoField
    conditioner: TorsoConditioner
    raster: PixelGrid
    """Pixels of the rendered image."""
    region: Bool[np.ndarray, "H W"]
    """Pixels where the torso can be."""
    track: SourceTrack
    """Poses of the footage, which avatar mode replays."""
    facts: TorsoFacts
    folder: Path
    identity: Float[np.ndarray, "I"]
    """Identity coefficients of the person."""
    baked: Float[np.ndarray, "h w 4"]
    """Logits of colour and opacity in the canonical pose."""

    @classmethod
    def from_bundle(cls, folder: Path, backend: str = "auto") -> TorsoRenderer:
        """Load the torso of a bundle.

        Args:
            folder: folder of a radnerf_torso bundle.
            backend: backend of the grid.

        Raises:
            BundleError: when it is missing, damaged, or of another stage.
        """
        bundle = Bundle.load(folder, SCHEMA)
        facts = bundle.facts
        raster = PixelGrid(facts.canvas, facts.detail)
        columns, rows = raster.size
        if bundle.assets["region"].shape != (rows, columns):
            raise BundleError(f"{folder}: the region does not cover the canvas; {facts.REMEDY}.")
        if facts.body_frame >= len(bundle.assets["source_visible"]):
            raise BundleError(f"{folder}: body_frame is {facts.body_frame}, beyond the footage; {facts.REMEDY}.")
        network = build_network(bundle, lambda: TorsoField(**bundle.hparams, backend=backend))
        baked = bake(network, raster)
        if (bundle.folder / NAME).exists():
            detail = detail_from_picture(load_picture(bundle.folder / NAME, facts))
            if detail.shape[:2] != baked.shape[:2]:
                raise BundleError(f"{bundle.folder / NAME} is not of the texture's size; {facts.REMEDY}.")
            baked[..., :3] += detail
        return cls(
            network.eval(),
            TorsoConditioner.from_assets(bundle.assets),
            raster,
            bundle.assets["region"].astype(bool),
            SourceTrack.from_assets(bundle.assets),
            facts,
            bundle.folder,
            bundle.assets["identity"],
            baked,
        )

    def render(self, track: SourceTrack) -> tuple[Float[np.ndarray, "B H W 3"], Float[np.ndarray, "B H W"]]:
        """Colour (not premultiplied) and opacity of the torso, both in [0, 1], for every row of `track`.

        Args:
            track: poses, shoulders and canvas of the frames to render.
        """
        return render_baked(self.network, self.baked, self.raster, self.region, self.conditioner.condition(track))


@torch.no_grad()
def bake(network: TorsoField, raster: PixelGrid) -> Float[np.ndarray, "h w 4"]:
    """Evaluate the texture on a lattice over its whole extent."""
    rows = int(TEXTURE_ROWS * raster.size[1] * REST_EXTENT)
    columns = int(rows * network.aspect)
    y = ((torch.arange(rows) + 0.5) / rows * 2 - 1) * REST_EXTENT
    x = ((torch.arange(columns) + 0.5) / columns * 2 - 1) * REST_EXTENT * network.aspect
    points = torch.stack(torch.meshgrid(x, y, indexing="xy"), -1).reshape(-1, 2)
    pieces = [network.texture(some) for some in points.split(CHUNK)]
    return torch.cat(pieces).reshape(rows, columns, 4).numpy()


@torch.no_grad()
def render_baked(
    network: TorsoField,
    baked: Float[np.ndarray, "h w 4"],
    raster: PixelGrid,
    region: Bool[np.ndarray, "H W"],
    condition: TorsoCondition,
) -> tuple[Float[np.ndarray, "B H W 3"], Float[np.ndarray, "B H W"]]:
    """Render from a baked texture; see `TorsoRenderer.render`."""
    logits = [
        sample_at_rest(baked, movement, network.aspect)
        for movement in deformation_from_network(network, raster, condition)
    ]
    pictures = [1 / (1 + np.exp(-frame)) for frame in logits]
    rgb, alpha = np.stack([p[..., :3] for p in pictures]), np.stack([p[..., 3] for p in pictures])
    return rgb, alpha * region


@torch.no_grad()
def render_exact(
    network: TorsoField,
    raster: PixelGrid,
    region: Bool[np.ndarray, "H W"],
    condition: TorsoCondition,
    frames: Tensor | None = None,
) -> tuple[Float[np.ndarray, "B H W 3"], Float[np.ndarray, "B H W"]]:
    """Render by evaluating the field at every pixel of the region: the reference for `render_baked`."""
    height, width = region.shape
    device = network.grid.table.device
    where = torch.from_numpy(np.flatnonzero(region))
    points = canvas_points(*raster.canvas, 1 / raster.detail).reshape(-1, 2)[where].to(device)
    batch = len(condition.points)
    rgb, alpha = torch.zeros(batch, height * width, 3), torch.zeros(batch, height * width)
    inputs = [torch.from_numpy(part).to(device) for part in (condition.points, condition.head, condition.body)]
    for some, at in zip(points.split(CHUNK), where.split(CHUNK), strict=True):
        colour, opacity = network(some.expand(batch, -1, -1), *inputs, frames)
        rgb[:, at], alpha[:, at] = colour.cpu(), opacity.cpu()
    return rgb.reshape(batch, height, width, 3).numpy(), alpha.reshape(batch, height, width).numpy()
