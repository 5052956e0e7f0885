"""Waveforms: mono samples read from any audio or video file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import soxr
from jaxtyping import Float

from beavervision.errors import ArtifactError, AudioError, StorageError

SAMPLE_RATE = 16_000
"""Samples per second of every waveform in the project (STAGES.md section 0)."""

SILENCE_DB = -60.0
"""A file whose loudest 30 ms are below this level (dB of full scale, RMS) contains no speech: the noise floor of 16-bit
recordings is around -70 dB, whispered speech at arm's length above -50 dB."""

_SOUND_FILES = {".wav", ".flac", ".ogg", ".oga", ".aiff", ".aif"}
_BLOCK = 1 << 16


@dataclass(frozen=True)
class Waveform:
    """Mono sound; sample 0 is time 0."""

    samples: Float[np.ndarray, "N"]
    """float32, full scale is [-1, 1]."""
    rate: int
    """Samples per second."""

    @property
    def duration(self) -> float:
        """Length in seconds."""
        return len(self.samples) / self.rate


def load_waveform(path: Path | str, rate: int = SAMPLE_RATE, *, track: int = 0) -> Waveform:
    """Read the sound of any audio or video file, mixed to mono and resampled.

    Args:
        path: file in any container and codec that libsndfile or FFmpeg's libraries (PyAV) read.
        rate: samples per second of the result.
        track: number of the sound track, for files with several.

    Raises:
        AudioError: when the file is missing, empty, no media file, or has no sound.
    """
    samples = np.concatenate([np.zeros(0, np.float32), *sound_blocks(path, rate, track=track)])
    if samples.size == 0:
        raise AudioError(f"{path} holds no sound (0 samples); name a file with speech in it.")
    return Waveform(samples, rate)


def save_waveform(path: Path | str, waveform: Waveform) -> None:
    """Write 16-bit WAV or FLAC (by the suffix), atomically; samples beyond full scale are clipped.

    Raises:
        StorageError: when the file cannot be written.
    """
    save_blocks(path, [waveform.samples], waveform.rate)


def save_blocks(path: Path | str, blocks: Iterable[Float[np.ndarray, "n"]], rate: int = SAMPLE_RATE) -> None:
    """`save_waveform` of a sound that comes in blocks.

    Raises:
        StorageError: when the file cannot be written.
    """
    path = Path(path)
    part = path.with_name(f".{path.stem}.part{path.suffix}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with soundfile.SoundFile(part, "w", rate, 1, "PCM_16") as file:
            for block in blocks:
                file.write(np.clip(block, -1.0, 1.0))
        part.replace(path)
    except (OSError, soundfile.LibsndfileError) as error:
        raise StorageError(f"{path} cannot be written ({error}); free some space or choose another place.") from None
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def loudest_db(waveform: Waveform) -> float:
    """RMS level of the loudest 30 ms in dB of full scale; -inf for digital silence."""
    length = max(1, round(0.03 * waveform.rate))
    padded = np.pad(waveform.samples, (0, -len(waveform.samples) % length))
    power = np.square(padded.reshape(-1, length), dtype=np.float64).mean(axis=1).max(initial=0.0)
    return float(10 * np.log10(power)) if power > 0 else -np.inf


def require_speech(waveform: Waveform, path: Path | str) -> None:
    """Raise if the waveform is silent; `path` names the file in the message.

    Raises:
        AudioError: when nothing in the waveform is louder than SILENCE_DB.
    """
    if loudest_db(waveform) < SILENCE_DB:
        raise AudioError(f"{path} is silent from end to end; name a file with speech in it.")


def sound_blocks(path: Path | str, rate: int = SAMPLE_RATE, *, track: int = 0) -> Iterator[Float[np.ndarray, "n"]]:
    """Yield the samples of `load_waveform` in blocks, so that sound of any length takes little memory.

    Args:
        path: any audio or video file.
        rate: samples per second of the result.
        track: number of the sound track, for files with several.

    Raises:
        AudioError: as `load_waveform`, but an empty sound yields nothing.
    """
    path = Path(path)
    if not path.is_file():
        raise AudioError(f"{path} does not exist or is a folder; name an audio or video file.")
    if path.stat().st_size == 0:
        raise AudioError(f"{path} is empty (0 bytes); copy or download it again.")
    for block in _resampled(_blocks(path, track), rate):
        if not np.isfinite(block).all():
            raise AudioError(f"{path} holds samples that are not numbers; export it again as 16-bit WAV.")
        yield block


def _resampled(blocks: Iterator[tuple[int, np.ndarray]], rate: int) -> Iterator[Float[np.ndarray, "n"]]:
    """Mono blocks at `rate`."""
    stream, total, given, source = None, 0, 0, rate
    for source, block in blocks:
        stream = stream or soxr.ResampleStream(source, rate, 1, dtype="float32", quality="HQ")
        total += len(block)
        ready = stream.resample_chunk(block)
        given += len(ready)
        yield ready.astype(np.float32, copy=False)
    if stream is None:
        return
    length = -(-total * rate // source) - given  # Rounded up, so that the end is not lost.
    rest = stream.resample_chunk(np.zeros(0, np.float32), last=True)[: max(0, length)]
    yield np.pad(rest, (0, max(0, length - len(rest)))).astype(np.float32)


def _blocks(path: Path, track: int) -> Iterator[tuple[int, Float[np.ndarray, "N"]]]:
    """Yield (source rate, mono block) pairs."""
    if path.suffix.lower() in _SOUND_FILES:
        try:
            file = soundfile.SoundFile(path)
        except soundfile.LibsndfileError:
            file = None  # A misnamed file: PyAV detects the format from the content.
        if file is not None and file.channels <= 2:  # With more channels, only PyAV knows the layout.
            heard = False
            with file, suppress(soundfile.LibsndfileError):  # The file is damaged here.
                for block in file.blocks(_BLOCK, dtype="float32", always_2d=True):
                    heard = True
                    yield file.samplerate, block.mean(axis=1)
            if heard or not file.frames:
                return
    from beavervision.audio.decode import decode_blocks  # slow to import, rarely needed

    yield from decode_blocks(path, track)


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
