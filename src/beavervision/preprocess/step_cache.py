"""Cache the results of preparation steps on disk, named by a hash of their inputs."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from beavervision.artifacts.atomic_write import atomic_folder
from beavervision.artifacts.manifest import sha256_json

WORKSPACE = ".prepare"
"""Folder beside a clip where the results of its steps lie: a cache, safe to delete."""

NAME_LENGTH = 16
"""Hex digits of a result's name."""


class StepCache:
    """A folder of results, one folder each.

    A result is named by its step, the step's version and the step's inputs; the inputs of later steps are the names
    of earlier results, so that a name stands for everything that led to it, down to the bytes of the footage. A
    result that is there is whole (it was renamed into place), so that work that was killed goes on where it was.

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
        """Return the folder of a result, there or not.

        Args:
            step: the step's name.
            version: of the step's code: raised when the same inputs give another result.
            inputs: JSON values that decide the result; other results by the names of their folders.
        """
        key = sha256_json({"step": step, "version": version, "inputs": inputs})
        folder = self.root / f"{step}-{key[:NAME_LENGTH]}"
        self._used.add(folder)
        return folder

    def result(self, step: str, version: int, inputs: Mapping[str, Any], make: Callable[[Path], object]) -> Path:
        """Return the folder of a result; made by `make(part)` unless it is there.

        Raises:
            BeaverError: when the place cannot be written to or the disk is full; what `make` raises.
        """
        folder = self.place(step, version, inputs)
        if not folder.is_dir():
            with atomic_folder(folder) as part:
                make(part)
        return folder

    def forget_unused(self) -> None:
        """Remove the results that this workspace was not asked for: of other settings, of older code."""
        for path in self.root.iterdir() if self.root.is_dir() else ():
            if path.is_dir() and path not in self._used:
                shutil.rmtree(path, ignore_errors=True)

    def discard(self) -> None:
        """Remove everything."""
        shutil.rmtree(self.root, ignore_errors=True)
