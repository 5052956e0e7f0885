"""The sound tracks of a video file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import av.error
from av.audio.stream import AudioStream
from av.container import InputContainer

from beavervision.video.container import open_video

UNDETERMINED = ("", "und")
"""Languages of tracks that name none."""


@dataclass(frozen=True)
class AudioTrack:
    """One sound track, as its file describes it."""

    number: int
    """Counted from 0."""
    codec: str
    channels: int
    language: str
    """ISO 639 code; empty if unknown."""
    title: str
    decodable: bool
    """Whether its first sound can be decoded."""

    @property
    def line(self) -> str:
        """Description of the track.

        Example:
            >>> AudioTrack(1, "aac", 2, "de", "Commentary", True).line
            'aac, 2 channels, de, Commentary'
        """
        channels = f"{self.channels} channel{'s' if self.channels != 1 else ''}"
        return ", ".join(filter(None, (self.codec, channels, self.language, self.title)))


def audio_tracks(path: Path) -> list[AudioTrack]:
    """Return the sound tracks of a video file, in its order."""
    with open_video(path) as container:
        streams = list(container.streams.audio)
        return [_track(path, number, stream) for number, stream in enumerate(streams)]


def audio_start(path: Path, track: int) -> float | None:
    """Time of the first sample of a track by the file's clock, seconds; None where nothing of it can be decoded."""
    with open_video(path) as container:  # Opened again: a rewound container skips sound that precedes the video.
        return _start(container, track) if track < len(container.streams.audio) else None


def first_start(path: Path) -> float | None:
    """`audio_start` of the first track that can be decoded; None where there is none."""
    with open_video(path) as container:
        n_tracks = len(container.streams.audio)
    return next((start for track in range(n_tracks) if (start := audio_start(path, track)) is not None), None)


def _start(container: InputContainer, track: int) -> float | None:
    stream = container.streams.audio[track]
    try:
        frame = next(container.decode(stream), None)
    except (av.error.FFmpegError, EOFError, ValueError):
        return None
    if frame is None:
        return None
    if frame.pts is not None and frame.time_base is not None:
        return float(frame.pts * frame.time_base)
    return float((stream.start_time or 0) * (stream.time_base or 1))


def _track(path: Path, number: int, stream: AudioStream) -> AudioTrack:
    context = stream.codec_context
    language = stream.language or ""
    return AudioTrack(
        number,
        "unknown codec" if context is None else context.name,
        0 if context is None else context.channels,
        "" if language in UNDETERMINED else language,
        stream.metadata.get("title") or "",
        audio_start(path, number) is not None,
    )
