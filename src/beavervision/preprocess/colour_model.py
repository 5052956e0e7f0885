"""Colour model of one person: skin, hair, neck and clothes, learned from a few frames of the clip."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Bool, Float, Int, UInt8
from safetensors.numpy import load_file, save_file
from scipy.ndimage import gaussian_filter

from beavervision.face.landmarks import EYES, LIPS_OUTER
from beavervision.preprocess.face_template import FaceTemplate
from beavervision.preprocess.face_texture import FaceTexture
from beavervision.preprocess.head_crop import HeadCrop

BINS = (32, 64, 64)
"""Number of bins of lightness, green-red and blue-yellow (CIE Lab)."""

BLUR = (1.5, 1.2, 1.2)
"""Blur of the histogram, in bins."""

CLASSES = ("hair", "face", "neck", "torso")

FLOOR = 2e-6
"""Probability of a colour that was never observed: 0.26 of a uniform distribution over the bins."""

SKIN_SHARE, SKIN_HUE_SHARE = 2e-4, 2e-3
"""Share of the face's skin in one bin (or one hue) from which a colour (or a hue) counts as skin."""

STRENGTH = 1.0
"""Weight of colour relative to position."""


# a and b of natural images stay within +-64 of neutral.
_LEVEL = np.arange(256, dtype=np.int32)
_HUE = np.clip((_LEVEL - 64) // 2, 0, 63)
_ROWS = (_LEVEL // 8 * BINS[1] * BINS[2], _HUE * BINS[2], _HUE)
"""Stride of each channel in the index of a bin."""


class ColourModel:
    """Log-likelihood of colours under each class, and the mean appearance of the face.

    Args:
        histograms: number of pixels of each colour in each class.
        face: mean appearance of the face.
    """

    def __init__(self, histograms: Float[np.ndarray, "L A B 4"], face: FaceTemplate | None = None) -> None:
        self.face = FaceTemplate.learn([]) if face is None else face
        total = histograms.sum((0, 1, 2), keepdims=True)
        smooth = np.stack([gaussian_filter(histograms[..., c], BLUR) for c in range(len(CLASSES))], -1)
        share = smooth / np.maximum(total, 1)
        self._table = (STRENGTH * np.log(share + FLOOR)).reshape(-1, len(CLASSES)).astype(np.float32)
        # A class that was rarely observed (no hair) explains no colour.
        rare = total.ravel() < 0.004 * total.sum()
        self._table[:, rare] = np.log(FLOOR)

    def save(self, path: Path) -> None:
        """Write the model as safetensors."""
        save_file({"table": self._table, "mean": self.face.mean, "spread": self.face.spread}, path)

    @classmethod
    def load(cls, path: Path) -> ColourModel:
        """Read the output of `save`."""
        values, appearance = load_file(path), cls.__new__(cls)
        appearance._table, appearance.face = values["table"], FaceTemplate(values["mean"], values["spread"])
        return appearance

    @classmethod
    def learn(cls, views: Iterable[tuple[HeadCrop, Float[np.ndarray, "S S"]]]) -> ColourModel:
        """Learn from head crops and their person masks; only pixels of certain class are used."""
        histograms = np.zeros((*BINS, len(CLASSES)))
        skin: Float[np.ndarray, "L A B"] = np.zeros(BINS)
        kept = list(views)
        for view, _ in kept:
            bins = colour_bins(view.rgb)
            skin += _histogram(bins[certain_skin(view)])
        is_skin = (gaussian_filter(skin, BLUR) / max(skin.sum(), 1) > SKIN_SHARE).reshape(-1)
        hue = np.broadcast_to(skin.sum(0), BINS)
        skin_hue = (gaussian_filter(hue, (0, *BLUR[1:])) / max(skin.sum(), 1) > SKIN_HUE_SHARE).reshape(-1)
        # Exclude skin of bald heads from hair, and skin of open collars from clothes; keep shadows, but no collars, in
        # the neck.
        allowed = {"hair": ~is_skin, "torso": ~is_skin, "neck": skin_hue}
        for view, person in kept:
            bins = colour_bins(view.rgb)
            for c, region in enumerate(certain_places(view, view.inside & (person > 0.9))):
                chosen = bins[region]
                chosen = chosen[allowed[CLASSES[c]][chosen]] if CLASSES[c] in allowed else chosen
                histograms[..., c] += _histogram(chosen)
        return cls(histograms, FaceTemplate.learn([FaceTexture(view) for view, _ in kept]))

    def likelihood(self, rgb: UInt8[np.ndarray, "H W 3"]) -> Float[np.ndarray, "H W 4"]:
        """Log-likelihood of every pixel's colour under the classes hair, face, neck, torso."""
        return self._table[colour_bins(rgb)]


def colour_bins(rgb: UInt8[np.ndarray, "H W 3"]) -> Int[np.ndarray, "H W"]:
    """Index of each pixel's colour in the flattened table."""
    lab = np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2LAB), np.uint8)
    return _ROWS[0][lab[..., 0]] + _ROWS[1][lab[..., 1]] + _ROWS[2][lab[..., 2]]


def certain_skin(view: HeadCrop) -> Bool[np.ndarray, "S S"]:
    """Pixels inside the outline, without its edge, the brows and above, the eyes and the lips."""
    region = view.oval & (view.grid[1] > 0.1)
    for hole in (EYES[0], EYES[1], LIPS_OUTER):
        region &= ~view.filled(hole)
    return cv2.erode(region.astype(np.uint8), np.ones((15, 15), np.uint8)).astype(bool)


def certain_places(view: HeadCrop, person: Bool[np.ndarray, "S S"]) -> list[Bool[np.ndarray, "S S"]]:
    """Pixels that are certainly hair, face, neck and torso."""
    across, down = view.grid
    hair = person & (down < view.brow_line - 0.25) & (view.outside > 0.12)
    neck = person & (np.abs(across) < 0.45) & (view.below_jaw > 0.08) & (view.below_jaw < 0.25)
    torso = person & (down > 1.45)
    return [hair, certain_skin(view), neck, torso]


def _histogram(bins: Int[np.ndarray, "n"]) -> Float[np.ndarray, "L A B"]:
    return np.bincount(bins, minlength=int(np.prod(BINS))).reshape(BINS).astype(float)


LEVELS = 16
"""Bins per channel in the histograms of the two regions."""

CERTAINTY = 2.0
"""Limit of the log-odds from colour."""


def colour_odds(
    rgb: UInt8[np.ndarray, "H W 3"], region: Bool[np.ndarray, "H W"], rest: Bool[np.ndarray, "H W"]
) -> Float[np.ndarray, "H W"]:
    """Log-odds of each pixel's colour between two regions, clamped to CERTAINTY.

    Args:
        rgb: RGB image.
        region: pixels that certainly belong to the region.
        rest: pixels that certainly do not.
    """
    r, g, b = (rgb.astype(np.int32) * LEVELS // 256).transpose(2, 0, 1)
    bins = (r * LEVELS + g) * LEVELS + b
    shares = []
    for where in (region, rest):
        histogram = np.bincount(bins[where], minlength=LEVELS**3).astype(np.float32).reshape([LEVELS] * 3)
        shares.append(gaussian_filter(histogram, 0.7) / max(1, where.sum()))
    floor = np.float32(1.0 / LEVELS**3)
    table = np.clip(np.log((shares[0] + floor) / (shares[1] + floor)), -CERTAINTY, CERTAINTY).ravel()
    return table[bins]
