"""The seam between a generated head and the footage: which pixels are replaced, and how softly."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float, UInt8

from beavervision.compositing.layers import feather, grow
from beavervision.types import Label

HEAD = (Label.HAIR, Label.FACE)
"""Labels of the head."""

FRONT = (Label.HAND, Label.OTHER)
"""Labels of occluders: hands, microphones, other people."""

PRESENT = 0.1
"""Smallest opacity at which the generated head counts as visible."""

WISP = 0.12
"""Smallest opacity at which the source's own hair counts as visible: less is lost in the grain."""

SOFT = 0.024
"""Width of the soft border round the head, in heights of the head: wide enough to hide that hair never matches."""

SEAM = 0.008
"""Width of the transition from the estimated background to the source around the source's own head, in heights of the
head."""

FRONT_EDGE = 1.5
"""Width of the soft border of occluders, px, where only the label map shows them."""

EDGE = 2.0
"""Width of any outline, px: pixels there mix two colours."""

MIXED = 3.0
"""Distance from an occluder, px, within which the source's matte may belong to it: the edge of a blurred finger."""


def old_head(
    labels: UInt8[np.ndarray, "h w"], seam: float, soft: float, own: UInt8[np.ndarray, "h w"] | None = None
) -> Float[np.ndarray, "h w"]:
    """Return the area of the source's own head, which is removed: 1 there, falling to 0 within `seam` pixels.

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
    """Return the area where the generated picture replaces the source: both heads, without occluders.

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


def comparable_pixels(
    gone: Float[np.ndarray, "h w"],
    matte: Float[np.ndarray, "h w"],
    labels: UInt8[np.ndarray, "h w"],
    head_alpha: Float[np.ndarray, "h w"],
) -> tuple[Float[np.ndarray, "h w"], Float[np.ndarray, "h w"]]:
    """Return weights of the pixels at which source and generated picture should be equal.

    Returns:
        Neck and background around the source's head; the face at the border of a region inside it.
    """
    seen = ~np.isin(labels, FRONT)
    beside = seen & (gone > 0) & (gone < 1) & ~np.isin(labels, HEAD) & (head_alpha < PRESENT)
    within = seen & (matte > 0) & (matte < 1) & (labels == Label.FACE) & (head_alpha > 1 - PRESENT)
    return beside.astype(np.float32), within.astype(np.float32)
