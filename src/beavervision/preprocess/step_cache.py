"""Cache the results of preparation steps on disk, named by a hash of their inputs."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from beavervision.artifacts.atomic_write import atomic_folder
from beavervision.artifacts.manifest import sha256_json

WORKSPACE = ".prepare"
"""Folder beside a clip with the results of its steps: a cache, safe to delete."""

NAME_LENGTH = 16
"""Number of hex digits of a result's name."""


class StepCache:
    """A folder of cached results, one folder each.

    The name of a result is a hash of its step, the step's version and the step's inputs. Inputs of later steps are
    names of earlier results, so that a name depends on everything before it, including the bytes of the footage. An
    existing result is complete (it was renamed atomically), so interrupted work continues where it stopped.

    Example:
        >>> import tempfile
        >>> cache = StepCache(Path(tempfile.mkdtemp()))
        >>> made = cache.result("sum", 1, {"of": [2, 3]}, lambda part: (part / "sum.txt").write_text("5"))
        >>> (made / "sum.txt").read_text()
        '5'
        >>> cache.result("sum", 1, {"of": [2, 3]}, lambda part: None) == made
        True
    """

    def __init__(self, root: Path) -> None:
        self.root = Path(root)
        self._used: set[Path] = set()

    def place(self, step: str, version: int, inputs: Mapping[str, Any]) -> Path:
        """Return the folder of a result, which may not exist.

        Args:
            step: the step's name.
            version: version of the step's code, raised when the same inputs give another result.
            inputs: JSON values that determine the result; other results by the names of their folders.
        """
        key = sha256_json({"step": step, "version": version, "inputs": inputs})
        folder = self.root / f"{step}-{key[:NAME_LENGTH]}"
        self._used.add(folder)
        return folder

    def result(self, step: str, version: int, inputs: Mapping[str, Any], make: Callable[[Path], object]) -> Path:
        """Return the folder of a result; `make(part)` computes it if it does not exist.

        Raises:
            BeaverError: when the cache cannot be written or the disk is full; and errors of `make`.
        """
        folder = self.place(step, version, inputs)
        if not folder.is_dir():
            with atomic_folder(folder) as part:
                make(part)
        return folder

    def forget_unused(self) -> None:
        """Remove the results that were not requested: of other settings, or of older code."""
        for path in self.root.iterdir() if self.root.is_dir() else ():
            if path.is_dir() and path not in self._used:
                shutil.rmtree(path, ignore_errors=True)

    def discard(self) -> None:
        """Remove everything."""
        shutil.rmtree(self.root, ignore_errors=True)
