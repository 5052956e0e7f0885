"""Voiceless stops: espeak-ng marks their burst, the lips close before it."""

from __future__ import annotations

import numpy as np

from beavervision.synthetic.speech import Phoneme, Speech

VOICELESS = ("p", "t", "k", "c", "q", "ʈ")
LONGEST = 0.12
"""Seconds: a longer silence before the burst is a pause, of which the stop takes this much."""
BURST = 0.012
"""Seconds after the mark in which the closure is released; then the next sound has the mouth."""
SILENT = 1.0e-4
"""Amplitude below which espeak-ng is silent: its closures are digital silence."""


def with_closures(speech: Speech) -> Speech:
    """The same sound with phonemes whose voiceless stops last from the closure to the burst.

    espeak-ng reports a stop when its burst begins; the silence before it, 40 to 60 ms, counts for the sound before.
    People's lips are shut in that silence (Stevens, "Acoustic Phonetics", 1998, chapter 7).
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
    """Whether the stop ends with its burst; an affricate (tʃ, pf) goes on."""
    return len(symbol.rstrip("ʰʲːˈˌ")) == 1


def _silence_before(speech: Speech, time: float) -> float:
    """Seconds of silence that end at `time`; the mark is exact to a millisecond, so that a little may be off."""
    stop = round((time - 0.002) * speech.rate)
    first = max(0, stop - round(LONGEST * speech.rate))
    loud = np.flatnonzero(np.abs(speech.samples[first:stop]) > SILENT)
    return (stop - first - (loud[-1] + 1 if len(loud) else 0)) / speech.rate
