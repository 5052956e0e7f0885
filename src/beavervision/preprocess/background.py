"""The background without the person: what a still camera sees when everybody has gone."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Bool, UInt8
from PIL import Image

from beavervision.artifacts.clip import PLATE
from beavervision.preprocess.samples import FrameSamples

FIGURES = "background.json"

BAND = 32
"""Rows handled at once; bounds memory."""

CHANGED = 24
"""Difference (of 255, strongest channel) from the plate that counts as a change; coding noise stays below 12."""

MOVING_SHARE = 0.15
"""Share of changed background pixels in the median frame from which the background counts as moving."""

GROWTH = 0.02
"""Widening of the person's mask, in frame heights, so that no hair or shadow gets into the plate."""

FILL_SIDE = 256
"""Longer side at which the holes are filled: what was never seen has no detail."""


@dataclass(frozen=True)
class Background:
    """The plate and how far it can be trusted."""

    plate: UInt8[np.ndarray, "H W 3"]
    seen: float
    """Share of the plate that was seen in some frame; the rest is filled in."""
    changed: float
    """Share of background pixels that differ from the plate in the median frame."""

    def save(self, folder: Path) -> None:
        """Write the plate, where the background stands still, and the figures into `folder`."""
        if not self.moving:
            Image.fromarray(self.plate).save(folder / PLATE)
        figures = {"seen": self.seen, "changed": self.changed}
        (folder / FIGURES).write_text(json.dumps(figures), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> Background:
        """Read what `save` wrote; no plate where the background moves."""
        path = folder / PLATE
        plate = np.asarray(Image.open(path)) if path.exists() else np.zeros((0, 0, 3), np.uint8)
        return cls(plate, **json.loads((folder / FIGURES).read_text(encoding="utf-8")))

    @property
    def moving(self) -> bool:
        """Whether the camera or the background moves, so that the plate is no use."""
        return self.changed > MOVING_SHARE


def paint_background(samples: FrameSamples, masks: Iterable[Bool[np.ndarray, "h w"]]) -> Background:
    """Median over time of the pixels that show no person, holes filled from their surroundings.

    Args:
        samples: frames of the clip.
        masks: person mask of each sample, at any one size.
    """
    size = (samples.width, samples.height)
    people = np.stack([cv2.resize(_grown(mask), size, interpolation=cv2.INTER_NEAREST) > 0 for mask in masks])
    plate = np.empty((samples.height, samples.width, 3), np.uint8)
    for top in range(0, samples.height, BAND):
        rows = slice(top, min(top + BAND, samples.height))
        plate[rows] = _median(samples.band(rows), people[:, rows])
    holes = people.all(0)
    changed = [_changed(frame, plate, person) for (_, frame), person in zip(samples, people, strict=True)]
    return Background(_filled(plate, holes), float(1 - holes.mean()), float(np.median(changed)))


def _grown(mask: Bool[np.ndarray, "h w"]) -> UInt8[np.ndarray, "h w"]:
    """The mask widened by GROWTH."""
    radius = max(1, round(GROWTH * mask.shape[0]))
    return cv2.dilate(mask.astype(np.uint8), np.ones((2 * radius + 1, 2 * radius + 1), np.uint8))


def _median(frames: UInt8[np.ndarray, "K h W 3"], people: Bool[np.ndarray, "K h W"]) -> UInt8[np.ndarray, "h W 3"]:
    """Lower median over the frames in which nobody covers the pixel; where somebody always does, anything."""
    # Covered values sort to the end, so that the median of the n others stands at (n - 1) // 2.
    ordered = np.sort(np.where(people[..., None], np.uint8(255), frames), axis=0)
    middle = np.maximum((~people).sum(0) - 1, 0) // 2
    return np.take_along_axis(ordered, middle[None, ..., None], axis=0)[0]


def _changed(frame: np.ndarray, plate: np.ndarray, person: Bool[np.ndarray, "H W"]) -> float:
    """Share of a frame's background pixels that differ from the plate; 0 where no background is seen."""
    difference = cv2.absdiff(frame, plate).max(-1) > CHANGED
    background = ~person
    return float(difference[background].mean()) if background.any() else 0.0


def _filled(plate: UInt8[np.ndarray, "H W 3"], holes: Bool[np.ndarray, "H W"]) -> UInt8[np.ndarray, "H W 3"]:
    """The plate with its holes painted over from their borders (Telea 2004), at reduced size, then smoothed."""
    if not holes.any():
        return plate
    height, width = holes.shape
    factor = min(1.0, FILL_SIDE / max(height, width))
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    inside = cv2.resize(holes.astype(np.uint8), size, interpolation=cv2.INTER_AREA)
    inside = cv2.dilate(inside, np.ones((3, 3), np.uint8))
    small = cv2.inpaint(cv2.resize(plate, size, interpolation=cv2.INTER_AREA), inside, 3, cv2.INPAINT_TELEA)
    soft = np.where(inside[..., None] > 0, cv2.GaussianBlur(small, (0, 0), 3), small)
    large = cv2.resize(soft, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.where(holes[..., None], large, plate)
