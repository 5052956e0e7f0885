"""Corrects the times of voiceless stops: espeak-ng marks their burst, but the lips close before it."""

from __future__ import annotations

import numpy as np

from beavervision.synthetic.speech import Phoneme, Speech

VOICELESS = ("p", "t", "k", "c", "q", "ʈ")
LONGEST = 0.12
"""Longest closure of a stop, seconds; a longer silence before the burst is a pause."""
BURST = 0.012
"""Time after the burst at which the stop ends and the next sound begins, seconds."""
SILENT = 1.0e-4
"""Amplitude of silence: closures in espeak-ng are digital silence."""


def with_closures(speech: Speech) -> Speech:
    """Return the same sound with voiceless stops that last from the closure to the burst.

    espeak-ng reports a stop at its burst; it assigns the silence before it, 40 to 60 ms, to the previous sound. In that
    silence the lips are closed (Stevens, "Acoustic Phonetics", 1998, chapter 7).
    """
    phonemes = list(speech.phonemes)
    for i, phoneme in enumerate(phonemes):
        if not phoneme.symbol.startswith(VOICELESS):
            continue
        start = max(phoneme.start - _silence_before(speech, phoneme.start), phonemes[i - 1].start if i else 0.0)
        end = min(phoneme.start + BURST, phoneme.end)
        if i:
            phonemes[i - 1] = Phoneme(phonemes[i - 1].symbol, phonemes[i - 1].start, start)
        if i + 1 < len(phonemes) and _releases(phoneme.symbol):
            phonemes[i + 1] = Phoneme(phonemes[i + 1].symbol, end, phonemes[i + 1].end)
            phonemes[i] = Phoneme(phoneme.symbol, start, end)
        else:
            phonemes[i] = Phoneme(phoneme.symbol, start, phoneme.end)
    return Speech(speech.samples, speech.rate, tuple(p for p in phonemes if p.end > p.start))


def _releases(symbol: str) -> bool:
    """Whether the stop ends with its burst; an affricate (tʃ, pf) continues."""
    return len(symbol.rstrip("ʰʲːˈˌ")) == 1


def _silence_before(speech: Speech, time: float) -> float:
    """Seconds of silence that end at `time`, with a small tolerance: marks are accurate to a millisecond."""
    stop = round((time - 0.002) * speech.rate)
    first = max(0, stop - round(LONGEST * speech.rate))
    loud = np.flatnonzero(np.abs(speech.samples[first:stop]) > SILENT)
    return (stop - first - (loud[-1] + 1 if len(loud) else 0)) / speech.rate
