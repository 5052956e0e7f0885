"""Dub mode: the footage stays, its head speaks something else."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, UInt8

from beavervision.compositing.canvas_layer import Box, CanvasLayer
from beavervision.compositing.colour_match import match_colours
from beavervision.compositing.layers import blend, feather, grow, quantise
from beavervision.inference.avatar_compositor import open_border
from beavervision.stages.radnerf_torso.canonical_body import paint_over
from beavervision.stages.radnerf_torso.targets import HEAD
from beavervision.types import Label

FRONT = (Label.HAND, Label.OTHER)
"""What stands before the head when it overlaps it: hands, microphones."""

PRESENT = 0.1
"""Opacity from which on the generated head counts as being there."""

WISP = 0.12
"""Opacity from which on the source's own hair counts as seen: less is lost in grain."""

SOFT = 0.024
"""Width of the soft border round the head, in heights of the head: wide enough to hide that hair never matches."""

SEAM = 0.008
"""Width, in heights of the head, of the border round the source's own head within which what stood behind it gives way
to what is seen beside it."""

FRONT_EDGE = 1.5
"""Pixels of the soft border of what stands in front, where the label map alone tells of it."""

EDGE = 2.0
"""Pixels that any outline is wide: colours are mixed there."""

MIXED = 3.0
"""Pixels beside what stands in front that the source's matte may give to it: a blurred finger's edge."""

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
            instead = _matched(instead, source[part], head, same(gone, matte, regions, head), REACH * SOFT * size)
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


def old_head(
    labels: UInt8[np.ndarray, "h w"], seam: float, soft: float, own: UInt8[np.ndarray, "h w"] | None = None
) -> Float[np.ndarray, "h w"]:
    """Where the source shows its own head, which has to go: 1 there and falling to 0 within `seam` pixels of it.

    Args:
        labels: of the source.
        seam: px.
        soft: width of the whole border, px: a matte may err beyond twice as much.
        own: opacity of the source's own hair and face.
    """
    head: Bool[np.ndarray, "h w"] = np.isin(labels, HEAD)
    if own is not None:
        head = head | ((own > 255 * WISP) & grow(head, 2 * soft))
    width = max(seam, EDGE)
    return feather(grow(head, width), width)


def head_matte(
    labels: UInt8[np.ndarray, "h w"],
    head_alpha: Float[np.ndarray, "h w"],
    soft: float,
    own: UInt8[np.ndarray, "h w"] | None = None,
) -> Float[np.ndarray, "h w"]:
    """Where the generated picture replaces the source: both heads and a soft border, but nothing in front of them.

    Args:
        labels: of the source.
        head_alpha: opacity of the new head.
        soft: width of the border, px.
        own: opacity of the source's own hair and face: its wisps must go, too, and what it leaves free beside a
            hand belongs to the hand.
    """
    labelled: Bool[np.ndarray, "h w"] = np.isin(labels, HEAD)
    head = labelled | (head_alpha > PRESENT)
    front = np.isin(labels, FRONT)
    before = feather(grow(front, FRONT_EDGE), FRONT_EDGE)
    if own is not None:
        # Not beyond the border's reach: a matte may err where no head is.
        head |= (own > 255 * WISP) & grow(labelled, 2 * soft)
        before = np.maximum(before, (1 - own.astype(np.float32) / 255) * grow(front, MIXED))
    return feather(grow(head, soft), soft) * (1 - before)


def same(
    gone: Float[np.ndarray, "h w"],
    matte: Float[np.ndarray, "h w"],
    labels: UInt8[np.ndarray, "h w"],
    head_alpha: Float[np.ndarray, "h w"],
) -> tuple[Float[np.ndarray, "h w"], Float[np.ndarray, "h w"]]:
    """Weights of the pixels at which source and generated picture should show the same.

    Returns:
        What both heads leave free round the old one (neck, background); the face, at the border of a region within it.
    """
    seen = ~np.isin(labels, FRONT)
    beside = seen & (gone > 0) & (gone < 1) & ~np.isin(labels, HEAD) & (head_alpha < PRESENT)
    within = seen & (matte > 0) & (matte < 1) & (labels == Label.FACE) & (head_alpha > 1 - PRESENT)
    return beside.astype(np.float32), within.astype(np.float32)


def _matched(
    picture: UInt8[np.ndarray, "h w 3"],
    source: UInt8[np.ndarray, "h w 3"],
    head: Float[np.ndarray, "h w"],
    rings: tuple[Float[np.ndarray, "h w"], Float[np.ndarray, "h w"]],
    reach: float,
) -> UInt8[np.ndarray, "h w 3"]:
    """The picture in the source's light: skin is told by skin, what is beside the head by what is beside it."""
    beside, within = (match_colours(picture, source, ring, reach) for ring in rings)
    if beside is within:  # neither ring tells anything
        return picture
    share = head[..., None].astype(np.float32)
    return quantise((beside * (1 - share) + within * share) / np.float32(255))
