"""Canonical body: image of the person's body for the part of the frame outside the canvas (avatar mode).

A canvas with the head and a part of the shoulders leaves the rest of the frame without a body, which the torso's field
does not model. Therefore the bundle contains one image of the body, cut out of the frame with the fewest hands and the
most central shoulders. Inference moves it with the shoulders and blends it into the field's torso at the canvas border.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import UInt8
from PIL import Image

from beavervision.artifacts.clip import Clip
from beavervision.artifacts.crops import Crops
from beavervision.compositing.layers import feather
from beavervision.stages.radnerf_torso.targets import BODY
from beavervision.stages.source_track import SourceTrack
from beavervision.types import Label

EDGE = 2.0
"""Width of the soft edge of the cut-out's matte, pixels."""

HAND_WEIGHT = 10.0
"""Weight of hands: a canvas full of hands equals a shoulder offset of this many face heights."""


@dataclass(frozen=True)
class CanonicalBody:
    """A body, cut out of one frame of the footage, at full size."""

    frame: int
    rgba: UInt8[np.ndarray, "H W 4"]
    plate: UInt8[np.ndarray, "H W 3"]
    """The same frame with the person inpainted, for footage without a plate."""


def estimate_canonical_body(
    clip: Clip, track: SourceTrack, frames: np.ndarray, crops: Crops, subject: int = 0
) -> CanonicalBody:
    """Choose one of `frames` and cut out the body of a subject."""
    frame = most_central_frame(track, frames, crops)
    _, rgb = next(clip.frames([frame]))
    _, labels = next(clip.labels([frame], subject=subject))
    # Other people are also labelled OTHER, but are not part of this body; a mug in the hand is.
    alone = len(clip.subjects) == 1
    body = np.isin(labels, (*BODY, Label.HAND, Label.OTHER) if alone else (*BODY, Label.HAND))
    matte = (feather(body, EDGE) * 255 + 0.5).astype(np.uint8)
    person = (labels != Label.BACKGROUND).astype(np.uint8)
    return CanonicalBody(frame, np.dstack([rgb, matte]), paint_over(rgb, person))


def most_central_frame(track: SourceTrack, frames: np.ndarray, crops: Crops) -> int:
    """The frame with few hands on the canvas and shoulders near their usual position."""
    face = np.nanmedian(track.box[frames, 3] - track.box[frames, 1])
    away = np.linalg.norm(track.body[frames] - np.median(track.body[frames], 0), axis=-1).mean(-1) / face
    hands = np.array([(crops.labels[t] == Label.HAND).mean() for t in frames])
    return int(frames[np.argmin(away + HAND_WEIGHT * hands)])


def paint_over(rgb: UInt8[np.ndarray, "H W 3"], mask: UInt8[np.ndarray, "H W"]) -> UInt8[np.ndarray, "H W 3"]:
    """The image with the masked part inpainted (Telea 2004), at a reduced size for speed."""
    share = min(1.0, 256 / max(rgb.shape[:2]))
    size = (max(1, round(rgb.shape[1] * share)), max(1, round(rgb.shape[0] * share)))
    small = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)
    hole = cv2.dilate(cv2.resize(mask, size, interpolation=cv2.INTER_NEAREST), np.ones((7, 7), np.uint8))
    if hole.all() or not hole.any():
        return rgb
    filled = cv2.inpaint(small, hole, 5, cv2.INPAINT_TELEA)
    large = cv2.resize(filled, (rgb.shape[1], rgb.shape[0]), interpolation=cv2.INTER_LINEAR)
    around = cv2.resize(hole.astype(np.float32), (rgb.shape[1], rgb.shape[0]))[..., None]
    return np.where(around > 0, (around * large + (1 - around) * rgb), rgb).astype(np.uint8)


def save_picture(path: Path, picture: np.ndarray) -> Path:
    """Write a PNG and return its path."""
    Image.fromarray(picture).save(path, compress_level=4)
    return path
