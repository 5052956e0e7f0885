"""Room behind the actor: a wall, a shelf with books and a plant, a lamp, out of focus."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from jaxtyping import Float
from PIL import Image, ImageDraw
from scipy.ndimage import gaussian_filter

PAINT = (1280, 720)
"""Size at which the room is painted; other sizes are scaled."""
BLUR = 7.5
"""Standard deviation of the lens blur at that size, px."""
WOOD = (126, 88, 58)


def _books(draw: ImageDraw.ImageDraw, left: int, right: int, floor: int, rng: np.random.Generator) -> None:
    """Draw a row of books standing on `floor`, with occasional gaps."""
    palette = [(150, 62, 48), (52, 86, 104), (196, 168, 112), (88, 104, 72), (214, 204, 186), (70, 58, 76)]
    x = left
    while x < right - 16:
        width, height = int(rng.integers(14, 30)), int(rng.integers(78, 122))
        if rng.random() < 0.12:
            x += width * 2
            continue
        colour = palette[rng.integers(len(palette))]
        draw.rectangle([x, floor - height, x + width - 2, floor], fill=colour)
        draw.rectangle([x, floor - height + 18, x + width - 2, floor - height + 24], fill=(216, 200, 160))
        x += width


def _plant(draw: ImageDraw.ImageDraw, x: int, floor: int, rng: np.random.Generator) -> None:
    """Draw long leaves in a pot."""
    for _ in range(26):
        lean, length = rng.normal(0, 0.75), rng.uniform(90, 175)
        tip = np.array([x + np.sin(lean) * length, floor - 58 - np.cos(lean) * length])
        root = np.array([x + rng.normal(0, 9), floor - 58.0])
        side = np.array([np.cos(lean), np.sin(lean)]) * rng.uniform(8, 15)
        middle = (root + tip) / 2 + np.array([np.sin(lean) * 14, 6.0])
        green = (int(rng.integers(46, 84)), int(rng.integers(96, 138)), int(rng.integers(58, 84)))
        draw.polygon([tuple(root), tuple(middle - side), tuple(tip), tuple(middle + side)], fill=green)
    draw.polygon([(x - 44, floor - 64), (x + 44, floor - 64), (x + 33, floor), (x - 33, floor)], fill=(176, 108, 78))


def _wall() -> np.ndarray:
    """Warm grey wall, brighter on the left near the window, darker towards the floor."""
    width, height = PAINT
    x, y = np.meshgrid(np.linspace(0, 1, width), np.linspace(0, 1, height))
    light = 0.86 + 0.20 * np.exp(-((x - 0.12) ** 2) / 0.10 - (y - 0.25) ** 2 / 0.35) - 0.22 * y - 0.06 * x
    return light[..., None] * np.array([198.0, 188.0, 172.0])


def _glow(centre: tuple[float, float], reach: float) -> np.ndarray:
    width, height = PAINT
    x, y = np.meshgrid(np.arange(width), np.arange(height))
    return np.exp(-((x - centre[0]) ** 2 + (y - centre[1]) ** 2) / (2 * reach**2))[..., None]


@lru_cache(maxsize=4)
def paint_room(width: int, height: int, seed: int = 5) -> Float[np.ndarray, "H W 3"]:
    """Linear image of the empty room; it is cached and must not be modified."""
    rng = np.random.default_rng(seed)
    wall = np.clip(_wall(), 0, 255)
    image = Image.fromarray(wall.astype(np.uint8))
    draw = ImageDraw.Draw(image)
    draw.rectangle([905, 0, 918, 720], fill=(104, 72, 48))
    for floor in (206, 398, 590):
        _books(draw, 930, 1262, floor, rng)
        draw.rectangle([905, floor, 1280, floor + 16], fill=WOOD)
    draw.rectangle([70, 92, 300, 292], fill=(88, 70, 54))
    draw.rectangle([80, 102, 290, 282], fill=(226, 220, 206))
    draw.polygon([(92, 270), (160, 176), (206, 226), (240, 190), (280, 270)], fill=(108, 134, 142))
    draw.ellipse([222, 124, 256, 158], fill=(224, 164, 92))
    draw.rectangle([0, 600, 420, 720], fill=WOOD)
    _plant(draw, 120, 600, rng)
    draw.rectangle([330, 420, 340, 600], fill=(92, 80, 66))
    draw.polygon([(286, 420), (384, 420), (362, 336), (308, 336)], fill=(255, 226, 168))
    # Where nothing was painted the wall keeps its fine gradient, which 8 bits would quantise visibly.
    bare = (np.asarray(image) == wall.astype(np.uint8)).all(axis=2, keepdims=True)
    linear = (np.where(bare, wall, np.asarray(image)).astype(np.float32) / 255) ** 2.2
    linear = linear + 0.30 * _glow((335, 385), 95) * np.array([1.0, 0.72, 0.42], np.float32)
    linear = gaussian_filter(linear, (BLUR, BLUR, 0), mode="nearest")
    if (width, height) == PAINT:
        return linear.astype(np.float32)
    # Crop to the requested aspect around the middle, then scale.
    across, down = min(PAINT[0], round(PAINT[1] * width / height)), min(PAINT[1], round(PAINT[0] * height / width))
    left, top = (PAINT[0] - across) // 2, (PAINT[1] - down) // 2
    cut = linear[top : top + down, left : left + across].astype(np.float32)
    planes = [Image.fromarray(cut[..., c]).resize((width, height), Image.Resampling.BOX) for c in range(3)]
    return np.stack([np.asarray(plane) for plane in planes], axis=-1)
