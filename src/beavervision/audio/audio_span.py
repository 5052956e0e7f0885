"""Reads a span of a long sound file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile
from jaxtyping import Float

from beavervision.audio.waveform import SAMPLE_RATE
from beavervision.errors import ArtifactError


def read_span(path: Path, start: int, stop: int) -> Float[np.ndarray, "N"]:
    """Read samples `start` to `stop` of an artifact's sound, N = stop - start; samples beyond its end are 0.

    Args:
        path: mono WAV or FLAC at 16 kHz, the format of artifacts.
        start: first sample.
        stop: sample after the last.

    Raises:
        ArtifactError: when the file is missing, damaged, or has another format.
    """
    try:
        with soundfile.SoundFile(path) as file:
            if (file.samplerate, file.channels) != (SAMPLE_RATE, 1):
                raise ArtifactError(f"{path} is not mono at {SAMPLE_RATE} Hz; make the artifact again.")
            file.seek(min(start, file.frames))
            samples = file.read(stop - start, dtype="float32")
    except (OSError, soundfile.LibsndfileError) as error:
        raise ArtifactError(f"{path} cannot be read ({error}); make the artifact again.") from None
    return np.pad(samples, (0, stop - start - len(samples)))
