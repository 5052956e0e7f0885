"""Resampling of sound that arrives in packets, with a delay of a millisecond.

soxr's streams hold back 20 to 40 ms (measured at 16 to 48 kHz in packets of 20 ms), which a live conversation cannot
spare.
"""

from __future__ import annotations

from functools import lru_cache
from math import gcd

import numpy as np
from jaxtyping import Float

from beavervision.errors import AudioError

ZERO_CROSSINGS = 16
"""Of the windowed sinc on either side: 1 ms at 16 kHz. The stop band lies 80 dB below (Kaiser window)."""
BETA, ROLL_OFF = 8.0, 0.92
"""Shape of the Kaiser window, and the pass band's end as a share of the lower Nyquist frequency."""
RATES = (8_000, 192_000)
"""Rates that are taken, samples per second."""


class StreamingResampler:
    """Converts mono samples from one rate to another, packet by packet; output n is at time n / target.

    The result does not depend on the sizes of the packets.

    Args:
        source: samples per second of the input.
        target: samples per second of the output.

    Raises:
        AudioError: when a rate is outside RATES.

    Example:
        >>> resampler = StreamingResampler(48_000, 16_000)
        >>> len(resampler.push(np.zeros(480, np.float32))), len(resampler.finish())
        (143, 17)
    """

    def __init__(self, source: int, target: int) -> None:
        check_rate(source)
        check_rate(target)
        self._same = source == target
        common = gcd(source, target)
        self._up, self._down = target // common, source // common
        self._kernels = sinc_kernels(self._up, self._down)
        self._half = self._kernels.shape[1] // 2
        # Begins `_half` samples before the first one; `_begin` is the number of its first sample.
        self._held, self._begin = np.zeros(self._half, np.float32), -self._half
        self._given = self._count = 0

    def push(self, samples: Float[np.ndarray, "N"]) -> Float[np.ndarray, "n"]:
        """Append samples; return those that can be computed."""
        samples = np.asarray(samples, np.float32)
        self._count += len(samples)
        if self._same:
            return samples
        self._held = np.concatenate([self._held, samples])
        # Output n lies between samples floor(n down / up) and the next; it needs `_half` samples after that.
        return self._until((self._begin + len(self._held) - self._half) * self._up)

    def finish(self) -> Float[np.ndarray, "n"]:
        """End the sound; return the rest. The whole result covers the whole input."""
        if self._same:
            return np.zeros(0, np.float32)
        self._held = np.pad(self._held, (0, self._half))
        return self._until(self._count * self._up)

    def _until(self, end: int) -> Float[np.ndarray, "n"]:
        """Outputs whose place is before `end`, in samples of the input times `up`."""
        stop = max(self._given, -(-end // self._down))
        if stop == self._given:
            return np.zeros(0, np.float32)
        at, phase = np.divmod(np.arange(self._given, stop) * self._down, self._up)
        windows = np.lib.stride_tricks.sliding_window_view(self._held, 2 * self._half)
        first = at - self._begin - self._half + 1
        result = np.einsum("nk,nk->n", windows[first], self._kernels[phase])
        self._given = stop
        drop = max(0, stop * self._down // self._up - self._half + 1 - self._begin)
        self._held, self._begin = self._held[drop:], self._begin + drop
        return result.astype(np.float32)


def check_rate(rate: int) -> None:
    """Refuse a rate that is not supported.

    Raises:
        AudioError: naming the range.
    """
    if rate != int(rate) or not RATES[0] <= rate <= RATES[1]:
        raise AudioError(f"{rate} samples per second are not supported; send {RATES[0]} to {RATES[1]}.")


@lru_cache(8)
def sinc_kernels(up: int, down: int) -> Float[np.ndarray, "P K"]:
    """Windowed sinc for each of the `up` places between two input samples.

    Row p weighs the K/2 samples up to a place p / up after a sample, and the K/2 after it. Every row has the sum 1.
    """
    cutoff = ROLL_OFF * min(1.0, up / down)
    half = int(np.ceil(ZERO_CROSSINGS / cutoff))
    distance = np.arange(-half + 1, half + 1)[None] - np.arange(up)[:, None] / up
    window = np.i0(BETA * np.sqrt(np.clip(1 - (distance / half) ** 2, 0, None))) / np.i0(BETA)
    kernels = np.sinc(cutoff * distance) * window
    return (kernels / kernels.sum(1, keepdims=True)).astype(np.float32)
