"""SyntheticSpeech: generated speech together with its generated facial motion."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
from jaxtyping import Bool, Float, Int
from pydantic import Field, JsonValue

from beavervision.artifacts.arrays import load_arrays, save_arrays
from beavervision.artifacts.atomic_write import atomic_folder
from beavervision.artifacts.manifest import Count, Facts, Fps, Manifest, Text, sha256_folder, write_manifest
from beavervision.audio.waveform import SAMPLE_RATE, Waveform, load_waveform, save_waveform
from beavervision.errors import ArtifactError, SyntheticSpeechError

SOUND, MOTION = "speech.flac", "motion.safetensors"
TRAIN, TEST = "train", "test"
NOTES = {
    "expression": ("standard deviations", "face model coefficients"),
    "eye_open": ("lid distance / eye width", "subject's right, left"),
    "closed": ("", "a bilabial (p, b, m) shuts the lips"),
    "phoneme": ("class", "audio.phonemes.CLASSES; rows of the audio features, 50 per second"),
}


ARRAYS = {"expression": "float T E", "eye_open": "float T 2", "closed": "bool T", "phoneme": "int R"}


class SyntheticSpeechFacts(Facts):
    """Facts of synthetic speech in addition to its arrays."""

    KIND: ClassVar[str] = "synthetic_speech"
    ERROR: ClassVar[type[ArtifactError]] = SyntheticSpeechError
    REMEDY: ClassVar[str] = "make it again: beavervision prepare data=synthetic_speech"

    speaker: Text
    language: Text
    split: Literal["train", "test"]
    fps: Fps
    basis: Text
    """Name of the face model of the motion's coefficients."""
    n_frames: Count
    voice: dict[str, JsonValue] = Field(default_factory=dict)
    """Settings of the synthesised voice."""
    recipe: Text = ""
    """Hash of all inputs of the generation."""


@dataclass(frozen=True)
class SyntheticSpeech:
    """Speech of one synthetic voice, with motion for every frame; sound and motion start together."""

    folder: Path
    facts: SyntheticSpeechFacts = field(repr=False)
    expression: Float[np.ndarray, "T E"] = field(repr=False)
    eye_open: Float[np.ndarray, "T 2"] = field(repr=False)
    closed: Bool[np.ndarray, "T"] = field(repr=False)
    """Frames in which p, b or m close the lips."""
    phoneme: Int[np.ndarray, "R"] = field(repr=False)
    """Phoneme class (`audio.phonemes`) at 50 Hz, two rows per frame at 25 fps."""

    @classmethod
    def load(cls, folder: Path) -> SyntheticSpeech:
        """Read and validate synthetic speech; the sound is read by `audio`.

        Raises:
            SyntheticSpeechError: when `folder` is no synthetic speech or is damaged.
        """
        folder = Path(folder)
        manifest = Manifest.read(folder, SyntheticSpeechFacts)
        manifest.check_fields(folder, ARRAYS)
        arrays, facts = load_arrays(folder, manifest, MOTION), manifest.facts
        if set(arrays) != set(ARRAYS) or len(arrays["expression"]) != facts.n_frames:
            raise SyntheticSpeechError(f"{folder} does not hold {facts.n_frames} frames of motion; {facts.REMEDY}.")
        if not (folder / SOUND).is_file():
            raise SyntheticSpeechError(f"{folder / SOUND} is missing; {facts.REMEDY}.")
        return cls(folder, facts, **{name: arrays[name] for name in ARRAYS})

    @property
    def sha256(self) -> str:
        """Hex SHA-256 that identifies this speech."""
        return sha256_folder(self.folder)

    @property
    def speaker(self) -> str:
        """Name of the voice."""
        return self.facts.speaker

    @property
    def fps(self) -> float:
        """Frames per second."""
        return self.facts.fps

    @property
    def basis(self) -> str:
        """Name of the face model of the motion's coefficients."""
        return self.facts.basis

    @property
    def n_frames(self) -> int:
        """Number of frames."""
        return len(self.expression)

    @property
    def train_range(self) -> range:
        """Frames of the training split: all, or none where voice and sentences are held out."""
        return range(self.n_frames if self.facts.split == TRAIN else 0)

    @property
    def test_range(self) -> range:
        """Frames of the held-out split: all frames outside the training split."""
        return range(self.train_range.stop, self.n_frames)

    def audio(self) -> Float[np.ndarray, "N"]:
        """The sound: 16 kHz mono."""
        return load_waveform(self.folder / SOUND).samples


def write_synthetic_speech(
    folder: Path,
    facts: dict[str, Any],
    samples: Float[np.ndarray, "N"],
    expression: Float[np.ndarray, "T E"],
    eye_open: Float[np.ndarray, "T 2"],
    closed: Bool[np.ndarray, "T"],
    phoneme: Int[np.ndarray, "R"],
) -> None:
    """Write the folder of synthetic speech atomically.

    Args:
        folder: folder to write; it is replaced when it exists.
        facts: speaker, language, split, fps, basis, and settings of the generation (JSON values).
        samples: mono sound at 16 kHz, full scale [-1, 1].
        expression: face model coefficients, standard deviations.
        eye_open: distance of the lids over the width of the eye.
        closed: frames in which p, b or m close the lips.
        phoneme: phoneme class of every row of the audio features.
    """
    arrays = {
        "expression": expression.astype(np.float32),
        "eye_open": eye_open.astype(np.float32),
        "closed": np.asarray(closed, bool),
        "phoneme": np.asarray(phoneme, np.int32),
    }
    with atomic_folder(folder) as part:
        save_waveform(part / SOUND, Waveform(samples.astype(np.float32), SAMPLE_RATE))
        specs = save_arrays(part, MOTION, arrays, NOTES)
        write_manifest(part, SyntheticSpeechFacts, {**facts, "n_frames": len(expression)}, specs)
