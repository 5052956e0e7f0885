"""Window functions of short-time spectra; scipy.signal, which has them, takes a second to import."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from jaxtyping import Float


@lru_cache(maxsize=8)
def periodic_hann(length: int) -> Float[np.ndarray, "N"]:
    """The Hann window whose period is `length` samples, for reading only; scipy.signal.get_window("hann", length).

    Example:
        >>> periodic_hann(4).round(3).tolist()
        [0.0, 0.5, 1.0, 0.5]
    """
    window = 0.5 + 0.5 * np.cos(np.linspace(-np.pi, np.pi, length + 1))[:-1]
    window.setflags(write=False)
    return window
