"""Speech synthesis with phoneme times, by espeak-ng through ctypes.

espeak-ng is GPL: it is loaded only here, only when speech is generated, and only from the optional extra `[synthetic]`.
The shipped actor does not need it.
"""

from __future__ import annotations

import ctypes
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from jaxtyping import Float

from beavervision.errors import ConfigError, DependencyError

# Constants of speak_lib.h (espeak-ng 1.52).
SYNCHRONOUS_OUTPUT = 2
PHONEME_EVENTS, IPA_NAMES = 1, 2
LIST_END, PHONEME = 0, 7
CHARACTERS_UTF8 = 1
IPA = 2
PARAMETER_RATE, PARAMETER_PITCH, PARAMETER_RANGE = 1, 3, 4
PEAK = 0.7
"""Loudest sample of synthesised speech: about -3 dB."""


@dataclass(frozen=True)
class Phoneme:
    """One phoneme: its IPA symbol with stress marks ("" is a pause), and its time in seconds."""

    symbol: str
    start: float
    end: float


@dataclass(frozen=True)
class Speech:
    """Sound with its phonemes; time 0 is sample 0."""

    samples: Float[np.ndarray, "N"]
    rate: int
    phonemes: tuple[Phoneme, ...]

    @property
    def duration(self) -> float:
        """Length in seconds."""
        return len(self.samples) / self.rate


class _EventId(ctypes.Union):
    _fields_ = (("number", ctypes.c_int), ("name", ctypes.c_char_p), ("string", ctypes.c_char * 8))


class _Event(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", _EventId),
    )


_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event))


@cache
def _library() -> tuple[ctypes.CDLL, int]:
    """Load and initialise espeak-ng once; return it with its sample rate."""
    try:
        import espeakng_loader  # pyright: ignore[reportMissingImports]  # an optional extra
    except ImportError:
        raise DependencyError(
            "Speech synthesis needs espeak-ng, which is not installed; pip install 'beavervision[synthetic]'."
        ) from None
    with TemporaryDirectory() as folder:
        # A copy: the system would hand out the library that is loaded already, with the state it is in.
        library = ctypes.CDLL(str(shutil.copy(espeakng_loader.get_library_path(), Path(folder) / "espeak.so")))
    data = espeakng_loader.get_data_path().encode()
    rate = library.espeak_Initialize(SYNCHRONOUS_OUTPUT, 0, data, PHONEME_EVENTS | IPA_NAMES)
    if rate <= 0:
        raise DependencyError(f"espeak-ng cannot read its data in {data.decode()}; reinstall espeakng-loader.")
    return library, rate


def begin_anew() -> None:
    """Reset the synthesiser, so that the next speech does not depend on earlier ones.

    espeak-ng keeps the phases of its flutter and noise between sentences.
    """
    _library.cache_clear()


def _phonemes(marks: Sequence[tuple[float, str]], end: float) -> tuple[Phoneme, ...]:
    """Phonemes from (start, symbol) marks; each lasts until the next one."""
    stops = [start for start, _ in marks[1:]] + [end]
    return tuple(
        Phoneme(symbol, start, stop) for (start, symbol), stop in zip(marks, stops, strict=True) if stop > start
    )


def speak(text: str, *, voice: str = "en-us", words_per_minute: int = 150, pitch: int = 45, melody: int = 50) -> Speech:
    """Synthesise `text`.

    Args:
        text: text to speak.
        voice: file name of an espeak-ng voice, for example `en-us`, optionally with a variant: `en-us+f3`.
        words_per_minute: speed of the speech.
        pitch: 0..100, where 50 is the voice's default.
        melody: range of the pitch, 0 (monotone) .. 100, where 50 is the voice's default.

    Raises:
        BeaverError: when the extra `[synthetic]` is not installed or the voice is unknown.
    """
    library, rate = _library()
    pieces: list[np.ndarray] = []
    marks: list[tuple[float, str]] = []

    def collect(wave: ctypes._Pointer, count: int, events: ctypes._Pointer) -> int:
        if wave and count:
            pieces.append(np.ctypeslib.as_array(wave, (count,)).copy())
        index = 0
        while events[index].type != LIST_END:
            event = events[index]
            if event.type == PHONEME:
                marks.append((event.audio_position / 1000, event.id.string.decode("utf-8", "ignore")))
            index += 1
        return 0

    callback = _Callback(collect)  # kept alive here: espeak-ng only stores the address
    library.espeak_SetSynthCallback(callback)
    if library.espeak_SetVoiceByName(voice.encode()) != 0:
        raise ConfigError(f"espeak-ng has no voice {voice}; try en-us or de.")
    library.espeak_SetParameter(PARAMETER_RATE, words_per_minute, 0)
    library.espeak_SetParameter(PARAMETER_PITCH, pitch, 0)
    library.espeak_SetParameter(PARAMETER_RANGE, melody, 0)
    raw = text.encode()
    library.espeak_Synth(raw, len(raw) + 1, 0, 0, 0, CHARACTERS_UTF8, None, None)
    library.espeak_Synchronize()
    samples = np.concatenate(pieces).astype(np.float32)
    samples *= PEAK / max(1.0, float(np.abs(samples).max()))
    return Speech(samples, rate, _phonemes(marks, len(samples) / rate))


def pronunciation(text: str, voice: str = "en-us") -> str:
    """Return the pronunciation of `text` in IPA with stress marks; clauses are separated by commas.

    Args:
        text: text to pronounce.
        voice: file name of an espeak-ng voice, for example `de`.

    Raises:
        BeaverError: when the extra `[synthetic]` is not installed or the voice is unknown.
    """
    library, _ = _library()
    if library.espeak_SetVoiceByName(voice.encode()) != 0:
        raise ConfigError(f"espeak-ng has no voice {voice}; try en-us or de.")
    library.espeak_TextToPhonemes.restype = ctypes.c_char_p
    library.espeak_TextToPhonemes.argtypes = (ctypes.POINTER(ctypes.c_char_p), ctypes.c_int, ctypes.c_int)
    rest, clauses = ctypes.c_char_p(text.encode()), []
    while rest.value:  # One clause per call; the pointer advances.
        clauses.append(library.espeak_TextToPhonemes(ctypes.byref(rest), CHARACTERS_UTF8, IPA).decode())
    return ", ".join(clause.strip() for clause in clauses if clause.strip())


def arrange(sentences: Sequence[tuple[float, Speech]], duration: float) -> Speech:
    """Place spoken sentences at their start times (seconds) in a silence of `duration` seconds.

    Raises:
        ValueError: when a sentence overlaps the next one or exceeds the end.
    """
    rate = sentences[0][1].rate
    samples = np.zeros(round(duration * rate), np.float32)
    phonemes: list[Phoneme] = []
    free = 0.0
    for start, speech in sentences:
        first = round(start * rate)
        if start < free or first + len(speech.samples) > len(samples):
            raise ValueError(f"the sentence at {start} s overlaps its neighbour or the end ({duration} s)")
        phonemes.append(Phoneme("", free, start))
        phonemes += [Phoneme(p.symbol, p.start + start, p.end + start) for p in speech.phonemes]
        samples[first : first + len(speech.samples)] = speech.samples
        free = start + speech.duration
    phonemes.append(Phoneme("", free, duration))
    return Speech(samples, rate, tuple(p for p in phonemes if p.end > p.start))
