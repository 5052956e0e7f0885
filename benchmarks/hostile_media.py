"""Small films, sounds and keys of many kinds, made without any file of ours."""

from __future__ import annotations

import io
import json
import os
import struct
import tempfile
import wave
from collections.abc import Callable
from fractions import Fraction
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import av
import av.error
import numpy as np
import soundfile

SIZE, N_FRAMES, RATE = (96, 72), 12, 16_000
FILMS = {
    "mp4": ("libx264", "aac"),
    "mov": ("mjpeg", "pcm_s16le"),
    "mkv": ("libx264", "libopus"),
    "webm": ("libvpx", "libopus"),
    "avi": ("mpeg4", "pcm_s16le"),
    "ts": ("mpeg2video", "mp2"),
}
"""Suffix -> codecs of picture and sound."""
FILM_FAULTS: tuple[dict[str, Any], ...] = (
    *({},) * 6, {"tracks": 0}, {"tracks": 3}, {"seconds_apart": 1e4}, {"frames": 1}, {"late": 5.0},
    {"size": (16, 1200)}, {"pictures": 0}, {"pictures": 2}, {"rate": 1}, {"rate": 1000},
)  # fmt: skip
"""What a film has that others have not."""


@cache
def _film(
    suffix: str,
    tracks: int,
    seconds_apart: float,
    frames: int,
    late: float,
    size: tuple[int, int],
    pictures: int,
    rate: int,
) -> bytes:
    picture_codec, sound_codec = FILMS[suffix]
    buffer = io.BytesIO()
    sampling = 48_000 if sound_codec in ("libopus", "mp2") else RATE
    with av.open(buffer, "w", format={"mkv": "matroska", "ts": "mpegts"}.get(suffix, suffix)) as film:
        streams: list[Any] = [film.add_stream(picture_codec, rate) for _ in range(pictures)]
        for stream in streams:
            stream.width, stream.height = size
            stream.pix_fmt = "yuvj420p" if picture_codec == "mjpeg" else "yuv420p"
        sounds: list[Any] = [film.add_stream(sound_codec, sampling) for _ in range(tracks)]
        for sound in sounds:
            sound.codec_context.layout = "mono"
        noise = np.random.default_rng(0)
        for i in range(frames):
            rgb = noise.integers(0, 255, (size[1] // 8, size[0] // 8, 3), np.uint8).repeat(8, 0).repeat(8, 1)
            for stream in streams:
                frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(rgb), format="rgb24")
                frame = frame.reformat(format=stream.pix_fmt)
                frame.pts = round(i + (rate * seconds_apart if i > frames // 2 else 0))
                frame.time_base = Fraction(1, rate)
                film.mux(stream.encode(frame))
        for stream in streams:
            film.mux(stream.encode(None))
        for sound in sounds:
            _write_sound(film, sound, sampling, late)
    return buffer.getvalue()


def _write_sound(film: Any, sound: Any, rate: int, late: float) -> None:
    samples = (0.3 * np.sin(np.arange(rate // 2) / 9)).astype(np.float32)
    size = sound.codec_context.frame_size or 1024
    for start in range(0, len(samples) - size, size):
        frame = av.AudioFrame.from_ndarray(samples[None, start : start + size], format="fltp", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = rate, start + round(late * rate), Fraction(1, rate)
        for ready in av.AudioResampler(sound.codec_context.format, "mono", rate).resample(frame):
            film.mux(sound.encode(ready))
    film.mux(sound.encode(None))


def film_bytes(
    suffix: str,
    tracks: int = 1,
    seconds_apart: float = 0.0,
    frames: int = N_FRAMES,
    late: float = 0.0,
    size: tuple[int, int] = SIZE,
    pictures: int = 1,
    rate: int = 25,
) -> bytes:
    """A small film.

    Args:
        suffix: of FILMS.
        tracks: number of sound tracks.
        seconds_apart: jump of the time stamps.
        frames: number of frames.
        late: delay of the sound, seconds.
        size: width and height, px.
        pictures: number of video tracks.
        rate: frames per second.
    """
    try:
        return _film(suffix, tracks, seconds_apart, frames, late, size, pictures, rate)
    except (av.error.FFmpegError, ValueError):  # not every container can hold every fault
        return _film(suffix, 1, 0.0, N_FRAMES, 0.0, SIZE, 1, 25)


def _tone(n: int, channels: int = 1) -> np.ndarray:
    return 0.3 * np.sin(np.arange(n * channels) / 9).reshape(n, channels)


def _stored(suffix: str, subtype: str, rate: int = RATE, channels: int = 1, gain: float = 1.0) -> tuple[str, bytes]:
    buffer = io.BytesIO()
    samples = (
        np.clip(gain * _tone(rate // 2, channels), -1, 1) if subtype != "FLOAT" else gain * _tone(rate // 2, channels)
    )
    soundfile.write(buffer, samples, rate, format=suffix.upper(), subtype=subtype)
    return suffix, buffer.getvalue()


def _lying_wav(random: Random) -> tuple[str, bytes]:
    """A WAV header with an absurd field."""
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE)
        out.writeframes((_tone(8000) * 30_000).astype("<i2").tobytes())
    content = bytearray(buffer.getvalue())
    place, form = random.choice([(at, "<I") for at in (4, 16, 24, 28, 40)] + [(at, "<H") for at in (20, 22, 32, 34)])
    most = 0xFFFF if form == "<H" else 0xFFFF_FFFF
    struct.pack_into(form, content, place, random.choice((0, 1, 3, 7, most // 2, most)))
    return "wav", bytes(content)


def _nan_wav(random: Random) -> tuple[str, bytes]:
    buffer = io.BytesIO()
    samples = _tone(8000)
    samples[random.randrange(8000)] = random.choice((np.nan, np.inf, -np.inf, 1e30))
    soundfile.write(buffer, samples, RATE, format="WAV", subtype="FLOAT")
    return "wav", buffer.getvalue()


def _id3(random: Random) -> tuple[str, bytes]:
    """An MP3 behind a tag with a picture, or with a length that lies."""
    _, sound = _stored("mp3", "MPEG_LAYER_III")
    picture = random.randbytes(random.choice((100, 100_000)))
    frame = b"APIC" + struct.pack(">I", len(picture) + 14) + b"\0\0" + b"\0image/png\0\x03\0\0" + picture
    length = random.choice((len(frame), len(frame), 0, 0x0FFF_FFFF))
    size = bytes((length >> shift) & 0x7F for shift in (21, 14, 7, 0))
    return "mp3", b"ID3\x03\0\0" + size + frame + sound


SOUNDS: dict[str, Callable[[Random], tuple[str, bytes]]] = {
    "8-bit": lambda _: _stored("wav", "PCM_U8"),
    "mu-law": lambda _: _stored("wav", "ULAW", 8000),
    "A-law": lambda _: _stored("wav", "ALAW", 8000),
    "24 bit": lambda r: _stored("wav", "PCM_24", r.choice((8000, 44_100, 96_000, 192_000))),
    "32 bit": lambda r: _stored("wav", "PCM_32", r.choice((11_025, 48_000, 192_000))),
    "float": lambda r: _stored("wav", "FLOAT", gain=r.choice((1.0, 50.0, 1e-6))),
    "channels": lambda r: _stored("wav", "PCM_16", r.choice((8000, 48_000)), r.randint(1, 8)),
    "flac": lambda r: _stored("flac", "PCM_24", r.choice((8000, 192_000)), r.randint(1, 8)),
    "ogg": lambda r: _stored("ogg", "VORBIS", r.choice((8000, 48_000)), r.randint(1, 2)),
    "mp3": lambda r: _stored("mp3", "MPEG_LAYER_III", r.choice((8000, 16_000, 44_100))),
    "id3": _id3,
    "aiff": lambda _: _stored("aiff", "PCM_16"),
    "silent": lambda _: _stored("wav", "PCM_16", gain=0.0),
    "clipped": lambda _: _stored("wav", "PCM_16", gain=100.0),
    "nan": _nan_wav,
    "empty": lambda r: (r.choice(("wav", "mp3", "m4a", "ogg")), b""),
    "header": _lying_wav,
    "misnamed": lambda r: (r.choice(("wav", "flac", "ogg", "txt")), _stored("mp3", "MPEG_LAYER_III")[1]),
    "film": lambda r: (suffix := r.choice(list(FILMS)), film_bytes(suffix, **r.choice(FILM_FAULTS))),
    "text": lambda _: ("wav", json.dumps({"not": "a sound"}).encode()),
}
"""Kind of sound -> what returns its suffix and bytes."""


@cache
def key_pair() -> tuple[bytes, bytes]:
    """A key and its certificates, made as on first use."""
    from beavervision.provenance.signing_key import CERTIFICATE, key_folder, signing_key

    before = os.environ.get("XDG_CONFIG_HOME")
    with tempfile.TemporaryDirectory() as place:
        os.environ["XDG_CONFIG_HOME"] = place
        try:
            signing_key()
            folder = key_folder()
            key = (folder / "key.pem").read_bytes()
            chain = (folder / CERTIFICATE).read_bytes()
        finally:
            os.environ.pop("XDG_CONFIG_HOME") if before is None else os.environ.update(XDG_CONFIG_HOME=before)
    return key, chain


@cache
def signed_film() -> bytes:
    """A small film with credentials."""
    import tempfile

    from signed_films import AVATAR

    from beavervision.provenance.film_signer import FilmSigner
    from beavervision.provenance.signing_key import signing_key

    with tempfile.TemporaryDirectory() as place:
        (Path(place) / "key.pem").write_bytes(key_pair()[0])
        (Path(place) / "chain.pem").write_bytes(key_pair()[1])
        film = Path(place) / "film.mp4"
        film.write_bytes(film_bytes("mp4"))
        FilmSigner(AVATAR, signing_key(f"{place}/key.pem", f"{place}/chain.pem")).sign(film, film)
        return film.read_bytes()
