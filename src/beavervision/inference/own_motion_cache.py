"""Drawings of the footage's own motion, kept on disk: they depend on the footage frame alone, not on the speech.

Detail transfer needs each frame drawn a second time, with the footage's own motion. The first film of a clip draws and
keeps these patches; every later film, and footage that is played backwards, reads them.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from beavervision.artifacts.manifest import MANIFEST
from beavervision.operating_system import open_shared, read_at, write_at

FOLDER = "own_motion"
"""Folder beside the bundle."""
MOST_BYTES = 2 << 30
"""Size that the file of one person does not exceed: 19,000 frames of 192 px."""
KNOWN = b"\1"


@dataclass(frozen=True)
class OwnMotionCache:
    """Patches by the number of their frame in the clip; any number of films may read and write at once.

    Args:
        path: file of the patches; a second file beside it says which of them are there.
        size: side of a patch, px.
    """

    path: Path
    size: int

    @classmethod
    def beside(cls, bundle: Path, size: int) -> OwnMotionCache:
        """The cache of a bundle; a bundle that was trained again has another one.

        Args:
            bundle: folder of the lower face.
            size: side of a patch, px.
        """
        key = hashlib.sha256((bundle / MANIFEST).read_bytes()).hexdigest()[:16]
        return cls(bundle.parent / FOLDER / f"{key}.rgb", size)

    def get(self, frame: int) -> UInt8[np.ndarray, "S S 3"] | None:
        """The patch of a frame; None where it is not there."""
        if self._files is None or frame >= self._capacity or read_at(self._files[1], 1, frame) != KNOWN:
            return None
        content = read_at(self._files[0], self._bytes, frame * self._bytes)
        if len(content) < self._bytes:
            return None
        return np.frombuffer(content, np.uint8).reshape(self.size, self.size, 3)

    def put(self, frame: int, patch: UInt8[np.ndarray, "S S 3"]) -> None:
        """Keep the patch of a frame; where nothing can be written, nothing is kept."""
        if self._files is None or frame >= self._capacity:
            return
        try:
            # The patch first: whoever sees the mark finds all of it.
            write_at(self._files[0], patch.tobytes(), frame * self._bytes)
            write_at(self._files[1], KNOWN, frame)
        except OSError:
            self.__dict__["_files"] = None

    @property
    def _bytes(self) -> int:
        return 3 * self.size**2

    @property
    def _capacity(self) -> int:
        return MOST_BYTES // self._bytes

    @cached_property
    def _files(self) -> tuple[int, int] | None:
        """Open files of patches and marks; None where there can be none."""
        try:
            self.path.parent.mkdir(exist_ok=True)
            for other in self.path.parent.glob("*"):
                if other.stem != self.path.stem:
                    other.unlink(missing_ok=True)
            paths = self.path, self.path.with_suffix(".known")
            patches, marks = (open_shared(path) for path in paths)
        except OSError:
            return None
        return patches, marks

    def __del__(self) -> None:
        """Close the files."""
        for one in self.__dict__.get("_files") or ():
            os.close(one)
