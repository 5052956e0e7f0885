"""Chooses the sound track of a speech file that has several: the one that is most like speech."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float

from beavervision.audio.track_speech import EXAMINED, most_like_speech, speech_seconds, tracks_with_speech
from beavervision.audio.waveform import SAMPLE_RATE, sound_blocks
from beavervision.errors import AudioError, ConfigError, FootageError
from beavervision.video.audio_tracks import AudioTrack, audio_tracks

AUTO = "auto"
"""Value of `audio_track` with which the tracks are examined."""


def choose_speech_track(path: Path | str, wanted: str = AUTO) -> tuple[int, str | None]:
    """Choose the sound track of a speech file.

    Args:
        path: any audio or video file.
        wanted: number of the track, counted from 0, or AUTO.

    Returns:
        Number of the track, and one line that names all tracks and the reason; None for a file with one track.

    Raises:
        ConfigError: when there is no such track, or it cannot be decoded.
    """
    if wanted != AUTO and not wanted.isdecimal():
        raise ConfigError(f"audio_track={wanted} is no track; give its number, counted from 0, or {AUTO}.")
    try:
        tracks = audio_tracks(Path(path))
    except FootageError:
        return 0, None  # Whoever reads the file tells what is wrong with it.
    if wanted != AUTO:
        return _given(Path(path), tracks, int(wanted)), None
    if len(tracks) < 2:
        return 0, None
    seconds = [speech_seconds(_samples(Path(path), track)) for track in tracks]
    number, reason = _with_most_speech(Path(path), tracks, tracks_with_speech(seconds))
    listed = "; ".join(
        f"{i}: {track.line}: {f'{seconds[i]:.1f} s of speech' if track.decodable else 'cannot be decoded'}"
        for i, track in enumerate(tracks)
    )
    return number, f"{path}: sound tracks {listed}; track {number} is used ({reason}), audio_track= chooses another"


def _given(path: Path, tracks: Sequence[AudioTrack], number: int) -> int:
    listed = "; ".join(f"{i}: {track.line}" for i, track in enumerate(tracks)) or "none"
    if number >= len(tracks):
        raise ConfigError(f"audio_track={number} is not in {path}; its tracks are {listed}.")
    if not tracks[number].decodable:
        raise ConfigError(f"audio_track={number} of {path} cannot be decoded; its tracks are {listed}.")
    return number


def _with_most_speech(path: Path, tracks: Sequence[AudioTrack], spoken: Sequence[int]) -> tuple[int, str]:
    if not spoken:
        return next((track.number for track in tracks if track.decodable), 0), "no track has speech"
    if len(spoken) == 1:
        return spoken[0], "it has the speech"
    best = spoken[most_like_speech([_samples(path, tracks[number]) for number in spoken])]
    return best, "its sound is most like speech" if best != spoken[0] else "the first with speech"


def _samples(path: Path, track: AudioTrack) -> Float[np.ndarray, "N"]:
    """Samples of a track at 16 kHz; none where it cannot be decoded."""
    blocks, length = [np.zeros(0, np.float32)], 0
    try:
        for block in sound_blocks(path, track=track.number) if track.decodable else ():
            blocks.append(block)
            length += len(block)
            if length >= EXAMINED * SAMPLE_RATE:
                break
    except AudioError:
        return blocks[0]
    return np.concatenate(blocks)
