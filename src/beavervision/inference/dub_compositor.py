"""Dub mode: a generated head is laid into the frames of the footage."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, UInt8

from beavervision.compositing.canvas_layer import Box, CanvasLayer
from beavervision.compositing.colour_match import match_colours
from beavervision.compositing.layers import blend, quantise
from beavervision.compositing.seam import HEAD, PRESENT, SEAM, SOFT, WISP, comparable_pixels, head_matte, old_head
from beavervision.inference.avatar_compositor import open_border
from beavervision.stages.radnerf_torso.canonical_body import paint_over
from beavervision.types import Label

REACH = 4.0
"""Widths of the soft border over which colours are averaged where source and generated picture are compared."""


@dataclass(frozen=True)
class Dubber:
    """Lays a generated head into frames of the footage."""

    plate: UInt8[np.ndarray, "H W 3"] | None
    """Background without the person; None where the camera moves: then it is painted over, frame by frame."""
    match: bool = True
    """Whether the colours round the border are brought to the source's."""

    def composite(
        self,
        layer: CanvasLayer,
        source: UInt8[np.ndarray, "H W 3"],
        labels: UInt8[np.ndarray, "H W"],
        presence: float,
        own: UInt8[np.ndarray, "H W"] | None = None,
    ) -> UInt8[np.ndarray, "H W 3"]:
        """One finished frame.

        Where the source shows its head, the generated head, neck and plate take its place, so that no second outline
        looks out from behind; beside it, the generated head alone is laid over what the source shows there.

        Args:
            layer: head and torso on the canvas, in the source's own pose.
            source: the footage's frame.
            labels: its label map.
            presence: share of the generated head, 0 .. 1.
            own: opacity of the source's own hair and face, 0 .. 255, where it is known.
        """
        height, width, _ = source.shape
        box, size = _head_box(layer, labels, own)
        left, top, right, bottom = box
        if presence <= 0 or right <= left or bottom <= top:
            return source
        part = (slice(top, bottom), slice(left, right))
        wisps = None if own is None else own[part]
        head, regions = layer.head_in_frame(box), labels[part]
        matte = head_matte(regions, head, SOFT * size, wisps)
        matte *= open_border(layer, box, (width, height))
        region = layer.region_in_frame(box)
        if region is not None:
            matte *= region
        gone = old_head(regions, SEAM * size, SOFT * size, wisps)
        instead = layer.over(self._background(source, labels, part), box)
        if self.match:
            rings = comparable_pixels(gone, matte, regions, head)
            instead = _matched(instead, source[part], head, rings, REACH * SOFT * size)
        generated = blend(instead, layer.head_over(source[part], box), gone)
        result = source.copy()
        result[part] = blend(generated, source[part], presence * matte)
        return result

    def _background(
        self, source: np.ndarray, labels: np.ndarray, part: tuple[slice, slice]
    ) -> UInt8[np.ndarray, "h w 3"]:
        if self.plate is not None:
            return self.plate[part]
        avatar = (labels[part] != Label.BACKGROUND).astype(np.uint8)
        return paint_over(np.ascontiguousarray(source[part]), avatar)


def _head_box(
    layer: CanvasLayer, labels: UInt8[np.ndarray, "H W"], own: UInt8[np.ndarray, "H W"] | None
) -> tuple[Box, float]:
    """Frame pixels round both heads, as far as the canvas goes: nothing else can change. And the heads' height."""
    whole = layer.box((labels.shape[1], labels.shape[0]))
    left, top, right, bottom = whole
    if right <= left or bottom <= top:
        return whole, 0.0
    part = (slice(top, bottom), slice(left, right))
    heads = np.isin(labels[part], HEAD) | (layer.head_in_frame(whole) > PRESENT)
    size = float(np.ptp(np.flatnonzero(heads.any(1))) + 1) if heads.any() else 0.0
    if own is not None:
        heads |= own[part] > 255 * WISP
    rows, columns = np.flatnonzero(heads.any(1)), np.flatnonzero(heads.any(0))
    if not len(rows):
        return (left, top, left, top), 0.0
    # A few pixels more than the matte reaches, so that its distances end inside the box.
    room = int(np.ceil(SOFT * size)) + 2
    box = (
        max(left, left + int(columns[0]) - room),
        max(top, top + int(rows[0]) - room),
        min(right, left + int(columns[-1]) + 1 + room),
        min(bottom, top + int(rows[-1]) + 1 + room),
    )
    return box, size


def _matched(
    picture: UInt8[np.ndarray, "h w 3"],
    source: UInt8[np.ndarray, "h w 3"],
    head: Float[np.ndarray, "h w"],
    rings: tuple[Float[np.ndarray, "h w"], Float[np.ndarray, "h w"]],
    reach: float,
) -> UInt8[np.ndarray, "h w 3"]:
    """Match the picture to the source's light: skin is compared with skin, the surroundings with the surroundings."""
    beside, within = (match_colours(picture, source, ring, reach) for ring in rings)
    if beside is within:  # neither ring tells anything
        return picture
    share = head[..., None].astype(np.float32)
    return quantise((beside * (1 - share) + within * share) / np.float32(255))
