"""A sentence that states how a film was made: in the metadata of the container and in the H.264 stream.

Copying the streams to a new container keeps both. Encoding the film again keeps only the metadata. Both can be forged
or removed; they only help to tell what happened to a film that lost its signed credentials.
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
"""Identifier of our user data in the supplemental enhancement information of H.264 (ITU-T H.264, D.1.6)."""


class StreamMarker:
    """Writes a sentence into the first frame of an H.264 stream.

    Args:
        container: open for writing.
        stream: its video stream.
        text: plain ASCII without `:`.
    """

    def __init__(self, container: OutputContainer, stream: Any, text: str) -> None:
        self._container, self._stream, self._text = container, stream, text
        self._filter: BitStreamFilterContext | None = None

    def mark(self, packets: list[Packet]) -> list[Packet]:
        """Return the packets; the first one contains the sentence."""
        if packets and self._filter is None:
            # The filter copies the parameters of the stream, which are known when the encoder is open.
            self._container.start_encoding()
            wanted = f"h264_metadata=sei_user_data={SEI_UUID}+{self._text}"
            self._filter = BitStreamFilterContext(wanted, self._stream, self._stream)
        return packets if self._filter is None else [out for packet in packets for out in self._filter.filter(packet)]

    def rest(self) -> list[Packet]:
        """Return the remaining packets of the filter."""
        return [] if self._filter is None else self._filter.filter(None)


@dataclass(frozen=True)
class FilmMark:
    """The marks that were found in a film."""

    comment: str | None
    """Comment of the metadata; None when there is none."""
    in_stream: bool
    """Whether the first frame of the stream contains our user data."""


def read_mark(path: Path) -> FilmMark:
    """Read the marks of a film; a file that is no film has none."""
    try:
        with av.open(str(path), metadata_errors="ignore") as film:
            comment = film.metadata.get(COMMENT) or film.metadata.get(COMMENT.upper())
            first = next(iter(film.demux(video=0)), None) if film.streams.video else None
            found = first is not None and bytes.fromhex(SEI_UUID) in bytes(first)
            return FilmMark(comment, found)
    except (av.error.FFmpegError, OSError, ValueError):
        return FilmMark(None, in_stream=False)
