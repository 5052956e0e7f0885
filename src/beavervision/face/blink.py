"""Blinks: detection in footage, and generation of natural ones."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float

SHUT_RATIO = 0.85
"""An eye blinks when its aperture is below this share of its usual aperture (STAGES.md section 2, as in GeneFace++)."""
USUAL_PERCENTILE = 75.0
"""Percentile of the clip's apertures that is the usual aperture."""

BLINKS_PER_MINUTE = 17.0
"""Mean blink rate at rest (Bentivoglio et al., "Analysis of blink rate patterns in normal subjects", 1997)."""
CLOSING_S, SHUT_S, OPENING_S = 0.09, 0.04, 0.17
"""Durations of a blink's phases, s: lids open about twice as slowly as they close (Guitton et al., "Upper eyelid
movements measured with a search coil during blinks and vertical saccades", 1991)."""
LEAST_PAUSE_S = 0.8
"""Shortest time from the start of one blink to the next, s."""
INTERVAL_SPREAD = 0.55
"""Standard deviation of the logarithm of the time between blinks."""
LEAST_PAUSES = 3
"""Number of pauses from which a person's rhythm can be estimated."""
SPREAD_RANGE = (0.2, 1.2)
"""Limits of a person's interval spread: an estimate from a few pauses may be too regular or too irregular."""


def blink_flags(eye_open: Float[np.ndarray, "T 2"]) -> Bool[np.ndarray, "T"]:
    """Mark the middle frame of each blink.

    Args:
        eye_open: [T, 2] aperture of either eye (`openness.eye_open`), NaN where the face is invisible.

    Returns:
        [T] True at the centre of each run of frames whose mean aperture is below SHUT_RATIO x its 75th percentile.
    """
    aperture = np.asarray(eye_open, dtype=float).mean(-1)
    flags = np.zeros(len(aperture), dtype=bool)
    if np.isnan(aperture).all():
        return flags
    usual = np.nanpercentile(aperture, USUAL_PERCENTILE)
    shut = np.nan_to_num(aperture, nan=np.inf) < SHUT_RATIO * usual
    edges = np.flatnonzero(np.diff(np.r_[False, shut, False]))
    for start, end in edges.reshape(-1, 2):
        flags[(start + end - 1) // 2] = True
    return flags


def blink_closure(seconds: Float[np.ndarray, "*n"]) -> Float[np.ndarray, "*n"]:
    """Closure of the lids (0 to 1) at times after the start of a blink, in seconds."""
    closing = np.clip(seconds / CLOSING_S, 0.0, 1.0)
    opening = np.clip((seconds - CLOSING_S - SHUT_S) / OPENING_S, 0.0, 1.0)
    return np.sin(np.pi / 2 * closing) ** 2 * np.cos(np.pi / 2 * opening) ** 2


def blink_rhythm(eye_open: Float[np.ndarray, "T 2"], fps: float) -> tuple[float, float] | None:
    """Estimate a person's blink rate and the spread of the pauses, as `natural_blinks` takes them.

    Pauses that contain frames without the face count as well: a blink missed there merges two pauses into one.

    Args:
        eye_open: aperture of either eye, NaN where the face is invisible.
        fps: frames per second.

    Returns:
        Blinks per minute, and standard deviation of the pauses' logarithm; None when there are too few blinks.
    """
    pauses = np.diff(np.flatnonzero(blink_flags(eye_open))) / fps
    pauses = pauses[pauses > LEAST_PAUSE_S]  # A second closure within this time belongs to the same blink.
    if len(pauses) < LEAST_PAUSES:
        return None
    spread = float(np.log(pauses - LEAST_PAUSE_S + 1 / fps).std())
    return 60.0 / float(pauses.mean()), float(np.clip(spread, *SPREAD_RANGE))


def natural_blinks(
    n_frames: int,
    fps: float = 25.0,
    per_minute: float = BLINKS_PER_MINUTE,
    seed: int = 0,
    spread: float = INTERVAL_SPREAD,
) -> Float[np.ndarray, "T"]:
    """Generate the closure of the lids over time, with log-normal pauses between blinks.

    Args:
        n_frames: number of frames T.
        fps: frames per second.
        per_minute: mean rate; 0 for no blinks.
        seed: the same seed gives the same blinks for every `n_frames`.
        spread: standard deviation of the logarithm of the time between blinks.

    Returns:
        [T] closure, 0 (lids unchanged) to 1 (shut).
    """
    closure = np.zeros(n_frames)
    if per_minute <= 0:
        return closure
    rng = np.random.default_rng(seed)
    time = np.arange(n_frames) / fps
    mean_pause = max(60.0 / per_minute, 1.5 * LEAST_PAUSE_S)
    scale = np.log(mean_pause - LEAST_PAUSE_S) - spread**2 / 2
    start = rng.uniform(0.3, 1.0) * mean_pause
    while start < n_frames / fps:
        closure = np.maximum(closure, blink_closure(time - start))
        start += LEAST_PAUSE_S + rng.lognormal(scale, spread)
    return closure
