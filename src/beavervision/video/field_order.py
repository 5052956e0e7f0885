"""Finds the field order of interlaced footage: measured on its frames, else from its flags."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

import numpy as np
from av.video.frame import VideoFrame
from jaxtyping import Float, UInt8

from beavervision.video.container import open_video, picture_stream
from beavervision.video.correction import FieldOrder
from beavervision.video.probe import VideoInfo
from beavervision.video.seek import frames_from

ORDERED = 1.04
"""Ratio of the two orders' errors from which one field order is detected (FFmpeg's idet)."""
PROGRESSIVE = 1.5
"""Ratio of the better order's error to that of the frame itself from which it is progressive (idet)."""
TRIPLES = 3
"""Smallest number of frames with motion for a verdict."""

PLACES, RUN = 5, 10
"""Places of the footage that are measured, and successive frames of each."""
COLUMN_STEP = 2
"""Distance of the columns that are measured."""
BOTTOM_FIRST = (3, 4)
"""FFmpeg's AV_FIELD_BB and AV_FIELD_TB: the bottom field is shown first."""


def find_field_order(path: Path, info: VideoInfo, start: float = 0.0, end: float | None = None) -> FieldOrder:
    """Return the field order of footage; off where it is progressive.

    The frames decide, because flags are often missing, and often set for progressive frames. The flags decide where
    nothing moves.

    Args:
        path: the footage.
        info: its facts.
        start: seconds from time zero to the part to measure.
        end: seconds from time zero to the end of the part; None for the end of the footage.
    """
    stop = info.duration if end is None else min(end, info.duration)
    errors: list[Float[np.ndarray, "3"]] = []
    for time in np.linspace(max(start, info.start), stop, PLACES, endpoint=False):
        grey = [_grey(frame) for _, frame in islice(_frames(path, info, float(time)), RUN)]
        trios = zip(grey, grey[1:], grey[2:], strict=False)
        errors += [comb_errors(*trio) for trio in trios if len({plane.shape for plane in trio}) == 1]
    found = measured_order(errors)
    return _flagged_order(path, info) if found is None else found


def _frames(path: Path, info: VideoInfo, time: float) -> Iterator[tuple[float, VideoFrame]]:
    return frames_from(path, time + info.origin, info.start + info.origin)


def _grey(frame: VideoFrame) -> UInt8[np.ndarray, "H W"]:
    return frame.reformat(format="gray").to_ndarray()[:, ::COLUMN_STEP]


def _flagged_order(path: Path, info: VideoInfo) -> FieldOrder:
    if not info.interlaced:
        return "off"
    with open_video(path) as container:
        stream = picture_stream(container, path)
        next(container.decode(stream), None)  # the decoder then knows the order
        return "bottom" if stream.codec_context.field_order in BOTTOM_FIRST else "top"


def comb_errors(
    before: UInt8[np.ndarray, "H W"], frame: UInt8[np.ndarray, "H W"], after: UInt8[np.ndarray, "H W"]
) -> Float[np.ndarray, "3"]:
    """Vertical roughness of a frame whose lines are replaced (FFmpeg's idet).

    Returns:
        Of the frame as it is; with the other lines of the neighbour that would fit if the top field is earlier; and
        with those that would fit if the bottom field is earlier.
    """
    rows = [plane.astype(np.int16) for plane in (before, frame, after)]
    last, now, following = rows
    around = now[:-2] + now[2:]
    own = np.abs(around - 2 * now[1:-1])
    earlier, later = np.abs(around - 2 * last[1:-1]), np.abs(around - 2 * following[1:-1])
    # Rows 1, 3, 5 .. of the frame are the bottom field. Between top rows of a frame whose top field is earlier, the
    # bottom rows of the frame before are nearer in time than those of the frame after.
    bottom, top = slice(0, None, 2), slice(1, None, 2)
    top_first = earlier[bottom].sum(dtype=float) + later[top].sum(dtype=float)
    bottom_first = later[bottom].sum(dtype=float) + earlier[top].sum(dtype=float)
    return np.array([own.sum(dtype=float), top_first, bottom_first])


def measured_order(triples: Sequence[Float[np.ndarray, "3"]]) -> FieldOrder | None:
    """Field order that most of the frames show; None where too little moves to tell.

    Args:
        triples: `comb_errors` of frames.
    """
    votes = [vote for vote in map(_vote, triples) if vote is not None]
    if len(votes) < TRIPLES:
        return None
    return max(("off", "top", "bottom"), key=votes.count)


def _vote(errors: Float[np.ndarray, "3"]) -> FieldOrder | None:
    own, top, bottom = errors
    # As in idet: with motion, lines from the wrong time are rougher than those from the right one.
    if top * ORDERED < bottom:
        return "top"
    if bottom * ORDERED < top:
        return "bottom"
    return "off" if min(top, bottom) > PROGRESSIVE * own else None
