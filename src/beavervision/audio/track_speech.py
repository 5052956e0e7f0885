"""Which of several sound tracks contain the speech."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from beavervision.audio.alignment import phoneme_log_probabilities
from beavervision.audio.mel import FEATURE_RATE
from beavervision.audio.vad import detect_voice_activity

ENOUGH = 0.5
"""Share of the most speech from which a track counts as one with speech."""
LEAST_SPEECH = 1.0
"""Seconds of speech below which no track counts as one with speech."""
EXAMINED = 600.0
"""Seconds of each track that are examined."""
LEAD = 0.2
"""Lead in phonetic information from which a later track replaces an earlier one, nats; the same voice with music at a
quarter of its power differs by less than 0.1."""


def speech_seconds(samples: Float[np.ndarray, "N"]) -> float:
    """Return how many seconds of a sound are speech.

    Args:
        samples: mono sound at 16 kHz.
    """
    return float(detect_voice_activity(samples).speech.sum()) / FEATURE_RATE


def phonetic_information(samples: Float[np.ndarray, "N"]) -> float:
    """Return how much each 20 ms of the voiced part of a sound says about its phoneme, nats.

    It is the mutual information of rows and phoneme classes, by the package's speech encoder. Voice activity detection
    takes instruments for voices; they have less of it: 1.3 to 1.6 for melodies, 1.9 to 2.1 for speech of 8 s, also with
    music at the same level, 1.5 to 1.8 for short, noisy speech.

    Args:
        samples: mono sound at 16 kHz.
    """
    voiced = detect_voice_activity(samples).speech
    likely = np.exp(phoneme_log_probabilities(samples)[: len(voiced)][voiced])
    return _entropy(likely.mean(0)) - float(np.mean([_entropy(row) for row in likely])) if len(likely) else 0.0


def _entropy(likely: Float[np.ndarray, "C"]) -> float:
    return float(-(likely * np.log(np.maximum(likely, 1e-12))).sum())


def most_like_speech(sounds: Sequence[Float[np.ndarray, "N"]]) -> int:
    """Return the place of the sound with the most phonetic information; a later one needs LEAD more than an earlier.

    Args:
        sounds: mono sounds at 16 kHz, at least one.
    """
    best, most = 0, phonetic_information(sounds[0])
    for place, samples in enumerate(sounds[1:], 1):
        if (information := phonetic_information(samples)) >= most + LEAD:
            best, most = place, information
    return best


def tracks_with_speech(seconds: Sequence[float]) -> list[int]:
    """Return the numbers of the tracks with speech, in order; none where all have too little.

    Args:
        seconds: of speech in each track.

    Example:
        >>> tracks_with_speech([0.2, 8.0, 5.0]), tracks_with_speech([0.2, 0.4])
        ([1, 2], [])
    """
    least = max(LEAST_SPEECH, ENOUGH * max(seconds, default=0.0))
    return [number for number, value in enumerate(seconds) if value >= least]
