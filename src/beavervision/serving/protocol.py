"""Messages of the WebSocket, see docs/guides/live_assistant.md."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from beavervision.errors import BeaverError

MAX_TEXT = 4096
"""Longest text message, characters."""
MAX_AUDIO = 1 << 20
"""Largest binary message, bytes: ten seconds of 48 kHz, 16 bit, mono."""
RATES = Literal[8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 96000]


class ProtocolError(BeaverError):
    """A message that the protocol does not have."""


class _Message(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class AudioFormat(_Message):
    """Sound that the client sends."""

    rate: RATES = 16000
    channels: Annotated[int, Field(ge=1, le=8)] = 1
    format: Literal["s16le", "f32le"] = "s16le"


class Start(_Message):
    """First message: who is shown, and what is sent."""

    type: Literal["start"]
    avatar: Annotated[str, Field(max_length=200)]
    audio: AudioFormat = AudioFormat()
    video: Literal["jpeg", "h264"] = "jpeg"
    sound_rate: Literal[16000, 24000, 48000] = 48000
    """Samples per second of the sound that the server sends."""


class Control(_Message):
    """Later messages: the speech is complete; stop speaking; end the session."""

    type: Literal["end_speech", "interrupt", "end"]


START, CONTROL = TypeAdapter(Start), TypeAdapter(Control)


def parse_start(text: str) -> Start:
    """The first message.

    Raises:
        ProtocolError: saying what is wrong with it.
    """
    return _parsed(START, text)


def parse_control(text: str) -> Control:
    """A later message.

    Raises:
        ProtocolError: saying what is wrong with it.
    """
    return _parsed(CONTROL, text)


def _parsed(adapter: TypeAdapter, text: str):  # noqa: ANN202  (the adapter's type)
    if len(text) > MAX_TEXT:
        raise ProtocolError(f"a text message has {len(text)} characters; send no more than {MAX_TEXT}.")
    try:
        return adapter.validate_json(text)
    except (ValidationError, ValueError, RecursionError) as error:
        first = error.errors(include_url=False, include_input=False)[0] if isinstance(error, ValidationError) else None
        where = ".".join(str(part) for part in first["loc"]) if first else ""
        what = first["msg"] if first else "no JSON"
        raise ProtocolError(f"the message is not understood ({where or 'message'}: {what}).") from None
