"""What averaging loses: knit and pores of one frame, carried back to where the torso is at rest.

A field that is learnt from many frames shows the mean of them, and its finest cells are shared by hashing: fine knit
becomes stripes. What one frame shows beyond the field, without its folds and its light, is added to the baked texture;
the field's own movement carries it about.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Bool, Float, UInt8
from PIL import Image

from beavervision.compositing.layers import feather
from beavervision.stages.radnerf_torso.conditioner import TorsoCondition
from beavervision.stages.radnerf_torso.network import REST_EXTENT, TorsoField
from beavervision.stages.radnerf_torso.pixel_grid import PixelGrid
from beavervision.stages.radnerf_torso.torso_deformation import (
    TorsoDeformation,
    deformation_from_network,
    sample_at_rest,
)

NAME = "detail.png"
FINE = 0.008
"""Standard deviation, in raster heights, of what counts as fine: knit does, folds and shadows do not."""
INSIDE = 0.012
"""Raster heights at the body's outline over which detail fades in: what is mixed there is no cloth."""
MOST = 1.0
"""Logits of detail at most: about a quarter of the full range; a thread's highlight, no button that was not there."""
STEPS = 6
"""Fixed-point steps of the inverse movement, which is nearly a similarity."""
MIDDLE, LEVELS = 128, 127
"""Grey value of no detail, and of MOST above it, in the picture that is kept."""


def rest_detail(
    network: TorsoField,
    baked: Float[np.ndarray, "h w 4"],
    raster: PixelGrid,
    condition: TorsoCondition,
    colour: UInt8[np.ndarray, "H W 3"],
    body: Bool[np.ndarray, "H W"],
) -> Float[np.ndarray, "h w 3"]:
    """Logits to add to a baked texture, so that it shows one frame's cloth.

    Args:
        network: trained.
        baked: its texture.
        raster: its pixels.
        condition: of that frame alone.
        colour: the frame on the raster.
        body: pixels that show nothing but the cloth.
    """
    movement = deformation_from_network(network, raster, condition)[0]
    height = raster.size[1]
    shown = sample_at_rest(baked, movement, network.aspect)[..., :3]
    asked = np.clip(colour.astype(np.float32) / 255, 1 / 255, 254 / 255)
    lacking = np.log(asked / (1 - asked)) - shown
    share = feather(body, INSIDE * height)
    fine = np.clip(lacking - _mean(lacking, body, FINE * height), -MOST, MOST) * share[..., None]
    back = _inverse(movement, (baked.shape[0], baked.shape[1]), network.aspect)
    return cv2.remap(fine.astype(np.float32), back[..., 0], back[..., 1], cv2.INTER_CUBIC, borderValue=(0,))


def save_detail(path: Path, detail: Float[np.ndarray, "h w 3"]) -> Path:
    """Keep detail as a picture: MIDDLE is none."""
    grey = np.clip(np.rint(detail / MOST * LEVELS) + MIDDLE, 0, 255).astype(np.uint8)
    Image.fromarray(grey).save(path, compress_level=6)
    return path


def detail_from_picture(picture: UInt8[np.ndarray, "h w 3"]) -> Float[np.ndarray, "h w 3"]:
    """Return the detail that `save_detail` wrote to a picture."""
    return (picture.astype(np.float32) - MIDDLE) * (MOST / LEVELS)


def _mean(values: np.ndarray, mask: np.ndarray, sigma: float) -> np.ndarray:
    """Weighted mean round every pixel over the mask alone."""
    weight = mask.astype(np.float32)
    total = cv2.GaussianBlur(values * weight[..., None], (0, 0), sigma)
    return total / np.maximum(cv2.GaussianBlur(weight, (0, 0), sigma), 1e-3)[..., None]


def _inverse(movement: TorsoDeformation, shape: tuple[int, int], aspect: float) -> Float[np.ndarray, "h w 2"]:
    """Raster pixel (column, row) at which every texel of the texture is seen."""
    rows, columns = shape
    height, width = movement.rest.shape[:2]
    y = ((np.arange(rows, dtype=np.float32) + 0.5) / rows * 2 - 1) * REST_EXTENT
    x = ((np.arange(columns, dtype=np.float32) + 0.5) / columns * 2 - 1) * REST_EXTENT * aspect
    wanted = np.stack(np.meshgrid(x, y), -1)
    # One unit of the field is half a raster height; a pixel's centre lies half a pixel beside its index.
    to_pixels = np.float32(height / 2)
    place = wanted * to_pixels + np.array([width / 2 - 0.5, height / 2 - 0.5], np.float32)
    for _ in range(STEPS):
        there = cv2.remap(
            movement.rest, place[..., 0], place[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
        place = place + (wanted - there) * to_pixels
    return place
