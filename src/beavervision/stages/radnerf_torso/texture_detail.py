"""Texture detail: fine structure (knit, pores) of one frame, added to the canonical texture.

A field trained on many frames is their mean, and its finest cells are shared by hashing: fine knit becomes stripes. The
detail of one frame beyond the field, without folds and lighting, is added to the baked texture, and the field's
deformation moves it.
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
"""Standard deviation of the high-pass filter, grid heights: it keeps knit, not folds and shadows."""
INSIDE = 0.012
"""Width at the body's outline over which detail fades in, grid heights: mixed pixels show no cloth."""
MOST = 1.0
"""Limit of the detail in logits: about a quarter of the full range, enough for a thread's highlight, not for a false
button."""
STEPS = 6
"""Fixed-point iterations of the inverse deformation, which is nearly a similarity."""
MIDDLE, LEVELS = 128, 127
"""Grey value of zero detail, and range of grey values for MOST, in the stored image."""


def rest_detail(
    network: TorsoField,
    baked: Float[np.ndarray, "h w 4"],
    raster: PixelGrid,
    condition: TorsoCondition,
    colour: UInt8[np.ndarray, "H W 3"],
    body: Bool[np.ndarray, "H W"],
) -> Float[np.ndarray, "h w 3"]:
    """Logits to add to a baked texture for the cloth of one frame.

    Args:
        network: trained torso network.
        baked: its baked texture.
        raster: its pixel grid.
        condition: condition of that frame alone.
        colour: the frame on the pixel grid.
        body: pixels that show only cloth.
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
    """Write detail as an image, in which MIDDLE is zero."""
    grey = np.clip(np.rint(detail / MOST * LEVELS) + MIDDLE, 0, 255).astype(np.uint8)
    Image.fromarray(grey).save(path, compress_level=6)
    return path


def detail_from_picture(picture: UInt8[np.ndarray, "h w 3"]) -> Float[np.ndarray, "h w 3"]:
    """Return the detail that `save_detail` wrote."""
    return (picture.astype(np.float32) - MIDDLE) * (MOST / LEVELS)


def _mean(values: np.ndarray, mask: np.ndarray, sigma: float) -> np.ndarray:
    """Weighted local mean over the masked pixels."""
    weight = mask.astype(np.float32)
    total = cv2.GaussianBlur(values * weight[..., None], (0, 0), sigma)
    return total / np.maximum(cv2.GaussianBlur(weight, (0, 0), sigma), 1e-3)[..., None]


def _inverse(movement: TorsoDeformation, shape: tuple[int, int], aspect: float) -> Float[np.ndarray, "h w 2"]:
    """Grid pixel (column, row) that shows each texel of the texture."""
    rows, columns = shape
    height, width = movement.rest.shape[:2]
    y = ((np.arange(rows, dtype=np.float32) + 0.5) / rows * 2 - 1) * REST_EXTENT
    x = ((np.arange(columns, dtype=np.float32) + 0.5) / columns * 2 - 1) * REST_EXTENT * aspect
    wanted = np.stack(np.meshgrid(x, y), -1)
    # One unit of the field is half a grid height; a pixel's centre is half a pixel beyond its index.
    to_pixels = np.float32(height / 2)
    place = wanted * to_pixels + np.array([width / 2 - 0.5, height / 2 - 0.5], np.float32)
    for _ in range(STEPS):
        there = cv2.remap(
            movement.rest, place[..., 0], place[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
        place = place + (wanted - there) * to_pixels
    return place
