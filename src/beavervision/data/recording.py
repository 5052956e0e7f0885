"""Recordings: speech and facial motion from footage or synthetic speech, the training data of the speech stages."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float

from beavervision.artifacts.clip import AUDIO, Clip, Subject
from beavervision.artifacts.corpus import Corpus
from beavervision.artifacts.manifest import kind_of
from beavervision.artifacts.synthetic_speech import SOUND, SyntheticSpeech, SyntheticSpeechFacts
from beavervision.audio.waveform import SAMPLE_RATE, read_span
from beavervision.errors import AudioError
from beavervision.face.model_registry import load_face_model


@dataclass(frozen=True)
class Recording:
    """Speech and motion of one person, frame by frame, from a Clip or from SyntheticSpeech."""

    folder: Path
    """Folder of the artifact."""
    name: str
    """Name for messages."""
    speaker: str
    """Name of the speaker; recordings of the same voice have the same name."""
    sha256: str
    """SHA-256 that identifies the artifact."""
    fps: float
    basis: str
    """Name of the face model of the motion's coefficients."""
    identity: Float[np.ndarray, "I"] = field(repr=False)
    """Identity coefficients, standard deviations."""
    expression: Float[np.ndarray, "T E"] = field(repr=False)
    """Expression coefficients, standard deviations; NaN where the face was not visible."""
    known: Bool[np.ndarray, "T"] = field(repr=False)
    """Whether the expression of a frame can be used for training."""
    eye_open: Float[np.ndarray, "T 2"] = field(repr=False)
    """Distance of the lids / width of the eye; NaN where not visible."""
    train_ranges: tuple[range, ...]
    """Frames of the training split; empty where all frames are held out."""
    held_out_ranges: tuple[range, ...]
    """Held-out frames, used neither for training nor for statistics."""
    sound_file: Path
    subject: int = 0
    """Number of the person in the clip."""
    closed: Bool[np.ndarray, "T"] | None = field(default=None, repr=False)
    """Whether p, b or m close the lips, where that is known exactly (synthetic speech)."""

    @property
    def n_frames(self) -> int:
        """Number of frames, with known expression or not."""
        return len(self.known)

    def sound(self, frames: range) -> Float[np.ndarray, "N"]:
        """Sound of `frames`, mono at 16 kHz, zero beyond its end; nothing else is read."""
        start, stop = (round(i / self.fps * SAMPLE_RATE) for i in (frames.start, frames.stop))
        return read_span(self.sound_file, start, stop)


def open_recordings(folder: Path, subject: int = 0) -> Iterator[Recording]:
    """Yield the recordings of an artifact, one in memory at a time.

    Args:
        folder: folder of a clip, synthetic speech, or a corpus of them.
        subject: number of the person in a clip.

    Raises:
        BeaverError: as `open_recording`.
    """
    members = Corpus.load(folder).members if kind_of(Path(folder)) == "corpus" else (folder,)
    for member in members:
        yield open_recording(member, subject)


def open_recording(folder: Path, subject: int = 0) -> Recording:
    """Open the recording of an artifact.

    Args:
        folder: folder of a clip or synthetic speech.
        subject: number of the person in a clip.

    Raises:
        BeaverError: when it is neither, is damaged, has no sound or too few people.
    """
    folder = Path(folder)
    if kind_of(folder) == SyntheticSpeechFacts.KIND:
        return recording_from_synthetic_speech(SyntheticSpeech.load(folder))
    return recording_from_clip(Clip.load(folder), subject)


def recording_from_clip(clip: Clip, subject: int = 0) -> Recording:
    """Return the recording of one person of a clip.

    Raises:
        BeaverError: when the clip has no sound or too few people.
    """
    if not clip.has_audio:
        raise AudioError(f"{clip.video} has no sound; speech stages need footage with speech.")
    person = clip.subject(subject)
    return Recording(
        folder=clip.folder,
        name=f"clip {clip.name}",
        speaker=clip.facts.speaker or f"{clip.name}/{subject}",
        sha256=clip.sha256,
        fps=clip.fps,
        basis=clip.facts.basis,
        identity=person.identity,
        expression=person.expression,
        known=tracked_frames(person),
        eye_open=person.eye_open,
        train_ranges=_some(clip.train_range),
        held_out_ranges=_some(clip.test_range),
        sound_file=clip.folder / AUDIO,
        subject=subject,
    )


def recording_from_synthetic_speech(talk: SyntheticSpeech) -> Recording:
    """Return the recording of synthetic speech: every frame is known, the identity is the mean face."""
    return Recording(
        folder=talk.folder,
        name=f"talk {talk.folder.name}",
        speaker=talk.speaker,
        sha256=talk.sha256,
        fps=talk.fps,
        basis=talk.basis,
        identity=np.zeros(len(load_face_model(talk.basis).id_basis), np.float32),
        expression=talk.expression,
        known=np.ones(talk.n_frames, bool),
        eye_open=talk.eye_open,
        train_ranges=_some(talk.train_range),
        held_out_ranges=_some(talk.test_range),
        sound_file=talk.folder / SOUND,
        closed=talk.closed,
    )


def tracked_frames(subject: Subject) -> Bool[np.ndarray, "T"]:
    """Frames whose expression can be used for training: visible and not occluded.

    If the face is always occluded (a microphone), occluded frames are used.
    """
    clear = subject.visible & ~subject.occluded
    known = clear if 2 * clear.sum() >= subject.visible.sum() else subject.visible
    return known & np.isfinite(subject.expression).all(axis=1)


def _some(frames: range) -> tuple[range, ...]:
    """The range in a tuple, or an empty tuple where it is empty."""
    return (frames,) if len(frames) else ()
