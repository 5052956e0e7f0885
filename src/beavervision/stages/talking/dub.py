"""Dub mode: the footage stays, its head speaks something else."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, UInt8

from beavervision.stages.radnerf_torso.still import painted_over
from beavervision.stages.radnerf_torso.targets import HEAD
from beavervision.stages.talking.avatar import open_border
from beavervision.stages.talking.canvas_layer import Box, CanvasLayer
from beavervision.types import Label
from beavervision.video.layers import blend, feather, grow

FRONT = (Label.HAND, Label.OTHER)
"""What stands before the head when it overlaps it: hands, microphones."""

PRESENT = 0.1
"""Opacity from which on the generated head counts as being there."""

SOFT = 0.012
"""Width of the soft border round the head, in frame heights: wide enough to hide that hair never matches exactly."""

FRONT_EDGE = 1.5
"""Pixels of the soft border of what stands in front."""


@dataclass(frozen=True)
class Dubber:
    """Lays a generated head into frames of the footage."""

    plate: UInt8[np.ndarray, "H W 3"] | None
    """Background without the person; None where the camera moves: then it is painted over, frame by frame."""

    def picture(
        self,
        layer: CanvasLayer,
        source: UInt8[np.ndarray, "H W 3"],
        labels: UInt8[np.ndarray, "H W"],
        presence: float,
    ) -> UInt8[np.ndarray, "H W 3"]:
        """One finished frame.

        The matte covers the source's own head and the new one, so that no second outline looks out from behind;
        what the new head leaves free of it shows the generated neck and torso, and the plate.

        Args:
            layer: head and torso on the canvas, in the source's own pose.
            source: the footage's frame.
            labels: its label map.
            presence: share of the generated head, 0 .. 1.
        """
        height, width, _ = source.shape
        soft = SOFT * height
        box = _head_box(layer, labels, soft)
        left, top, right, bottom = box
        if presence <= 0 or right <= left or bottom <= top:
            return source
        part = (slice(top, bottom), slice(left, right))
        matte = presence * head_matte(labels[part], layer.head_in_frame(box), soft)
        matte *= open_border(layer, box, (width, height))
        generated = layer.over(self._background(source, labels, part), box)
        result = source.copy()
        result[part] = blend(generated, source[part], matte)
        return result

    def _background(
        self, source: np.ndarray, labels: np.ndarray, part: tuple[slice, slice]
    ) -> UInt8[np.ndarray, "h w 3"]:
        if self.plate is not None:
            return self.plate[part]
        person = (labels[part] != Label.BACKGROUND).astype(np.uint8)
        return painted_over(np.ascontiguousarray(source[part]), person)


def _head_box(layer: CanvasLayer, labels: UInt8[np.ndarray, "H W"], soft: float) -> Box:
    """Frame pixels round both heads, as far as the canvas goes: nothing else can change."""
    whole = layer.box((labels.shape[1], labels.shape[0]))
    left, top, right, bottom = whole
    if right <= left or bottom <= top:
        return whole
    heads = np.isin(labels[top:bottom, left:right], HEAD) | (layer.head_in_frame(whole) > PRESENT)
    rows, columns = np.flatnonzero(heads.any(1)), np.flatnonzero(heads.any(0))
    if not len(rows):
        return left, top, left, top
    # A few pixels more than the matte reaches, so that its distances end inside the box.
    room = int(np.ceil(soft)) + 2
    return (
        max(left, left + int(columns[0]) - room),
        max(top, top + int(rows[0]) - room),
        min(right, left + int(columns[-1]) + 1 + room),
        min(bottom, top + int(rows[-1]) + 1 + room),
    )


def head_matte(
    labels: UInt8[np.ndarray, "h w"], head_alpha: Float[np.ndarray, "h w"], soft: float
) -> Float[np.ndarray, "h w"]:
    """Where the generated picture replaces the source: both heads and a soft border, but nothing in front of them."""
    head: Bool[np.ndarray, "h w"] = np.isin(labels, HEAD) | (head_alpha > PRESENT)
    front = np.isin(labels, FRONT)
    matte = feather(grow(head, soft), soft)
    return matte * (1 - feather(grow(front, FRONT_EDGE), FRONT_EDGE))
