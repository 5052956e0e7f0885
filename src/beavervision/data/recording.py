"""Recordings: speech and the motion of the face, from footage or synthetic; the training data of the speech stages."""

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
from beavervision.audio.audio_span import read_span
from beavervision.audio.waveform import SAMPLE_RATE
from beavervision.errors import AudioError, ConfigError
from beavervision.face.model_registry import load_face_model


@dataclass(frozen=True)
class Recording:
    """Speech and motion of one person, frame by frame: of a Clip's footage or of SyntheticSpeech."""

    folder: Path
    """Of the artifact."""
    name: str
    """For sentences about it."""
    speaker: str
    """Who speaks; recordings of the same voice carry the same name."""
    sha256: str
    """Name of exactly this artifact."""
    fps: float
    basis: str
    """Name of the face model whose coefficients the motion is."""
    identity: Float[np.ndarray, "I"] = field(repr=False)
    """Standard deviations."""
    expression: Float[np.ndarray, "T E"] = field(repr=False)
    """Standard deviations; NaN where the face was not seen."""
    known: Bool[np.ndarray, "T"] = field(repr=False)
    """The expression can be learnt from."""
    eye_open: Float[np.ndarray, "T 2"] = field(repr=False)
    """Distance of the lids over the width of the eye; NaN where not seen."""
    train_ranges: tuple[range, ...]
    """Frames to learn from; none where all is held out."""
    held_out_ranges: tuple[range, ...]
    """Frames that nothing is learnt from, no statistic either."""
    sound_file: Path
    subject: int = 0
    """Which person of a clip."""
    closed: Bool[np.ndarray, "T"] | None = field(default=None, repr=False)
    """p, b or m shut the lips, where that is known exactly (a Talk)."""

    @property
    def n_frames(self) -> int:
        """Number of frames, known or not."""
        return len(self.known)

    def sound(self, frames: range) -> Float[np.ndarray, "N"]:
        """The sound during `frames`, mono at 16 kHz, silent where it ends early; nothing else is read."""
        start, stop = (round(i / self.fps * SAMPLE_RATE) for i in (frames.start, frames.stop))
        return read_span(self.sound_file, start, stop)


def open_recordings(folder: Path, subject: int = 0) -> Iterator[Recording]:
    """Yield the recordings of an artifact, one in memory at a time.

    Args:
        folder: of a Clip, a Talk, or a Corpus of them.
        subject: which person of a clip.

    Raises:
        BeaverError: as `open_recording`.
    """
    members = Corpus.load(folder).members if kind_of(Path(folder)) == "corpus" else (folder,)
    for member in members:
        yield open_recording(member, subject)


def open_recording(folder: Path, subject: int = 0) -> Recording:
    """Open the recording that an artifact holds.

    Args:
        folder: of a Clip or a Talk.
        subject: which person of a clip.

    Raises:
        BeaverError: when it is neither, is damaged, has no sound or not so many people.
    """
    folder = Path(folder)
    if kind_of(folder) == SyntheticSpeechFacts.KIND:
        return recording_from_synthetic_speech(SyntheticSpeech.load(folder))
    return recording_from_clip(Clip.load(folder), subject)


def recording_from_clip(clip: Clip, subject: int = 0) -> Recording:
    """The recording of one person of a clip.

    Raises:
        BeaverError: when the clip has no sound or not so many people.
    """
    if not clip.has_audio:
        raise AudioError(f"{clip.video} has no sound; speech stages need footage with speech.")
    if subject >= len(clip.subjects):
        raise ConfigError(
            f"clip {clip.name} has {len(clip.subjects)} prepared people, not one numbered {subject}; "
            "give datamodule.subject=0 or prepare it with data.subject=all."
        )
    person = clip.subjects[subject]
    return Recording(
        folder=clip.folder,
        name=f"clip {clip.name}",
        speaker=f"{clip.name}/{subject}",
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
    """The recording of a talk: every frame is known, the face is the mean one."""
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
    """Frames whose expression can be learnt from: visible, and nothing before the face.

    Where something always is (a microphone), covered frames have to do.
    """
    clear = subject.visible & ~subject.occluded
    known = clear if 2 * clear.sum() >= subject.visible.sum() else subject.visible
    return known & np.isfinite(subject.expression).all(axis=1)


def _some(frames: range) -> tuple[range, ...]:
    """The range, or none where it is empty."""
    return (frames,) if len(frames) else ()
