"""The torso, ready to render: from its bundle, without footage."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from beavervision.artifacts.bundle import Bundle
from beavervision.stages.radnerf_torso.conditioner import TorsoCondition, TorsoConditioner
from beavervision.stages.radnerf_torso.network import REST_EXTENT, TorsoField, canvas_points
from beavervision.stages.radnerf_torso.raster import Raster
from beavervision.stages.radnerf_torso.track import SourceTrack

STAGE = "radnerf_torso"
LATTICE_ROWS = 48
"""The movement's shortest wave spans half a canvas half-height, 12 rows of this lattice: bilinear between them."""

TEXTURE_ROWS = 1.5
"""Rows of the baked texture for each row of the raster, over the raster's own height."""

CHUNK = 1 << 16
"""Points evaluated at once while baking: bounds memory whatever the canvas."""


@dataclass(frozen=True)
class TorsoRenderer:
    """Renders a trained torso on its canvas.

    The texture is evaluated once; a frame then costs the movement network on a coarse lattice and one look-up.
    The same condition gives the same picture, always.
    """

    network: TorsoField
    conditioner: TorsoConditioner
    raster: Raster
    """The pixels that it renders."""
    region: Bool[np.ndarray, "H W"]
    """Those where the torso can be."""
    track: SourceTrack
    """The footage's own poses: where avatar mode takes its movement from."""
    facts: dict
    folder: Path
    identity: Float[np.ndarray, "I"]
    """Of the person, face model coefficients."""
    baked: Float[np.ndarray, "h w 4"]
    """Logits of colour and opacity at rest."""

    @classmethod
    def from_bundle(cls, folder: Path, backend: str = "auto") -> TorsoRenderer:
        """Load the torso of a bundle.

        Args:
            folder: a bundle of radnerf_torso.
            backend: of the grid.

        Raises:
            BeaverError: when it is not one, or damaged.
        """
        bundle = Bundle.load(folder, STAGE)
        network = TorsoField(**bundle.hparams, backend=backend)
        network.load_state_dict(bundle.weights)
        raster = Raster(tuple(bundle.facts["canvas"]), bundle.facts["detail"])
        return cls(
            network.eval(),
            TorsoConditioner.from_assets(bundle.assets),
            raster,
            bundle.assets["region"].astype(bool),
            SourceTrack.from_assets(bundle.assets),
            bundle.facts,
            bundle.folder,
            bundle.assets["identity"],
            bake(network, raster),
        )

    def render(self, track: SourceTrack) -> tuple[Float[np.ndarray, "B H W 3"], Float[np.ndarray, "B H W"]]:
        """Colour (not multiplied by opacity) and opacity of the torso, [0, 1], for every row of `track`.

        Args:
            track: poses, shoulders and canvas of the frames wanted.
        """
        return render_baked(self.network, self.baked, self.raster, self.region, self.conditioner.condition(track))


@torch.no_grad()
def bake(network: TorsoField, raster: Raster) -> Float[np.ndarray, "h w 4"]:
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
    raster: Raster,
    region: Bool[np.ndarray, "H W"],
    condition: TorsoCondition,
) -> tuple[Float[np.ndarray, "B H W 3"], Float[np.ndarray, "B H W"]]:
    """Render from a baked texture; see `TorsoRenderer.render`."""
    step = max(1.0, raster.canvas[1] / LATTICE_ROWS)
    lattice = canvas_points(*raster.canvas, step)
    batch = len(condition.points)
    points = lattice.reshape(1, -1, 2).expand(batch, -1, -1)
    rest, shading = network.move(
        points, *(torch.from_numpy(part) for part in (condition.points, condition.head, condition.body))
    )
    coarse = torch.cat([rest, shading], -1).reshape(batch, *lattice.shape[:2], 5).numpy()
    pictures = [_look_up(baked, values, raster.size, step * raster.detail, network.aspect) for values in coarse]
    rgb, alpha = np.stack([p[..., :3] for p in pictures]), np.stack([p[..., 3] for p in pictures])
    return rgb, alpha * region


@torch.no_grad()
def render_exact(
    network: TorsoField,
    raster: Raster,
    region: Bool[np.ndarray, "H W"],
    condition: TorsoCondition,
    frames: Tensor | None = None,
) -> tuple[Float[np.ndarray, "B H W 3"], Float[np.ndarray, "B H W"]]:
    """Render by evaluating the field at every pixel of the region: the truth that `render_baked` approaches."""
    height, width = region.shape
    device = network.grid.table.device
    where = torch.from_numpy(np.flatnonzero(region))
    points = canvas_points(*raster.canvas, 1 / raster.detail).reshape(-1, 2)[where].to(device)
    batch = len(condition.points)
    rgb, alpha = torch.zeros(batch, height * width, 3), torch.zeros(batch, height * width)
    told = [torch.from_numpy(part).to(device) for part in (condition.points, condition.head, condition.body)]
    for some, at in zip(points.split(CHUNK), where.split(CHUNK), strict=True):
        colour, opacity = network(some.expand(batch, -1, -1), *told, frames)
        rgb[:, at], alpha[:, at] = colour.cpu(), opacity.cpu()
    return rgb.reshape(batch, height, width, 3).numpy(), alpha.reshape(batch, height, width).numpy()


def _look_up(
    baked: Float[np.ndarray, "h w 4"],
    coarse: Float[np.ndarray, "r c 5"],
    size: tuple[int, int],
    step: float,
    aspect: float,
) -> Float[np.ndarray, "H W 4"]:
    """One frame: stretch the lattice to the canvas, look the texture up there, shade it."""
    # Lattice point (i, j) stands at raster pixel ((j + 0.5) step, (i + 0.5) step): stretch by exactly `step`.
    matrix = np.array([[1 / step, 0, 0.5 / step - 0.5], [0, 1 / step, 0.5 / step - 0.5]])
    flags = cv2.WARP_INVERSE_MAP | cv2.INTER_LINEAR
    rest, shading = (
        cv2.warpAffine(np.ascontiguousarray(part), matrix, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
        for part in (coarse[..., :2], coarse[..., 2:])
    )
    rows, columns, _ = baked.shape
    scale = np.array([columns / (2 * REST_EXTENT * aspect), rows / (2 * REST_EXTENT)], np.float32)
    place = rest * scale + np.array([columns / 2 - 0.5, rows / 2 - 0.5], np.float32)
    logits = cv2.remap(baked, place[..., 0], place[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    logits[..., :3] += shading
    return 1 / (1 + np.exp(-logits))
