"""Estimate the background without the people from frames of a still camera."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Bool, Float, UInt8
from PIL import Image

from beavervision.artifacts.clip import PLATE
from beavervision.preprocess.camera_motion import camera_travel
from beavervision.preprocess.frame_samples import FrameSamples

FIGURES = "background.json"

BAND = 32
"""Rows handled at once; bounds memory."""

CHANGED = 24
"""Difference (of 255, strongest channel) from the plate that counts as a change; coding noise stays below 12."""

MOVING_SHARE = 0.15
"""Share of changed background pixels in the median frame from which the background counts as moving."""

STEADY = 0.0025
"""How far a still camera's picture wanders at most, in frame heights: 1.8 px of 720."""

WANDERING = 80
"""Percentile of the samples' way from the middle one that is compared with STEADY: a knock is no pan."""

COMPARED = 640
"""Longer side at which frames are compared with the plate, px."""

LIGHT_REACH, LIGHT_RANGE = 0.06, (0.5, 2.0)
"""Reach (standard deviation, in the longer side) and range of the gain by which light may differ from the plate's."""

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
    """Share of background pixels that differ from the plate in the median frame, but for a smooth change of light."""
    travel: float = 0.0
    """How far the camera's picture wanders (WANDERING percentile of the samples), in frame heights."""
    known: float = 1.0
    """Share of the samples whose background could be laid over the middle one's; the others say nothing of travel."""

    def save(self, folder: Path) -> None:
        """Write the plate, where the background stands still, and the figures into `folder`."""
        if not self.moving:
            Image.fromarray(self.plate).save(folder / PLATE)
        figures = {name: getattr(self, name) for name in ("seen", "changed", "travel", "known")}
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
        return self.camera_moves or self.changed > MOVING_SHARE

    @property
    def camera_moves(self) -> bool:
        """Whether it is the camera."""
        return self.travel > STEADY


def paint_background(samples: FrameSamples, masks: Sequence[Bool[np.ndarray, "h w"]]) -> Background:
    """Median over time of the pixels that show no person, holes filled from their surroundings.

    Args:
        samples: frames of the clip.
        masks: person mask of each sample, at any one size.
    """
    size, grown = (samples.width, samples.height), [_grown(mask) for mask in masks]
    travel = camera_travel((frame for _, frame in samples), [mask > 0 for mask in grown])
    people = np.stack([cv2.resize(mask, size, interpolation=cv2.INTER_NEAREST) > 0 for mask in grown])
    plate = np.empty((samples.height, samples.width, 3), np.uint8)
    for top in range(0, samples.height, BAND):
        rows = slice(top, min(top + BAND, samples.height))
        plate[rows] = _median(samples.band(rows), people[:, rows])
    holes = people.all(0)
    changed = [_changed(frame, plate, person) for (_, frame), person in zip(samples, people, strict=True)]
    wandering = np.nan_to_num(np.nanpercentile(travel, WANDERING))
    return Background(
        _filled(plate, holes),
        seen=float(1 - holes.mean()),
        changed=float(np.median(changed)),
        travel=float(wandering),
        known=float(np.isfinite(travel).mean()),
    )


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


def _changed(
    frame: UInt8[np.ndarray, "H W 3"], plate: UInt8[np.ndarray, "H W 3"], person: Bool[np.ndarray, "H W"]
) -> float:
    """Share of a frame's background pixels that differ from the plate; 0 where no background is seen.

    Light that grows or fades smoothly over the picture, and in all colours alike, is no change.
    """
    factor = min(1.0, COMPARED / max(frame.shape[:2]))
    size = (max(1, round(frame.shape[1] * factor)), max(1, round(frame.shape[0] * factor)))
    here, there = (cv2.resize(p, size, interpolation=cv2.INTER_AREA).astype(np.float32) for p in (frame, plate))
    free = cv2.resize(person.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST) == 0
    if not free.any():
        return 0.0
    gain = _light(here, free, max(size)) / np.maximum(_light(there, free, max(size)), 1.0)
    lit = there * np.clip(gain, *LIGHT_RANGE)[..., None]
    return float((np.abs(here - lit).max(-1)[free] > CHANGED).mean())


def _light(picture: Float[np.ndarray, "h w 3"], free: Bool[np.ndarray, "h w"], side: int) -> Float[np.ndarray, "h w"]:
    """Mean brightness of the background round each pixel."""
    planes = np.dstack([picture.mean(-1) * free, free]).astype(np.float32)
    few = cv2.GaussianBlur(planes[::4, ::4], (0, 0), LIGHT_REACH * side / 4)
    return cv2.resize(few[..., 0] / np.maximum(few[..., 1], 1e-6), free.shape[::-1])


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
