"""Motion: the movement of a face over time, independent of its identity."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
from jaxtyping import Float

from beavervision.artifacts.arrays import load_arrays, save_arrays
from beavervision.artifacts.atomic_write import atomic_folder
from beavervision.artifacts.manifest import Count, Facts, Fps, Manifest, Text, write_manifest
from beavervision.errors import ArtifactError, MotionError

FILE = "motion.safetensors"
NOTES = {
    "expression": ("standard deviations", "face model coefficients"),
    "condition68": ("1/10 cm", "head space, offset from the mean face"),
    "rotation": ("", "head to camera"),
    "translation": ("cm", "camera space"),
    "blink": ("0 open .. 1 closed", ""),
}

ARRAYS = {"expression": "float T E"}
OPTIONAL_ARRAYS = {
    "condition68": "float T 68 3",
    "rotation": "float T 3 3",
    "translation": "float T 3",
    "blink": "float T",
}


class MotionFacts(Facts):
    """Facts of a motion in addition to its arrays."""

    KIND: ClassVar[str] = "motion"
    ERROR: ClassVar[type[ArtifactError]] = MotionError
    REMEDY: ClassVar[str] = "make the motion again"

    fps: Fps
    basis: Text
    """Name of the face model of the coefficients."""
    n_frames: Count


@dataclass(frozen=True)
class Motion:
    """Expression coefficients per frame, and optional further data of the frames."""

    expression: Float[np.ndarray, "T E"]
    fps: float
    basis: str = "gpmm"
    """Name of the face model of the coefficients."""
    condition68: Float[np.ndarray, "T 68 3"] | None = None
    """Refined landmark condition (PostNet, LLE); computed from the coefficients if absent."""
    rotation: Float[np.ndarray, "T 3 3"] | None = None
    translation: Float[np.ndarray, "T 3"] | None = None
    blink: Float[np.ndarray, "T"] | None = None

    @property
    def n_frames(self) -> int:
        """Number of frames."""
        return len(self.expression)

    def save(self, folder: Path, inputs: dict[str, dict[str, str]] | None = None) -> None:
        """Write the motion's folder atomically."""
        arrays = {name: value for name in NOTES if (value := getattr(self, name)) is not None}
        with atomic_folder(folder) as part:
            specs = save_arrays(part, FILE, arrays, NOTES)
            facts = {"fps": self.fps, "basis": self.basis, "n_frames": self.n_frames}
            write_manifest(part, MotionFacts, facts, specs, inputs)

    @classmethod
    def load(cls, folder: Path) -> Motion:
        """Read and validate a motion's folder.

        Raises:
            MotionError: when `folder` is no motion or is damaged.
        """
        folder = Path(folder)
        manifest = Manifest.read(folder, MotionFacts)
        manifest.check_fields(folder, ARRAYS, OPTIONAL_ARRAYS)
        arrays, facts = load_arrays(folder, manifest, FILE), manifest.facts
        if set(arrays) != set(manifest.fields) or len(arrays["expression"]) != facts.n_frames:
            raise MotionError(f"{folder} does not hold {facts.n_frames} frames of motion; {facts.REMEDY}.")
        return cls(fps=facts.fps, basis=facts.basis, **arrays)
