"""Motion: how a face moves over time, apart from who it is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float

from beavervision.artifacts.atomic_write import atomic_folder, load_arrays, save_arrays
from beavervision.artifacts.manifest import Manifest

FILE = "motion.safetensors"
NOTES = {
    "expression": ("standard deviations", "face model coefficients"),
    "condition68": ("1/10 cm", "head space, offset from the mean face"),
    "rotation": ("", "head to camera"),
    "translation": ("cm", "camera space"),
    "blink": ("0 open .. 1 closed", ""),
}


@dataclass(frozen=True)
class Motion:
    """Expression coefficients per frame, with whatever else is known of the frames."""

    expression: Float[np.ndarray, "T E"]
    fps: float
    basis: str = "gpmm"
    """Name of the face model whose coefficients these are."""
    condition68: Float[np.ndarray, "T 68 3"] | None = None
    """Refined landmark condition (PostNet, LLE); computed from the coefficients when absent."""
    rotation: Float[np.ndarray, "T 3 3"] | None = None
    translation: Float[np.ndarray, "T 3"] | None = None
    blink: Float[np.ndarray, "T"] | None = None

    @property
    def n_frames(self) -> int:
        """Number of frames."""
        return len(self.expression)

    def save(self, folder: Path, inputs: dict[str, dict[str, str]] | None = None) -> None:
        """Write the motion's folder, whole or not at all."""
        arrays = {name: value for name in NOTES if (value := getattr(self, name)) is not None}
        with atomic_folder(folder) as part:
            specs = save_arrays(part, FILE, arrays, NOTES)
            facts = {"fps": self.fps, "basis": self.basis, "n_frames": self.n_frames}
            Manifest("motion", facts, specs, inputs or {}).write(part)

    @classmethod
    def load(cls, folder: Path) -> Motion:
        """Read and validate a motion's folder.

        Raises:
            BeaverError: when it is not one, or damaged.
        """
        manifest = Manifest.read(Path(folder), "motion")
        arrays = load_arrays(Path(folder), manifest, FILE)
        return cls(fps=manifest.facts["fps"], basis=manifest.facts["basis"], **arrays)
