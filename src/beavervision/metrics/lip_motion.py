"""Lip motion compared with the truth: correlation, opening ratio, lag, closures; confidence intervals by bootstrap.

A curve is one value per frame, e.g. the gap between the lips; NaN marks frames that are not judged.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from jaxtyping import Float, Int

SHUT = 0.15
"""A mouth counts as closed below this share of its range (closures are below 15 %)."""
LOW, HIGH = 5, 95
"""Percentiles between which a mouth's opening is measured: a single wrong frame does not count."""
MAX_LAG = 10
"""Largest lag searched in either direction, frames: 400 ms at 25 fps."""
LEAST_FRAMES = 3
"""Smallest number of frames for a correlation."""
INTERVAL = (2.5, 97.5)
"""Percentiles of a 95 % interval."""


def curve_correlation(found: Float[np.ndarray, "T"], truth: Float[np.ndarray, "T"]) -> float:
    """Pearson's r over the judged frames; NaN where a curve is constant or too short.

    Example:
        >>> round(curve_correlation(np.array([1.0, 2.0, np.nan, 3.0]), np.array([2.0, 4.0, 9.0, 6.0])), 6)
        1.0
    """
    judged = np.isfinite(found) & np.isfinite(truth)
    if judged.sum() < LEAST_FRAMES:
        return float("nan")
    a, b = found[judged] - found[judged].mean(), truth[judged] - truth[judged].mean()
    size = np.sqrt((a @ a) * (b @ b))
    return float(a @ b / size) if size > 1e-12 else float("nan")


def opening_ratio(found: Float[np.ndarray, "T"], truth: Float[np.ndarray, "T"]) -> float:
    """Range of the predicted curve (95th minus 5th percentile) relative to that of the truth; NaN without a range."""
    judged = np.isfinite(found) & np.isfinite(truth)
    if not judged.any():
        return float("nan")
    spans = [float(np.diff(np.percentile(curve[judged], [LOW, HIGH]))[0]) for curve in (found, truth)]
    return spans[0] / spans[1] if spans[1] > 1e-12 else float("nan")


def best_lag(found: Float[np.ndarray, "T"], truth: Float[np.ndarray, "T"], max_lag: int = MAX_LAG) -> int:
    """Lag of the predicted curve in frames at which it correlates best; positive: it is late.

    Args:
        found: predicted curve.
        truth: true curve.
        max_lag: largest lag searched in either direction, frames.

    Example:
        >>> truth = np.array([0.0, 0, 1, 0, 0, 0, 2, 0, 0, 0])
        >>> best_lag(np.roll(truth, 2), truth, max_lag=3)
        2
    """
    lags = sorted(range(-max_lag, max_lag + 1), key=abs)  # the smallest of equal ones
    fits = [curve_correlation(*_shifted(found, truth, lag)) for lag in lags]
    return lags[int(np.argmax(np.nan_to_num(fits, nan=-np.inf)))]


def closures_found(
    opening: Float[np.ndarray, "T"],
    closures: Sequence[tuple[int, int]],
    low: float,
    high: float,
    slack: int = 1,
) -> tuple[int, int]:
    """Number of closures in which the mouth is shut in at least one frame, and number of judged closures.

    Args:
        opening: gap between the lips.
        closures: first frame and end (exclusive) of each closure (p, b, m).
        low: gap at rest.
        high: largest gap that counts.
        slack: tolerance before and after a closure, frames.
    """
    spans = [opening[max(0, start - slack) : stop + slack] for start, stop in closures]
    judged = [span[np.isfinite(span)] for span in spans if np.isfinite(span).any()]
    return sum(bool(span.min() < low + SHUT * (high - low)) for span in judged), len(judged)


def block_resamples(n_frames: int, block: int, resamples: int = 1000, seed: int = 0) -> list[Int[np.ndarray, "t"]]:
    """Frame indices of bootstrap resamples of consecutive blocks (block bootstrap, Kuensch 1989).

    Neighbouring frames are not independent, blocks of a second nearly are.

    Args:
        n_frames: number of frames.
        block: frames per block; the last block may be shorter.
        resamples: number of resamples.
        seed: seed of the draws.
    """
    blocks = [np.arange(start, min(start + block, n_frames)) for start in range(0, n_frames, block)]
    drawn = np.random.default_rng(seed).integers(0, len(blocks), (resamples, len(blocks)))
    return [np.concatenate([blocks[i] for i in row]) for row in drawn]


def bootstrap(
    statistic: Callable[[Float[np.ndarray, "t"], Float[np.ndarray, "t"]], float],
    found: Float[np.ndarray, "T"],
    truth: Float[np.ndarray, "T"],
    resamples: Sequence[Int[np.ndarray, "t"]],
) -> Float[np.ndarray, "S"]:
    """Statistic of two curves over each resample of their frames (`block_resamples`)."""
    return np.array([statistic(found[frames], truth[frames]) for frames in resamples])


def interval(values: Float[np.ndarray, "S"]) -> tuple[float, float]:
    """95 % interval of bootstrapped values; NaN where none is a number."""
    known = values[np.isfinite(values)]
    if not len(known):
        return float("nan"), float("nan")
    low, high = np.percentile(known, INTERVAL)
    return float(low), float(high)


def _shifted(
    found: Float[np.ndarray, "T"], truth: Float[np.ndarray, "T"], lag: int
) -> tuple[Float[np.ndarray, "t"], Float[np.ndarray, "t"]]:
    """The frames that remain when `found` is taken `lag` frames later than `truth`."""
    n = len(truth)
    return found[max(0, lag) : n + min(0, lag)], truth[max(0, -lag) : n - max(0, lag)]
