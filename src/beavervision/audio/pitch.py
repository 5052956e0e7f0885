"""Fundamental frequency of speech at 50 Hz."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int

from beavervision.audio.mel import HOP, n_rows
from beavervision.audio.waveform import SAMPLE_RATE
from beavervision.audio.windows import periodic_hann

LOW_HZ, HIGH_HZ = 80.0, 750.0
"""Range searched (STAGES.md section 0)."""

N_BINS = 256
BIN_LOW_HZ, BIN_HIGH_HZ = 50.0, 1100.0
"""Coarse pitch: mel-spaced bins (STAGES.md section 0)."""

WINDOW = round(3 * SAMPLE_RATE / LOW_HZ)
"""Analysis window in samples: three periods of the lowest pitch (Boersma 1993)."""
_FFT = 1 << (2 * WINDOW - 1).bit_length()
_BLOCK_ROWS = 512

# Boersma 1993, "Accurate short-term analysis of the fundamental frequency", section 4 (Praat's defaults).
N_CANDIDATES = 6
SILENCE_THRESHOLD, VOICING_THRESHOLD = 0.03, 0.45
OCTAVE_COST, OCTAVE_JUMP_COST, VOICING_COST = 0.01, 0.35, 0.14
_STEP_SCALE = 0.01 * SAMPLE_RATE / HOP  # The paper gives its costs for steps of 10 ms.


def estimate_f0(samples: Float[np.ndarray, "N"]) -> Float[np.ndarray, "R"]:
    """Estimate the fundamental frequency in Hz, 0 where unvoiced.

    The autocorrelation under a Hann window is divided by that of the window. It gives several candidates per row, and
    the cheapest path through them is chosen (Boersma 1993).

    Args:
        samples: mono sound at 16 kHz.

    Returns:
        R = features.n_rows(N) rows; row i is centred at sample 320 i. Values 0 or in [80, 750] Hz.

    Example:
        >>> tone = np.sin(2 * np.pi * 200 * np.arange(16000) / 16000).astype(np.float32)
        >>> round(float(estimate_f0(tone)[25]))
        200
    """
    rows = n_rows(len(samples))
    samples = samples.astype(np.float32)
    peak = np.abs(samples - samples.mean()).max(initial=0.0)
    if peak == 0:
        return np.zeros(rows, np.float32)
    half = WINDOW // 2
    padded = np.pad(samples, (half, rows * HOP - len(samples) + half))
    frames = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::HOP][:rows]
    path = PitchPath()
    for i in range(0, rows, _BLOCK_ROWS):
        path.extend(*candidates(frames[i : i + _BLOCK_ROWS], peak))
    return path.hertz()


def coarse_pitch(hertz: Float[np.ndarray, "*n"]) -> Int[np.ndarray, "*n"]:
    """Quantise the fundamental to bins 1..255, equally spaced in mel over 50-1100 Hz; unvoiced (0 Hz) is bin 1."""
    low, high = _mel(np.array([BIN_LOW_HZ, BIN_HIGH_HZ]))
    place = 1 + (_mel(hertz) - low) * (N_BINS - 2) / (high - low)
    return np.where(hertz > 0, np.clip(np.rint(place), 1, N_BINS - 1), 1).astype(np.int64)


def _mel(hertz: Float[np.ndarray, "*n"]) -> Float[np.ndarray, "*n"]:
    return 1127 * np.log1p(np.asarray(hertz) / 700)  # O'Shaughnessy's scale, as in GeneFace++.


def candidates(
    frames: Float[np.ndarray, "R W"], peak: float
) -> tuple[Float[np.ndarray, "R K"], Float[np.ndarray, "R K"]]:
    """Frequencies and strengths of the candidates; the first candidate of a row is "unvoiced" (0 Hz).

    Args:
        frames: the WINDOW samples around each row's centre.
        peak: peak of the whole sound, relative to which a row is quiet or loud.
    """
    window = periodic_hann(WINDOW)
    frames = frames - frames.mean(axis=1, keepdims=True)
    spectrum = np.abs(np.fft.rfft(frames * window, _FFT, axis=1)) ** 2
    correlation = np.fft.irfft(spectrum, axis=1)
    own = np.fft.irfft(np.abs(np.fft.rfft(window, _FFT)) ** 2)
    longest = int(SAMPLE_RATE / LOW_HZ) + 2
    energy = np.maximum(correlation[:, :1], 1e-12)
    curve = correlation[:, :longest] / energy / (own[:longest] / own[0])

    shortest = int(SAMPLE_RATE / HIGH_HZ)
    left, middle, right = curve[:, shortest - 1 : -2], curve[:, shortest:-1], curve[:, shortest + 1 :]
    # A parabola through three points locates the peak between samples.
    bend = np.minimum(left - 2 * middle + right, -1e-9)
    offset = np.clip(0.5 * (left - right) / bend, -0.5, 0.5)
    height = np.minimum(middle - 0.25 * (left - right) * offset, 1.0)
    hertz = SAMPLE_RATE / (shortest + np.arange(middle.shape[1]) + offset)
    is_peak = (middle > left) & (middle >= right) & (hertz >= LOW_HZ) & (hertz <= HIGH_HZ)
    strength = np.where(is_peak, height + OCTAVE_COST * np.log2(hertz / LOW_HZ), -np.inf)

    best = np.argsort(-strength, axis=1, kind="stable")[:, : N_CANDIDATES - 1]
    loudness = np.abs(frames).max(axis=1) / peak
    unvoiced = VOICING_THRESHOLD + np.maximum(0, 2 - (loudness / SILENCE_THRESHOLD) * (1 + VOICING_THRESHOLD))
    nothing = np.zeros((len(frames), 1))
    return (
        np.concatenate([nothing, np.take_along_axis(hertz, best, 1)], 1),
        np.concatenate([unvoiced[:, None], np.take_along_axis(strength, best, 1)], 1),
    )


class PitchPath:
    """Viterbi path that balances the candidates' strength against jumps in pitch and voicing; rows can be appended.

    Args:
        keep: number of rows to keep, by default all; the decisions for earlier rows are final.
    """

    def __init__(self, keep: int | None = None) -> None:
        self._keep = keep
        self._hertz: list[Float[np.ndarray, "K"]] = []
        self._came_from: list[Int[np.ndarray, "K"]] = []
        self._score: Float[np.ndarray, "K"] | None = None

    def extend(self, hertz: Float[np.ndarray, "R K"], strength: Float[np.ndarray, "R K"]) -> None:
        """Append rows."""
        for row, strong in zip(hertz, strength, strict=True):
            if self._score is None:
                self._score, origin = strong, np.zeros(len(row), np.int64)
            else:
                total = self._score[:, None] - _cost(self._hertz[-1], row)
                origin = total.argmax(axis=0)
                self._score = total.max(axis=0) + strong
            self._hertz.append(row)
            self._came_from.append(origin)
        if (
            self._score is not None and self._keep is not None and len(self._hertz) > 2 * self._keep
        ):  # Rarely, not at every row.
            del self._hertz[: -self._keep], self._came_from[: -self._keep]
            self._score = self._score - self._score.max()  # Otherwise the cost would grow without bound.

    def hertz(self) -> Float[np.ndarray, "R"]:
        """Pitch of the kept rows in Hz, 0 where unvoiced; later rows may still change the last ones."""
        found = np.zeros(len(self._hertz), np.float32)
        at = int(self._score.argmax()) if self._score is not None else 0
        for i in range(len(found) - 1, -1, -1):
            found[i] = self._hertz[i][at]
            at = self._came_from[i][at]
        return found


def _cost(before: Float[np.ndarray, "K"], after: Float[np.ndarray, "K"]) -> Float[np.ndarray, "K K"]:
    """Transition cost from each candidate of a row to each candidate of the next."""
    voiced, next_voiced = before > 0, after > 0
    pitch, next_pitch = (np.log2(np.where(row > 0, row, 1.0)) for row in (before, after))
    jump = OCTAVE_JUMP_COST * np.abs(pitch[:, None] - next_pitch)
    change = VOICING_COST * (voiced[:, None] != next_voiced)
    return _STEP_SCALE * np.where(voiced[:, None] & next_voiced, jump, change)
