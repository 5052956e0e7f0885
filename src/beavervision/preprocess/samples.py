"""A few frames of the clip, evenly spread, kept on disk: what the clip looks like as a whole is learnt from them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from jaxtyping import Int, UInt8

BUDGET = 256 << 20
"""Bytes that the samples may take on disk."""

MOST, FEWEST = 32, 8
"""Frames to keep: a median needs a few, more than MOST add nothing."""


class FrameSamples:
    """Frames kept in a file in `folder` while the clip goes by; read them once all have been offered."""

    def __init__(self, folder: Path, n_frames: int, width: int, height: int) -> None:
        affordable = int(np.clip(BUDGET // (3 * width * height), FEWEST, MOST))
        self.indices: Int[np.ndarray, "K"] = np.unique(
            np.linspace(0, n_frames - 1, min(affordable, n_frames)).round().astype(int)
        )
        self.width, self.height = width, height
        self.path = Path(folder) / "samples.raw"
        # Written as a file, read as a map: a full disk is an error when writing, a crash when mapping.
        self._file = self.path.open("wb")

    def offer(self, index: int, rgb: UInt8[np.ndarray, "H W 3"]) -> None:
        """Keep the frame if it is one of the chosen."""
        row = int(np.searchsorted(self.indices, index))
        if row < len(self.indices) and self.indices[row] == index:
            self._file.seek(row * rgb.nbytes)
            self._file.write(np.ascontiguousarray(rgb).data)

    def __iter__(self) -> Iterator[tuple[int, UInt8[np.ndarray, "H W 3"]]]:
        """Yield (index, frame)."""
        pixels = self._pixels()
        for row, index in enumerate(self.indices):
            yield int(index), np.asarray(pixels[row])

    def band(self, rows: slice) -> UInt8[np.ndarray, "K h W 3"]:
        """The same rows of every sample."""
        return np.asarray(self._pixels()[:, rows])

    def _pixels(self) -> np.memmap:
        self._file.flush()
        return np.memmap(self.path, np.uint8, "r", shape=(len(self.indices), self.height, self.width, 3))

    def discard(self) -> None:
        """Remove the file."""
        self._file.close()
        self.path.unlink(missing_ok=True)
