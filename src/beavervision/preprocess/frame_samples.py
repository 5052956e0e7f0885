"""A few evenly spaced frames of the clip on disk, from which clip-wide models are learned."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Int, UInt8
from PIL import Image

SAMPLE = "sample_{:08d}.png"

BUDGET = 256 << 20
"""Bytes that the samples may take on disk, unpacked."""

MOST, FEWEST = 32, 8
"""Frames to keep: a median needs a few, more than MOST add nothing."""


def sample_indices(n_frames: int, width: int, height: int) -> Int[np.ndarray, "K"]:
    """Frames to keep of a clip."""
    affordable = int(np.clip(BUDGET // (3 * width * height), FEWEST, MOST))
    return np.unique(np.linspace(0, n_frames - 1, min(affordable, n_frames)).round().astype(int))


def keep_sample(part: Path, index: int, rgb: UInt8[np.ndarray, "H W 3"]) -> None:
    """Write a frame into a segment's folder, without loss."""
    Image.fromarray(rgb).save(part / SAMPLE.format(index), compress_level=1)


class FrameSamples:
    """Frames that were kept, in order.

    Args:
        folders: of the segments.
        scratch: file in which the frames are unpacked, so that a band of rows can be read of all of them.
    """

    def __init__(self, folders: Sequence[Path], scratch: Path) -> None:
        found = sorted(path for folder in folders for path in folder.glob(SAMPLE.format(0).replace("0", "?")))
        self.indices: Int[np.ndarray, "K"] = np.array([int(path.stem.split("_")[1]) for path in found])
        with Image.open(found[0]) as first:
            self.width, self.height = first.size
        self._path = scratch
        # Written as a file, read as a map: a full disk is an error when writing, a crash when mapping.
        with scratch.open("wb") as file:
            for path in found:
                file.write(np.asarray(Image.open(path)).tobytes())

    def __iter__(self) -> Iterator[tuple[int, UInt8[np.ndarray, "H W 3"]]]:
        """Yield (index, frame)."""
        pixels = self._pixels()
        for row, index in enumerate(self.indices):
            yield int(index), np.asarray(pixels[row])

    def band(self, rows: slice) -> UInt8[np.ndarray, "K h W 3"]:
        """The same rows of every sample."""
        return np.asarray(self._pixels()[:, rows])

    def discard(self) -> None:
        """Remove the file."""
        self._path.unlink(missing_ok=True)

    def _pixels(self) -> np.memmap:
        return np.memmap(self._path, np.uint8, "r", shape=(len(self.indices), self.height, self.width, 3))
