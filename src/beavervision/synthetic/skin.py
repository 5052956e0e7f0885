"""Skin texture, painted once on the unrolled head: lips, brows, lids, nostrils, blush, hairline."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float
from PIL import Image, ImageDraw
from scipy.ndimage import gaussian_filter

from beavervision.face.landmarks import BROWS, LIPS_INNER, LIPS_OUTER, LOWER_LIDS, LOWER_LIP, UPPER_LIDS, UPPER_LIP
from beavervision.synthetic.curves import smooth_curve
from beavervision.synthetic.hair import BROWN, hair_depth
from beavervision.synthetic.texture_canvas import AXIS_Z, BOTTOM, FINE, SWEEP, TOP, Canvas

SKIN = np.array([0.62, 0.345, 0.235])
LIP = np.array([0.47, 0.150, 0.130])


def _complexion(canvas: Canvas) -> None:
    """Paint blush, dark areas around the eyes, fine mottling, shiny nose and forehead."""
    rest = canvas.rest
    for cheek in (205, 425):
        canvas.tint(canvas.spot(rest[cheek] + [0, 0.4, 0], (1.8, 1.5)), (1.03, 0.86, 0.84))
    canvas.tint(canvas.spot(rest[1], (1.1, 1.0)), (1.03, 0.86, 0.84))
    canvas.tint(canvas.spot(rest[152], (1.5, 1.0)), (1.0, 0.93, 0.92))
    for inner in (133, 362):
        canvas.tint(canvas.spot(rest[inner] + [0, 0.15, 0], (0.5, 0.6)), (0.80, 0.72, 0.72))
    for lower in LOWER_LIDS[:, 4]:
        canvas.tint(canvas.spot(rest[lower] - [0, 0.55, 0], (1.2, 0.4)), (0.93, 0.86, 0.87))
    for upper in UPPER_LIDS[:, 4]:
        canvas.tint(canvas.spot(rest[upper] + [0, 0.35, 0], (1.2, 0.35)), (0.88, 0.80, 0.78))
    canvas.tint(canvas.spot(rest[17] - [0, 0.45, 0], (1.3, 0.3)), (0.86, 0.80, 0.78))
    mottle = canvas.noise((0.24, 0.24)) + 0.6 * canvas.noise((0.06, 0.06))
    canvas.colour *= 1 + 0.02 * mottle[..., None] * np.array([0.5, 1.0, 1.0], np.float32)
    canvas.gloss += 0.5 * canvas.spot(rest[4], (0.8, 1.0)) + 0.3 * canvas.spot(rest[151], (2.5, 1.2))


def _lips(canvas: Canvas) -> None:
    """Paint lips with a soft border, vertical creases, and the dark line between them."""
    outer = smooth_curve(canvas.uv(LIPS_OUTER), 200, closed=True)
    body = canvas.mask(outer, 0.035)
    canvas.tint(canvas.line(np.concatenate([outer, outer[:1]]), 0.10, 0.03), (0.90, 0.70, 0.70))
    crease = canvas.noise((0.16, 0.03))
    canvas.blend(body, LIP, 0.88)
    canvas.colour *= 1 + (0.04 * body * np.clip(crease, -2, 2))[..., None]
    canvas.gloss += body * 1.1
    upper = np.concatenate([canvas.uv(UPPER_LIP[0]), canvas.uv(UPPER_LIP[3])[::-1]])
    canvas.tint(canvas.mask(upper, 0.06), (0.86, 0.82, 0.82))
    seam = smooth_curve((canvas.uv(UPPER_LIP[3]) + canvas.uv(LOWER_LIP[3])) / 2, 90)
    canvas.tint(canvas.line(seam, 0.09, 0.035), (0.30, 0.20, 0.20))
    canvas.tint(canvas.line(seam, 0.28, 0.10), (0.80, 0.72, 0.72))
    for corner in (LIPS_INNER[0], LIPS_INNER[10]):
        canvas.tint(canvas.spot(canvas.rest[corner], (0.16, 0.13)), (0.55, 0.45, 0.45))


def _lids(canvas: Canvas) -> None:
    """Paint lashes along the lids' edges and the fold above the upper lid."""
    for upper, lower in zip(UPPER_LIDS, LOWER_LIDS, strict=True):
        top, bottom = canvas.rest[upper], canvas.rest[lower]
        arch = np.sin(np.linspace(0, np.pi, 9))[:, None]
        fold = top + arch * np.array([0.0, 0.30, 0.0]) + np.array([0.0, 0.05, 0.0])
        canvas.tint(canvas.line(smooth_curve(canvas.texels(fold), 60), 0.07, 0.05), (0.52, 0.42, 0.40))
        lash = smooth_curve(canvas.texels(top + arch * np.array([0.0, 0.04, 0.0])), 60)
        canvas.blend(canvas.line(lash, 0.15, 0.035), BROWN * 0.35, 0.95)
        under = smooth_curve(canvas.texels(bottom - arch * np.array([0.0, 0.05, 0.0])), 60)
        canvas.blend(canvas.line(under, 0.05, 0.035), BROWN * 0.8, 0.55)


def _brows(canvas: Canvas) -> None:
    """Paint single hairs between the brow's upper and lower edge, over a soft shade."""
    for upper, lower in BROWS:
        high = smooth_curve(canvas.rest[upper], 60)
        low = smooth_curve(canvas.rest[lower], 60)
        outline = np.concatenate([canvas.texels(high), canvas.texels(low)[::-1]])
        canvas.blend(canvas.mask(outline, 0.10), BROWN * 0.9, 0.62)
        image = Image.new("L", (canvas.size[0] * 2, canvas.size[1] * 2))
        draw = ImageDraw.Draw(image)
        outwards, thick = np.sign(high[0, 0]), max(1, round(0.08 * canvas.scale))
        for _ in range(520):
            k, height = canvas.rng.integers(60), canvas.rng.random()
            root = high[k] * height + low[k] * (1 - height)
            reach = 0.42 * (0.6 + 0.4 * canvas.rng.random())
            rise = 0.9 * (k / 59) ** 1.5 - 0.25 + 0.35 * (0.5 - height)
            tip = root + reach * np.array([outwards * 0.9, rise, -0.25])
            draw.line(
                [tuple(2 * canvas.texels(root)), tuple(2 * canvas.texels(tip))],
                fill=int(canvas.rng.integers(120, 230)),
                width=thick,
            )
        hairs = np.asarray(image.resize(canvas.size, Image.Resampling.BOX), np.float32) / 255
        canvas.blend(gaussian_filter(hairs, 0.015 * canvas.scale), BROWN * 0.45, 0.95)


def _nose(canvas: Canvas) -> None:
    """Paint nostrils, and the crease around the wings of the nose."""
    for holes, wing in (((79, 20), (129, 102, 49)), ((309, 250), (358, 331, 279))):
        middle = canvas.rest[list(holes)].mean(axis=0)
        canvas.tint(canvas.spot(middle, (0.30, 0.16)), (0.10, 0.05, 0.05))
        for point in wing:
            canvas.tint(canvas.spot(canvas.rest[point], (0.22, 0.28)), (0.90, 0.82, 0.82))


def _hairline(canvas: Canvas) -> None:
    """Darken the scalp by the roots of the hair, with an irregular edge."""
    # A texel represents the skull's surface: an ellipse around the axis at each height; every fourth is enough.
    width, height = (n // 4 for n in canvas.size)
    angle = ((np.arange(width) + 0.5) / width - 0.5) * 2 * SWEEP
    x, y = np.meshgrid(angle, TOP - (np.arange(height) + 0.5) / height * (TOP - BOTTOM))
    radius = np.interp(y, [-10, -2, 2, 6, 9, 11], [9.0, 9.6, 9.8, 9.2, 6.5, 3.0])
    depth = hair_depth(np.stack([np.sin(x) * radius, y, AXIS_Z + np.cos(x) * radius], axis=-1))
    wide = Image.fromarray(depth.astype(np.float32)).resize(canvas.size, Image.Resampling.BILINEAR)
    ragged = np.asarray(wide) + 0.15 * canvas.noise((0.08, 0.03))
    canvas.blend(gaussian_filter(np.clip(ragged / 0.55, 0, 1), 0.04 * canvas.scale), BROWN * 0.5, 0.9)


def paint_skin(rest: Float[np.ndarray, "468 3"], scale: float = FINE, seed: int = 3) -> Float[np.ndarray, "H W 4"]:
    """Linear colour and gloss of the unrolled head.

    Args:
        rest: neutral face of the actor, head space, cm.
        scale: texels per cm of height.
        seed: seed of mottling and hairs.
    """
    canvas = Canvas.primed(rest, SKIN, scale, seed)
    _complexion(canvas)
    _nose(canvas)
    _lips(canvas)
    _lids(canvas)
    _brows(canvas)
    _hairline(canvas)
    return np.concatenate([canvas.colour, canvas.gloss[..., None]], axis=-1).astype(np.float32)
