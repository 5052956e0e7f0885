"""Single frames of the clip with their label map and matte, one in memory at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from beavervision.preprocess.ingest import Source
from beavervision.preprocess.report.report_input import SubjectFindings
from beavervision.video.lossless import read_gray

WORTH_SEEKING = 5.0
"""Seconds between two frames from which seeking (to a key frame, up to ten seconds earlier) is faster than decoding."""


@dataclass(frozen=True)
class Still:
    """One frame."""

    index: int
    rgb: UInt8[np.ndarray, "H W 3"]
    labels: UInt8[np.ndarray, "H W"]
    matte: UInt8[np.ndarray, "H W"] | None


def stills(source: Source, about: SubjectFindings, indices: Sequence[int]) -> Iterator[Still]:
    """Yield frames of the clip with the results for the subject.

    Args:
        source: the footage.
        about: the subject's label maps and matte.
        indices: frames, ascending.
    """
    for index, rgb in frames_at(source, indices):
        matte = None if about.matte is None else _picture(about.matte, index)
        yield Still(index, rgb, _picture(about.labels, index), matte)


def frames_at(source: Source, indices: Sequence[int]) -> Iterator[tuple[int, UInt8[np.ndarray, "H W 3"]]]:
    """Yield (index, frame), seeking over long stretches that are not needed.

    Args:
        source: the footage.
        indices: frames, ascending.
    """
    rows = np.asarray(indices)
    jumps = np.flatnonzero(np.diff(rows) > WORTH_SEEKING * source.fps) + 1
    for run in np.split(rows, jumps):
        wanted = set(run.tolist())
        for frame in source.frames(range(min(wanted), max(wanted) + 1)):
            if frame.index in wanted:
                yield frame.index, frame.rgb


def _picture(path: Path, index: int) -> UInt8[np.ndarray, "H W"]:
    return next(iter(read_gray(path, index)))
