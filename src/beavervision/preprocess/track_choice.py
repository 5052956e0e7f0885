"""Chooses the sound track of footage that has several: the one with speech that fits the lips."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from beavervision.audio.track_speech import EXAMINED, most_like_speech, speech_seconds, tracks_with_speech
from beavervision.audio.waveform import SAMPLE_RATE
from beavervision.errors import AudioError, ConfigError
from beavervision.metrics.sound_lag import sound_lag
from beavervision.preprocess.ingest import Source, clip_sound
from beavervision.preprocess.options import AUTO
from beavervision.video.audio_tracks import AudioTrack

VERSION = 1
FILE = "tracks.json"

UNKNOWN = -1.0
"""Correlation with the lips where it cannot be measured."""
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

    Where the lips are visible for too short a time to compare them, the sound decides (`audio.track_speech`).

    Args:
        source: the footage.
        tracks: its sound tracks.
        mouths: opening of each subject's mouth, see `metrics.sound_lag`.
    """
    speech, fit = np.zeros(len(tracks)), np.full(len(tracks), UNKNOWN)
    for track in tracks:
        samples = _samples(source, track)
        if samples is not None:
            speech[track.number] = speech_seconds(samples)
            known = [mouth[: round(len(samples) / SAMPLE_RATE * source.fps)].astype(float) for mouth in mouths]
            lags = [lag for mouth in known if (lag := sound_lag(mouth, samples, source.fps)) is not None]
            fit[track.number] = max((lag.correlation for lag in lags), default=UNKNOWN)
    lines = tuple(_line(track, speech[track.number]) for track in tracks)
    spoken = tracks_with_speech(speech.tolist())
    if not spoken:
        first = next((track.number for track in tracks if track.decodable), None)
        return TrackChoice(first, lines, "no track has speech")
    if len(spoken) == 1:
        return TrackChoice(spoken[0], lines, "it has the speech")
    if fit[spoken].max() <= UNKNOWN:
        sounds = [_samples(source, tracks[i]) for i in spoken]
        best = spoken[most_like_speech([np.zeros(0, np.float32) if one is None else one for one in sounds])]
        return TrackChoice(
            best, lines, "its sound is most like speech" if best != spoken[0] else "the first with speech"
        )
    best = spoken[0]
    for i in spoken[1:]:
        if fit[i] >= fit[best] + LEAD:
            best = i
    return TrackChoice(best, lines, "its speech fits the lips best")


def _samples(source: Source, track: AudioTrack) -> Float[np.ndarray, "N"] | None:
    try:
        sound = clip_sound(source, track.number, EXAMINED) if track.decodable else None
    except AudioError:
        return None
    return None if sound is None else sound.samples


def _line(track: AudioTrack, seconds: float) -> str:
    return f"{track.line}: {f'{seconds:.1f} s of speech' if track.decodable else 'cannot be decoded'}"
