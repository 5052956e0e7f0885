"""The footage's frames in any order that runs to and fro, with little of it in memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Int, UInt8

from beavervision.artifacts.clip import LABELS, MATTE, Clip
from beavervision.errors import ConfigError
from beavervision.video.lossless import read_gray
from beavervision.video.planar_picture import Picture

HELD_BYTES = 150 << 20
"""Held at once while playing backwards: 24 frames at 1080p, fewer of larger ones."""


@dataclass(frozen=True)
class SourceFrame:
    """A frame of the footage, with what is known of each of some subjects."""

    picture: Picture
    """As it is stored where a film can pass that on, else RGB."""
    labels: tuple[UInt8[np.ndarray, "H W"], ...]
    mattes: tuple[UInt8[np.ndarray, "H W"] | None, ...]
    """Opacity of hair and face; None where prepare made no matte, or none was asked for."""

    @property
    def rgb(self) -> UInt8[np.ndarray, "H W 3"]:
        """The frame as RGB."""
        return self.picture.rgb


@dataclass(frozen=True)
class SourceReader:
    """Reads a clip's footage at a rate.

    Args:
        clip: the footage.
        fps: frames per second; the clip's own, or any other, such as the footage's.
        subjects: whose label maps and mattes.
        with_mattes: whether mattes are read.
        stored: whether frames stay as they are stored where possible; see `video.planar_picture`.
    """

    clip: Clip
    fps: float
    subjects: tuple[int, ...] = (0,)
    with_mattes: bool = True
    stored: bool = False

    @property
    def n_frames(self) -> int:
        """Frames of the footage at this rate."""
        return int(np.floor((self.clip.n_frames - 1) * self.fps / self.clip.fps)) + 1

    def read(self, order: Int[np.ndarray, "L"]) -> Iterator[SourceFrame]:
        """Yield the frames in `order`.

        Stretches that rise are decoded as they come; stretches that fall in chunks, each turned round.

        Args:
            order: frame numbers at this rate; neighbours mostly differ by -1, 0 or 1.
        """
        position = 0
        while position < len(order):
            step = 0 if position + 1 == len(order) else int(order[position + 1] - order[position])
            stop = _stretch(order, position, step)
            begin, end = int(order[position]), int(order[stop - 1])
            if step == 1:
                yield from self._rising(begin, end + 1)
            elif step == -1:
                yield from self._falling(end, begin + 1)
            else:
                frame = next(self._rising(begin, begin + 1))
                stop = stop if step == 0 else position + 1
                for _ in range(stop - position):
                    yield frame
            position = stop

    def _rising(self, first: int, stop: int) -> Iterator[SourceFrame]:
        clip = self.clip
        frames = clip.footage(self.fps, clip.facts.start + first / self.fps, stored=self.stored)
        kept = [clip.folder / name.format(subject) for name in (LABELS, MATTE) for subject in self.subjects]
        count = len(self.subjects)
        used = [True] * count + [self.with_mattes] * count
        maps = [
            self._map(path, first, stop) if wanted else iter([None] * (stop - first))
            for path, wanted in zip(kept, used, strict=True)
        ]
        for index in range(first, stop):
            frame, regions = next(frames, None), [next(one, None) for one in maps]
            if frame is None or regions[0] is None:
                raise ConfigError(
                    f"{clip.video} ends before frame {stop - 1} of clip {clip.name} (at {index}); it was changed, "
                    "so prepare the clip again."
                )
            yield SourceFrame(frame.picture, tuple(regions[:count]), tuple(regions[count:]))  # pyright: ignore[reportArgumentType]  # label maps end together

    def _map(self, path: Path, first: int, stop: int) -> Iterator[UInt8[np.ndarray, "H W"] | None]:
        """Maps of the clip's frames nearest in time to frames `first` to `stop`."""
        if not path.exists():
            yield from [None] * (stop - first)
            return
        nearest = np.rint(np.arange(first, stop) * (self.clip.fps / self.fps)).astype(int)
        nearest = np.minimum(nearest, self.clip.n_frames - 1)
        pictures, at = read_gray(path, int(nearest[0])), int(nearest[0]) - 1
        picture = None
        for wanted in nearest.tolist():
            while at < wanted:
                picture, at = next(pictures, None), at + 1
            yield picture

    def _falling(self, first: int, stop: int) -> Iterator[SourceFrame]:
        width, height = self.clip.size
        chunk = max(2, HELD_BYTES // ((3 + 2 * len(self.subjects)) * width * height))
        for end in range(stop, first, -chunk):
            yield from reversed(list(self._rising(max(first, end - chunk), end)))


def _stretch(order: np.ndarray, start: int, step: int) -> int:
    """End (excluded) of the stretch from `start` whose neighbours differ by `step`."""
    differs = np.flatnonzero(np.diff(order[start:]) != step)
    return len(order) if not len(differs) else start + int(differs[0]) + 1
