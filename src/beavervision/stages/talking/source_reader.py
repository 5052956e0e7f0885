"""The footage's frames in any order that runs to and fro, with little of it in memory."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from jaxtyping import Int, UInt8

from beavervision.artifacts.clip import LABELS, Clip
from beavervision.errors import BeaverError
from beavervision.video.decode import read_frames
from beavervision.video.lossless import read_gray

CHUNK = 24
"""Frames held at once while playing backwards: 150 MB at 1080p."""

SourceFrame = tuple[UInt8[np.ndarray, "H W 3"], UInt8[np.ndarray, "H W"]]


def read_in_order(clip: Clip, order: Int[np.ndarray, "L"]) -> Iterator[SourceFrame]:
    """Yield (RGB, label map) of the clip's frames in `order`.

    Stretches that rise are decoded as they come; stretches that fall in chunks, each turned round.

    Args:
        clip: the footage.
        order: frame numbers; neighbours differ by -1, 0 or 1, as `ping_pong` makes them.
    """
    position = 0
    while position < len(order):
        step = 0 if position + 1 == len(order) else int(order[position + 1] - order[position])
        stop = _stretch(order, position, step)
        if step > 0:
            yield from _rising(clip, int(order[position]), int(order[stop - 1]) + 1)
        elif step < 0:
            yield from _falling(clip, int(order[stop - 1]), int(order[position]) + 1)
        else:
            frame = next(_rising(clip, int(order[position]), int(order[position]) + 1))
            for _ in range(stop - position):
                yield frame
        position = stop


def _stretch(order: np.ndarray, start: int, step: int) -> int:
    """End (excluded) of the stretch from `start` whose neighbours differ by `step`."""
    differs = np.flatnonzero(np.diff(order[start:]) != step)
    return len(order) if not len(differs) else start + int(differs[0]) + 1


def _rising(clip: Clip, first: int, stop: int) -> Iterator[SourceFrame]:
    begin = clip.facts["start"] + first / clip.fps
    frames = read_frames(clip.video, clip.fps, begin, clip.facts["end"])
    labels = read_gray(clip.folder / LABELS.format(0), first)
    for index, (frame, regions) in enumerate(zip(frames, labels, strict=False), first):
        yield frame.rgb, regions
        if index + 1 == stop:
            return
    raise BeaverError(
        f"{clip.video} ends before frame {stop - 1} of clip {clip.name}; it was changed, so prepare the clip again."
    )


def _falling(clip: Clip, first: int, stop: int) -> Iterator[SourceFrame]:
    for end in range(stop, first, -CHUNK):
        yield from reversed(list(_rising(clip, max(first, end - CHUNK), end)))
