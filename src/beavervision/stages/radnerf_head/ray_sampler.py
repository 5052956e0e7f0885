"""Ray sampler: chooses the frames and pixels of a training step."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from beavervision.artifacts.crops import Crops
from beavervision.face.landmarks import IBUG68, LIPS_OUTER
from beavervision.types import Label

MOUTH_MARGIN, EYE_MARGIN, HEAD_MARGIN = 0.35, 0.3, 0.08
"""Margins of the regions on every side, relative to their width and height."""

BINS, MIN_COUNT = 10, 3
"""Bins of openness, and the smallest count of a bin, so that no single frame dominates."""

STRIDE = 4
"""Distance of the pixels at which the head's outline is searched."""


@dataclass(frozen=True)
class RegionRaySampler:
    """Boxes of every frame on the canvas, pixels x0 y0 x1 y1 (end excluded), inside the canvas."""

    head: Int[np.ndarray, "T 4"]
    mouth: Int[np.ndarray, "T 4"]
    eyes: Int[np.ndarray, "T 4"]


def make_region_sampler(
    crops: Crops, landmarks: Float[np.ndarray, "T 478 3"], frames: Int[np.ndarray, "N"]
) -> RegionRaySampler:
    """Boxes of head, mouth and eyes; frames outside `frames` have the whole canvas.

    Args:
        crops: the clip on the canvas.
        landmarks: landmarks in full-frame pixels.
        frames: frames that show the face.
    """
    width, height = crops.size
    whole = np.tile([0, 0, width, height], (len(crops.labels), 1))
    head, mouth, eyes = whole.copy(), whole.copy(), whole.copy()
    for t in frames:
        x0, y0, scale = crops.path[t]
        points = (landmarks[t, :, :2] - [x0, y0]) * scale
        mouth[t] = _box(points[LIPS_OUTER], MOUTH_MARGIN, crops.size)
        eyes[t] = _box(points[IBUG68[36:48]], EYE_MARGIN, crops.size)
        labels = crops.labels[t, ::STRIDE, ::STRIDE]
        rows, columns = np.nonzero((labels == Label.HAIR) | (labels == Label.FACE))
        if len(rows):
            head[t] = _box(np.column_stack([columns, rows]) * STRIDE, HEAD_MARGIN, crops.size)
    return RegionRaySampler(head, mouth, eyes)


def _box(points: np.ndarray, margin: float, size: tuple[int, int]) -> np.ndarray:
    """Bounding box of points with a margin, at least two pixels wide and high, inside the canvas."""
    low, high = points.min(0), points.max(0)
    grow = np.maximum((high - low) * margin, 1.0)
    low = np.clip(np.floor(low - grow), 0, np.array(size) - 2)
    high = np.clip(np.ceil(high + grow), low + 2, size)
    return np.concatenate([low, high]).astype(np.int64)


def frame_probabilities(
    mouth: Float[np.ndarray, "N"], eye: Float[np.ndarray, "N"], uniform: float
) -> Float[np.ndarray, "N"]:
    """Probability of each training frame: partly uniform over time, partly uniform over mouth and eye openness.

    A mouth is wide open in one frame of twenty, eyes are shut in one of forty. With uniform sampling over time these
    frames are so rare that a short training learns the average mouth.

    Args:
        mouth: openness of the mouth in each training frame.
        eye: openness of the eyes.
        uniform: share of the probability that is uniform over time; mouth and eyes share the rest.
    """
    chances = np.full(len(mouth), uniform / len(mouth))
    for values in (mouth, eye):
        low, high = values.min(), values.max()
        bins = np.minimum(((values - low) / max(high - low, 1e-9) * BINS).astype(int), BINS - 1)
        counts = np.bincount(bins, minlength=BINS)
        rare = 1.0 / np.maximum(counts[bins], MIN_COUNT)
        chances += (1 - uniform) / 2 * rare / rare.sum()
    return chances


def sample_pixels(
    regions: RegionRaySampler, frame: int, counts: tuple[int, int, int], rng: np.random.Generator
) -> Int[np.ndarray, "P 2"]:
    """Draw pixels (column, row) uniformly from each region of a frame.

    Args:
        regions: boxes of the clip.
        frame: frame of the clip.
        counts: number of pixels from the boxes of the head, the mouth and the eyes.
        rng: random generator.
    """
    chosen = []
    for box, count in zip((regions.head[frame], regions.mouth[frame], regions.eyes[frame]), counts, strict=True):
        chosen.append(rng.integers(box[:2], box[2:], (count, 2)))
    return np.concatenate(chosen)
