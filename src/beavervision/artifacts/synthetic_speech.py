"""Talk: speech whose motion is known because both were made, not filmed."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Bool, Float

from beavervision.artifacts.atomic_write import atomic_folder, load_arrays, save_arrays
from beavervision.artifacts.manifest import Manifest, sha256_folder
from beavervision.audio.waveform import SAMPLE_RATE, Waveform, load_waveform, save_waveform
from beavervision.errors import BeaverError

SPEECH, MOTION = "speech.flac", "motion.safetensors"
TRAIN, TEST = "train", "test"
NOTES = {
    "expression": ("standard deviations", "face model coefficients"),
    "eye_open": ("lid distance / eye width", "subject's right, left"),
    "closed": ("", "a bilabial (p, b, m) shuts the lips"),
}


@dataclass(frozen=True)
class SyntheticSpeech:
    """One voice speaking, frame by frame; sample 0 of the sound is heard at frame 0, and every frame is known."""

    folder: Path
    facts: dict[str, Any] = field(repr=False)
    """speaker, language, split (train | test), fps, basis, n_frames, and how it was made"""
    expression: Float[np.ndarray, "T E"] = field(repr=False)
    eye_open: Float[np.ndarray, "T 2"] = field(repr=False)
    closed: Bool[np.ndarray, "T"] = field(repr=False)
    """The truth of p, b and m: the lips are shut by a sound."""

    @classmethod
    def load(cls, folder: Path) -> SyntheticSpeech:
        """Read and validate a talk; its sound is read when it is asked for.

        Raises:
            BeaverError: when `folder` is no talk, or damaged.
        """
        folder = Path(folder)
        manifest = Manifest.read(folder, "talk")
        arrays = load_arrays(folder, manifest, MOTION)
        if not (folder / SPEECH).is_file():
            raise BeaverError(f"{folder / SPEECH}, the sound of a talk, is gone; make the talk again.")
        return cls(folder, manifest.facts, **{name: arrays[name] for name in NOTES})

    @property
    def sha256(self) -> str:
        """Name of exactly this talk."""
        return sha256_folder(self.folder)

    @property
    def speaker(self) -> str:
        """Name of the voice."""
        return self.facts["speaker"]

    @property
    def fps(self) -> float:
        """Frames per second."""
        return self.facts["fps"]

    @property
    def basis(self) -> str:
        """Name of the face model whose coefficients the motion is."""
        return self.facts["basis"]

    @property
    def n_frames(self) -> int:
        """Number of frames."""
        return len(self.expression)

    @property
    def train_range(self) -> range:
        """Frames to learn from: all, or none where voice and sentences are held out."""
        return range(self.n_frames if self.facts["split"] == TRAIN else 0)

    @property
    def test_range(self) -> range:
        """Frames held out: all that are not learnt from."""
        return range(self.train_range.stop, self.n_frames)

    def audio(self) -> Float[np.ndarray, "N"]:
        """The sound: 16 kHz mono."""
        return load_waveform(self.folder / SPEECH).samples


def write_synthetic_speech(
    folder: Path,
    facts: dict[str, Any],
    samples: Float[np.ndarray, "N"],
    expression: Float[np.ndarray, "T E"],
    eye_open: Float[np.ndarray, "T 2"],
    closed: Bool[np.ndarray, "T"],
) -> None:
    """Write a talk's folder, whole or not at all.

    Args:
        folder: where; replaced when it exists.
        facts: speaker, language, split, fps, basis, and how it was made (JSON values).
        samples: mono sound at 16 kHz, full scale [-1, 1].
        expression: face model coefficients, standard deviations.
        eye_open: distance of the lids over the width of the eye.
        closed: frames in which p, b or m shut the lips.
    """
    arrays = {
        "expression": expression.astype(np.float32),
        "eye_open": eye_open.astype(np.float32),
        "closed": np.asarray(closed, bool),
    }
    with atomic_folder(folder) as part:
        save_waveform(part / SPEECH, Waveform(samples.astype(np.float32), SAMPLE_RATE))
        specs = save_arrays(part, MOTION, arrays, NOTES)
        Manifest("talk", {**facts, "n_frames": len(expression)}, specs).write(part)
