"""A sentence inside a film that says how it was made: in the container's metadata and in the H.264 stream.

Whoever copies the streams into a new container keeps both, who encodes the film again keeps only the first. Neither
proves anything: they only tell what happened to a film whose signed credentials were lost.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import av.error
from av.bitstream import BitStreamFilterContext
from av.container import OutputContainer
from av.packet import Packet

COMMENT = "comment"
"""Key of the container's metadata."""
SEI_UUID = "6f1d3c1e0b5a4f0e9b7c2a5d8e4f1b23"
"""Identifies our user data among the supplemental enhancement information of H.264 (ITU-T H.264, D.1.6)."""


class StreamMarker:
    """Writes a sentence into the first picture of an H.264 stream.

    Args:
        container: open for writing.
        stream: its picture stream.
        text: plain ASCII without `:`.
    """

    def __init__(self, container: OutputContainer, stream: Any, text: str) -> None:
        self._container, self._stream, self._text = container, stream, text
        self._filter: BitStreamFilterContext | None = None

    def mark(self, packets: list[Packet]) -> list[Packet]:
        """Return the packets, the first with the sentence."""
        if packets and self._filter is None:
            # The filter copies the stream's parameters, which are known once the encoder is open.
            self._container.start_encoding()
            wanted = f"h264_metadata=sei_user_data={SEI_UUID}+{self._text}"
            self._filter = BitStreamFilterContext(wanted, self._stream, self._stream)
        return packets if self._filter is None else [out for packet in packets for out in self._filter.filter(packet)]

    def rest(self) -> list[Packet]:
        """Return what the filter still holds."""
        return [] if self._filter is None else self._filter.filter(None)


@dataclass(frozen=True)
class FilmMark:
    """What a film says of itself."""

    comment: str | None
    """The metadata's comment; None where there is none."""
    in_stream: bool
    """Whether the first picture of the stream carries our user data, as only our own encoding does."""


def read_mark(path: Path) -> FilmMark:
    """Read what a film says of itself; a file that is no film says nothing."""
    try:
        with av.open(str(path)) as film:
            comment = film.metadata.get(COMMENT) or film.metadata.get(COMMENT.upper())
            first = next(iter(film.demux(video=0)), None) if film.streams.video else None
            found = first is not None and bytes.fromhex(SEI_UUID) in bytes(first)
            return FilmMark(comment, found)
    except (av.error.FFmpegError, OSError, ValueError):
        return FilmMark(None, in_stream=False)
