"""Chooses the sound track of footage that has several: the one with speech that fits the lips."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from beavervision.audio.mel import FEATURE_RATE
from beavervision.audio.vad import detect_voice_activity
from beavervision.audio.waveform import SAMPLE_RATE
from beavervision.errors import AudioError, ConfigError
from beavervision.preprocess.ingest import Source, clip_sound
from beavervision.preprocess.options import AUTO
from beavervision.preprocess.report.av_sync import sound_lag
from beavervision.video.audio_tracks import AudioTrack

VERSION = 1
FILE = "tracks.json"

ENOUGH = 0.5
"""Share of the most speech that a track needs to be compared by the lips."""
LEAST_SPEECH = 1.0
"""Seconds of speech below which a track is not chosen for its speech."""
EXAMINED = 600.0
"""Seconds of the clip that are compared."""
LEAD = 0.05
"""Lead in the correlation with the lips from which a later track replaces an earlier one; two microphones on the same
voice differ by less."""


@dataclass(frozen=True)
class TrackChoice:
    """The sound tracks of the footage and the one that is used."""

    number: int | None
    """Number of the track, counted from 0; None without sound."""
    lines: tuple[str, ...] = ()
    """Description of every track, with its speech in the clip."""
    reason: str = ""

    def save(self, folder: Path) -> None:
        """Write the choice into a folder."""
        (folder / FILE).write_text(json.dumps(self.to_json()), encoding="utf-8")

    def to_json(self) -> dict[str, Any]:
        """The fields as JSON values."""
        return {"number": self.number, "lines": list(self.lines), "reason": self.reason}

    @classmethod
    def load(cls, folder: Path) -> TrackChoice:
        """Read the output of `save`."""
        stored = json.loads((folder / FILE).read_text(encoding="utf-8"))
        return cls(stored["number"], tuple(stored["lines"]), stored["reason"])


def given_track(source: Source, tracks: Sequence[AudioTrack], track: str) -> TrackChoice:
    """Return the choice where there is nothing to measure: the user's track, or the only one.

    Args:
        source: the footage.
        tracks: its sound tracks.
        track: the number, or AUTO.

    Raises:
        ConfigError: when there is no such track.
    """
    lines = tuple(track.line for track in tracks)
    if track == AUTO:
        return TrackChoice(next((t.number for t in tracks if t.decodable), None), lines)
    number = int(track)
    if number >= len(tracks):
        listed = "; ".join(f"{i}: {line}" for i, line in enumerate(lines)) or "none"
        raise ConfigError(f"data.audio_track={number} is not in {source.path}; its tracks are {listed}.")
    if not tracks[number].decodable:
        raise ConfigError(
            f"data.audio_track={number} of {source.path} ({lines[number]}) cannot be decoded; choose another track."
        )
    return TrackChoice(number, lines, "data.audio_track")


def choose_track(source: Source, tracks: Sequence[AudioTrack], mouths: Sequence[Float[np.ndarray, "T"]]) -> TrackChoice:
    """Choose the track with the most speech; of several with speech, the one that fits the lips best.

    Args:
        source: the footage.
        tracks: its sound tracks.
        mouths: opening of each subject's mouth, see `av_sync.sound_lag`.
    """
    speech, fit = np.zeros(len(tracks)), np.full(len(tracks), -1.0)
    for track in tracks:
        samples = _samples(source, track)
        if samples is not None:
            speech[track.number] = detect_voice_activity(samples).speech.sum() / FEATURE_RATE
            known = [mouth[: round(len(samples) / SAMPLE_RATE * source.fps)].astype(float) for mouth in mouths]
            lags = [lag for mouth in known if (lag := sound_lag(mouth, samples, source.fps)) is not None]
            fit[track.number] = max((lag.correlation for lag in lags), default=-1.0)
    lines = tuple(_line(track, speech[track.number]) for track in tracks)
    spoken = [i for i in range(len(tracks)) if speech[i] >= max(LEAST_SPEECH, ENOUGH * speech.max())]
    if not spoken:
        first = next((track.number for track in tracks if track.decodable), None)
        return TrackChoice(first, lines, "no track has speech")
    best = spoken[0]
    for i in spoken[1:]:
        if fit[i] >= fit[best] + LEAD:
            best = i
    reason = "it has the speech" if len(spoken) == 1 else "its speech fits the lips best"
    return TrackChoice(best, lines, reason)


def _samples(source: Source, track: AudioTrack) -> Float[np.ndarray, "N"] | None:
    try:
        sound = clip_sound(source, track.number, EXAMINED) if track.decodable else None
    except AudioError:
        return None
    return None if sound is None else sound.samples


def _line(track: AudioTrack, seconds: float) -> str:
    return f"{track.line}: {f'{seconds:.1f} s of speech' if track.decodable else 'cannot be decoded'}"
