"""Times of p, b and m in speech whose text is not known, by the speech encoder's phoneme head."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from beavervision.audio.alignment import phoneme_log_probabilities
from beavervision.audio.mel import FEATURE_RATE
from beavervision.audio.phonemes import BILABIALS

HEARD = 0.5
"""Probability from which a row counts as p, b or m: the encoder holds it likelier than all other phonemes together."""


def bilabial_times(samples: Float[np.ndarray, "N"]) -> Float[np.ndarray, "S 2"]:
    """Start and end of every p, b and m that the speech encoder hears, s.

    The encoder misses some and hears others where there are none: compare what is found with what chance would find.

    Args:
        samples: mono sound at 16 kHz.
    """
    probability = np.exp(phoneme_log_probabilities(samples)[:, list(BILABIALS)]).sum(1)
    return runs(probability > HEARD) / FEATURE_RATE


def runs(marks: np.ndarray) -> Float[np.ndarray, "S 2"]:
    """First row and end of every run of True.

    Example:
        >>> runs(np.array([0, 1, 1, 0, 1], bool)).tolist()
        [[1.0, 3.0], [4.0, 5.0]]
    """
    edges = np.diff(np.concatenate([[0], np.asarray(marks, np.int8), [0]]))
    return np.stack([np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)], 1).astype(float)
