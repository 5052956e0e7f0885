"""A few evenly spaced frames of the clip on disk, for models of the whole clip."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Int, UInt8
from PIL import Image

SAMPLE = "sample_{:08d}.png"

BUDGET = 256 << 20
"""Largest size of the uncompressed samples on disk, bytes."""

MOST, FEWEST = 32, 8
"""Number of samples: more than MOST do not improve a median."""


def sample_indices(n_frames: int, width: int, height: int) -> Int[np.ndarray, "K"]:
    """Indices of the frames of a clip to keep as samples."""
    affordable = int(np.clip(BUDGET // (3 * width * height), FEWEST, MOST))
    return np.unique(np.linspace(0, n_frames - 1, min(affordable, n_frames)).round().astype(int))


def keep_sample(part: Path, index: int, rgb: UInt8[np.ndarray, "H W 3"]) -> None:
    """Write a frame into a segment's folder, losslessly."""
    Image.fromarray(rgb).save(part / SAMPLE.format(index), compress_level=1)


class FrameSamples:
    """The sampled frames, in order.

    Args:
        folders: folders of the segments.
        scratch: file for the uncompressed frames, from which a band of rows of all frames can be read.
    """

    def __init__(self, folders: Sequence[Path], scratch: Path) -> None:
        found = sorted(path for folder in folders for path in folder.glob(SAMPLE.format(0).replace("0", "?")))
        self.indices: Int[np.ndarray, "K"] = np.array([int(path.stem.split("_")[1]) for path in found])
        with Image.open(found[0]) as first:
            self.width, self.height = first.size
        self._path = scratch
        # Written as a file, read as a map: a full disk raises an error when writing, but crashes the process when
        # mapping.
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
