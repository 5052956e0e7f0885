"""Which pixels of a frame are looked at in a training step."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from beavervision.artifacts.crops import Crops
from beavervision.face.landmarks import IBUG68, LIPS_OUTER
from beavervision.types import Label

MOUTH_MARGIN, EYE_MARGIN, HEAD_MARGIN = 0.35, 0.3, 0.08
"""Regions grow by this share of their width and height on every side."""

BINS, MIN_COUNT = 10, 3
"""Steps of openness, and the frames that one counts as at least: no single frame takes a step's whole share."""

STRIDE = 4
"""Pixels between which the head's outline is looked for."""


@dataclass(frozen=True)
class RegionRaySampler:
    """Boxes of every frame on the canvas, pixels x0 y0 x1 y1 (the far ones excluded), inside the canvas."""

    head: Int[np.ndarray, "T 4"]
    mouth: Int[np.ndarray, "T 4"]
    eyes: Int[np.ndarray, "T 4"]


def make_region_sampler(
    crops: Crops, landmarks: Float[np.ndarray, "T 478 3"], frames: Int[np.ndarray, "N"]
) -> RegionRaySampler:
    """Boxes of head, mouth and eyes; rows other than `frames` show the whole canvas.

    Args:
        crops: the clip on the canvas.
        landmarks: full-frame pixels.
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
    """Bounding box of points, grown, at least two pixels wide and high, kept on the canvas."""
    low, high = points.min(0), points.max(0)
    grow = np.maximum((high - low) * margin, 1.0)
    low = np.clip(np.floor(low - grow), 0, np.array(size) - 2)
    high = np.clip(np.ceil(high + grow), low + 2, size)
    return np.concatenate([low, high]).astype(np.int64)


def frame_probabilities(
    mouth: Float[np.ndarray, "N"], eye: Float[np.ndarray, "N"], uniform: float
) -> Float[np.ndarray, "N"]:
    """Probability of each training frame: part even over time, part even over what mouth and eyes do.

    A mouth is wide open in one frame of twenty, eyes are shut in one of forty. Drawn evenly over time, such
    frames are seen so seldom that a short training learns the average mouth.

    Args:
        mouth: openness of the mouth in each training frame.
        eye: openness of the eyes.
        uniform: share of the draws that are even over time; the rest is shared by mouth and eyes.
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
    """Draw pixels (column, row) evenly from each region of a frame.

    Args:
        regions: of the clip.
        frame: frame of the clip.
        counts: pixels from the head's box, the mouth's and the eyes'.
        rng: random generator.
    """
    chosen = []
    for box, count in zip((regions.head[frame], regions.mouth[frame], regions.eyes[frame]), counts, strict=True):
        chosen.append(rng.integers(box[:2], box[2:], (count, 2)))
    return np.concatenate(chosen)
