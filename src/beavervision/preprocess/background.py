"""Estimates the background without the people from frames of a still camera."""

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
from beavervision.preprocess.background_fill import fill_unseen
from beavervision.preprocess.camera_motion import camera_travel
from beavervision.preprocess.frame_samples import FrameSamples

FIGURES = "background.json"

BAND = 32
"""Number of rows processed at once; bounds memory."""

CHANGED = 24
"""Difference from the plate (of 255, strongest channel) that counts as a change; coding noise stays below 12."""

MOVING_SHARE = 0.15
"""Share of changed background pixels in the median frame from which the background counts as moving."""

STEADY = 0.0025
"""Largest drift of a still camera's image, in frame heights: 1.8 px of 720."""

WANDERING = 80
"""Percentile of the samples' distance from the middle one that is compared with STEADY: a knock is not a pan."""

COMPARED = 640
"""Longer side at which frames are compared with the plate, px."""

LIGHT_REACH, LIGHT_RANGE = 0.06, (0.5, 2.0)
"""Reach (standard deviation, relative to the longer side) and range of the gain that explains a change of light."""

GROWTH = 0.02
"""Dilation of the person mask, in frame heights, to keep hair and shadow out of the plate."""

LEAST_SEEN = 0.1
"""Share of the samples in which a pixel of the background has to be visible: what is seen for a moment only, beside a
mask that is a little wrong, is hair or shadow."""


@dataclass(frozen=True)
class Background:
    """The background plate and its reliability."""

    plate: UInt8[np.ndarray, "H W 3"]
    seen: float
    """Share of the plate that was visible in some frame; the rest is filled in."""
    changed: float
    """Share of background pixels that differ from the plate in the median frame, apart from smooth changes of light."""
    travel: float = 0.0
    """Drift of the image (WANDERING percentile of the samples), in frame heights."""
    known: float = 1.0
    """Share of the samples whose background could be registered with the middle one; the others do not count for
    `travel`."""

    def save(self, folder: Path) -> None:
        """Write the measurements, and the plate where the background stands still, into `folder`."""
        if not self.moving:
            Image.fromarray(self.plate).save(folder / PLATE)
        figures = {name: getattr(self, name) for name in ("seen", "changed", "travel", "known")}
        (folder / FIGURES).write_text(json.dumps(figures), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> Background:
        """Read the output of `save`; no plate where the background moves."""
        path = folder / PLATE
        plate = np.asarray(Image.open(path)) if path.exists() else np.zeros((0, 0, 3), np.uint8)
        return cls(plate, **json.loads((folder / FIGURES).read_text(encoding="utf-8")))

    @property
    def moving(self) -> bool:
        """Whether the camera or the background moves, so that the plate cannot be used."""
        return self.camera_moves or self.changed > MOVING_SHARE

    @property
    def camera_moves(self) -> bool:
        """Whether the camera moves."""
        return self.travel > STEADY


def paint_background(samples: FrameSamples, masks: Sequence[Bool[np.ndarray, "h w"]]) -> Background:
    """Median over time of the pixels without a person; holes are filled from their surroundings (`background_fill`).

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
    holes = (~people).mean(0) < LEAST_SEEN
    changed = [_changed(frame, plate, person) for (_, frame), person in zip(samples, people, strict=True)]
    wandering = np.nan_to_num(np.nanpercentile(travel, WANDERING))
    return Background(
        fill_unseen(plate, holes),
        seen=float(1 - holes.mean()),
        changed=float(np.median(changed)),
        travel=float(wandering),
        known=float(np.isfinite(travel).mean()),
    )


def _grown(mask: Bool[np.ndarray, "h w"]) -> UInt8[np.ndarray, "h w"]:
    """The mask dilated by GROWTH."""
    radius = max(1, round(GROWTH * mask.shape[0]))
    return cv2.dilate(mask.astype(np.uint8), np.ones((2 * radius + 1, 2 * radius + 1), np.uint8))


def _median(frames: UInt8[np.ndarray, "K h W 3"], people: Bool[np.ndarray, "K h W"]) -> UInt8[np.ndarray, "h W 3"]:
    """Lower median over the frames in which nobody covers the pixel; undefined where somebody always does."""
    # Covered values are sorted to the end, so the median of the n others is at index (n - 1) // 2.
    ordered = np.sort(np.where(people[..., None], np.uint8(255), frames), axis=0)
    middle = np.maximum((~people).sum(0) - 1, 0) // 2
    return np.take_along_axis(ordered, middle[None, ..., None], axis=0)[0]


def _changed(
    frame: UInt8[np.ndarray, "H W 3"], plate: UInt8[np.ndarray, "H W 3"], person: Bool[np.ndarray, "H W"]
) -> float:
    """Share of a frame's background pixels that differ from the plate; 0 where no background is visible.

    A change of light that is smooth over the image and equal in all colours does not count.
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
    """Mean brightness of the background around each pixel."""
    planes = np.dstack([picture.mean(-1) * free, free]).astype(np.float32)
    few = cv2.GaussianBlur(planes[::4, ::4], (0, 0), LIGHT_REACH * side / 4)
    return cv2.resize(few[..., 0] / np.maximum(few[..., 1], 1e-6), free.shape[::-1])
