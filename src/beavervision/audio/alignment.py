"""Forced alignment: the time of every phoneme of a known text in a sound, by the speech encoder's phoneme head."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float, Int

from beavervision.audio.phonemes import SILENCE, phoneme_classes
from beavervision.audio.speech_encoder import speech_encoder, speech_features

UNLIKELY = -1.0e9


def phoneme_log_probabilities(samples: Float[np.ndarray, "N"]) -> Float[np.ndarray, "R 41"]:
    """Log-probability of every phoneme class (`audio.phonemes`) in every 20 ms of mono sound at 16 kHz."""
    logits = speech_encoder().to_phonemes(torch.from_numpy(speech_features(samples)))
    return logits.log_softmax(-1).numpy()


def symbol_classes(symbols: Sequence[str]) -> list[int]:
    """Phoneme classes of IPA symbols; a space or comma becomes silence, which `align` may skip.

    Example:
        >>> symbol_classes("bɪn ")
        [2, 26, 10, 0]
    """
    classes: list[int] = []
    for symbol in symbols:
        found = [SILENCE] if symbol in " ,.;:!?" else [c for c in phoneme_classes(symbol) if c != SILENCE]
        classes += [c for c in found if c != SILENCE or not classes or classes[-1] != SILENCE]
    return classes


def align(log_probabilities: Float[np.ndarray, "R C"], classes: Sequence[int]) -> Int[np.ndarray, "S 2"]:
    """Find the first row and the row after the last of every phoneme, by the Viterbi algorithm.

    Args:
        log_probabilities: of every class in every row.
        classes: classes in the order in which they are spoken; each lasts at least one row, except silence, which may
            be absent. Silence before and after them is allowed.

    Returns:
        Start and stop row of every class; equal for silence that is absent.

    Raises:
        ValueError: when there are more phonemes than rows.
    """
    states = np.array([SILENCE, *classes, SILENCE])
    rows, count = len(log_probabilities), len(states)
    if (states != SILENCE).sum() > rows:
        raise ValueError(f"{(states != SILENCE).sum()} phonemes do not fit in {rows} rows")
    optional = states == SILENCE
    score = np.full(count, UNLIKELY)
    score[0], score[1] = log_probabilities[0, SILENCE], log_probabilities[0, states[1]]
    steps = np.zeros((rows, count), np.int8)  # How many states the best path advanced.
    for row in range(1, rows):
        one = np.concatenate([[UNLIKELY], score[:-1]])
        two = np.concatenate([[UNLIKELY, UNLIKELY], np.where(optional[1:-1], score[:-2], UNLIKELY)])
        choices = np.stack([score, one, two])
        steps[row] = choices.argmax(0)
        score = choices.max(0) + log_probabilities[row, states]
    last = count - 1 if score[-1] >= score[-2] else count - 2
    path = np.empty(rows, np.int64)
    for row in range(rows - 1, -1, -1):
        path[row] = last
        last -= steps[row, last]
    starts = np.searchsorted(path, np.arange(count), side="left")
    stops = np.searchsorted(path, np.arange(count), side="right")
    return np.stack([starts, stops], 1)[1:-1]
