"""Detects shot boundaries (hard cuts and dissolves) from one thumbnail per frame."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Float, Int, UInt8

COLUMNS, ROWS = 32, 18
"""Cells of a signature, for any aspect ratio."""

WINDOW = 4
"""Number of frames compared on either side of a cut; shorter changes (a flash, a hand in front of the lens) are no
cuts."""

DIFFERENT = 0.25
"""Difference from which two frames are from different shots. Measured on four recordings: 0.00 to 0.08 between
neighbours, up to 0.15 four frames apart; 0.46 to 1.2 between recordings."""

OVER_MOTION = 3.0
"""Factor by which the difference must exceed that of neighbouring frames: a fast pan differs in every frame."""

FLAT = 8.0
"""Contrast below which a frame counts as empty (black, white), grey values."""

DISSOLVES = (32, 16, 8, 4, 2)
"""Half lengths of the runs in which dissolves and fades are searched, frames, the longest first."""

MIXED = 0.15
"""Largest relative difference of a dissolve's frame from the mixture of its ends. A pan over the same time has 0.5."""

ROUNDABOUT = 1.05
"""Path from one end of a dissolve via its middle to the other end, relative to the direct one."""

PURE = 0.02
"""Share of the other shot up to which a frame does not count as mixed."""

PIECE = 1000
"""Number of frames processed at once; bounds memory."""


@dataclass(frozen=True)
class ShotBoundaries:
    """The shot boundaries of a clip."""

    firsts: Int[np.ndarray, "C"]
    """Index of each new shot's first frame, ascending, without the clip's own first frame."""
    mixed: Bool[np.ndarray, "T"]
    """Frames of a dissolve or fade."""


def signature(rgb: UInt8[np.ndarray, "H W 3"]) -> UInt8[np.ndarray, "18 32 3"]:
    """Thumbnail of a frame: the mean colour of each cell; takes well under a millisecond."""
    step = max(1, min(rgb.shape[0] // (4 * ROWS), rgb.shape[1] // (4 * COLUMNS)))
    return cv2.resize(np.ascontiguousarray(rgb[::step, ::step]), (COLUMNS, ROWS), interpolation=cv2.INTER_AREA)


def difference(a: UInt8[np.ndarray, "*b 18 32 3"], b: UInt8[np.ndarray, "*b 18 32 3"]) -> Float[np.ndarray, "*b"]:
    """Difference of two signatures: 1 - correlation, independent of overall brightness and contrast.

    0 for equal frames, 1 for unrelated ones, up to 2 for a negative; two empty frames (FLAT) are equal.
    """
    a, b = _centred(a), _centred(b)
    noise = FLAT**2 * a.shape[-1]
    shared = np.einsum("...k,...k->...", a, b) + noise
    return 1 - shared / np.sqrt((np.square(a).sum(-1) + noise) * (np.square(b).sum(-1) + noise))


def shot_boundaries(signatures: UInt8[np.ndarray, "T 18 32 3"]) -> Int[np.ndarray, "C"]:
    """Index of the first frame of each new shot; see `detect_shots`."""
    return detect_shots(signatures).firsts


def detect_shots(signatures: UInt8[np.ndarray, "T 18 32 3"]) -> ShotBoundaries:
    """Detect the hard cuts and dissolves of a whole clip.

    There is a cut between two frames if all frames of a short window before it differ from all frames of one after it,
    by more than motion explains. A dissolve is a run of frames each of which is a mixture of the run's ends.

    Args:
        signatures: signatures of all frames, in order; those of successive segments are concatenated.
    """
    hard = _hard_cuts(signatures)
    mixed = np.zeros(len(signatures), bool)
    firsts = set(hard.tolist())
    for blend in hard[np.isin(hard + 1, hard)]:
        if _mixture(signatures[blend - 1 : blend + 2]) is not None:
            mixed[blend] = True
            firsts.discard(int(blend) + 1)
    for start, stop, middle in _dissolves(signatures, hard):
        mixed[start:stop] = True
        firsts.add(middle)
    return ShotBoundaries(np.array(sorted(firsts), int), mixed)


def shot_of(firsts: Int[np.ndarray, "C"], n_frames: int) -> Int[np.ndarray, "T"]:
    """Number of the shot, from 0, of each frame."""
    return np.searchsorted(np.asarray(firsts), np.arange(n_frames), side="right")


def _centred(signatures: UInt8[np.ndarray, "*b 18 32 3"]) -> Float[np.ndarray, "*b k"]:
    flat = signatures.reshape(*signatures.shape[:-3], -1).astype(np.float32)
    return flat - flat.mean(-1, keepdims=True)


def _lagged(signatures: UInt8[np.ndarray, "T 18 32 3"], lag: int) -> Float[np.ndarray, "T"]:
    """Difference of each frame from the one `lag` before it; infinite where there is none."""
    result = np.full(len(signatures), np.inf)
    for start in range(lag, len(signatures), PIECE):
        stop = min(start + PIECE, len(signatures))
        result[start:stop] = difference(signatures[start:stop], signatures[start - lag : stop - lag])
    return result


def _hard_cuts(signatures: UInt8[np.ndarray, "T 18 32 3"]) -> Int[np.ndarray, "C"]:
    n = len(signatures)
    lagged = {lag: _lagged(signatures, lag) for lag in range(1, 2 * WINDOW)}
    across = np.full(n, np.inf)
    for lag, values in lagged.items():
        # The pair (i, i + lag) spans every cut t with i < t <= i + lag, both ends inside the windows.
        for after in range(max(0, lag - WINDOW), min(lag, WINDOW)):
            reach = max(0, n - after)
            across[:reach] = np.minimum(across[:reach], values[after:])
    across[0] = 0.0
    motion = np.array([_motion(lagged[1], t) for t in np.flatnonzero(across > DIFFERENT)])
    candidates = np.flatnonzero(across > DIFFERENT)
    return candidates[across[candidates] > OVER_MOTION * motion] if len(candidates) else candidates


def _motion(steps: Float[np.ndarray, "T"], t: int) -> float:
    """Typical difference of neighbours in the windows around t, on the side with more motion, without the step at t."""
    sides = steps[max(1, t - WINDOW + 1) : t], steps[t + 1 : t + WINDOW]
    near = np.concatenate(sides)
    # A flash on one side gives two large steps of three, a pan that ends at t gives three.
    return max([float(np.median(near)) if len(near) else 0.0, *(float(side.min()) for side in sides if len(side))])


def _dissolves(signatures: UInt8[np.ndarray, "T 18 32 3"], hard: Int[np.ndarray, "C"]) -> list[tuple[int, int, int]]:
    """(first mixed frame, frame after the last, first frame of the new shot) of each dissolve, in order."""
    found: list[tuple[int, int, int]] = []
    for half in DISSOLVES:
        for stop in _straight(signatures, half):
            start = stop - 2 * half
            if ((hard > start) & (hard <= stop)).any() or any(start < b and a <= stop for a, b, _ in found):
                continue
            share = _mixture(signatures[start : stop + 1])
            if share is not None:
                inner = start + np.flatnonzero((share > PURE) & (share < 1 - PURE))
                found.append((int(inner[0]), int(inner[-1]) + 1, start + int(np.argmax(share >= 0.5 - PURE))))
    return sorted(found)


def _straight(signatures: UInt8[np.ndarray, "T 18 32 3"], half: int) -> Int[np.ndarray, "n"]:
    """Last frames of the runs that go from one image to another in a straight line, best first."""
    apart = _lagged(signatures, 2 * half)
    stops = np.flatnonzero(np.isfinite(apart) & (apart > DIFFERENT))
    ends, middles = _distances(signatures, stops, 2 * half), stops - half
    way = _distances(signatures, stops, half) + _distances(signatures, middles, half)
    stops = stops[way < ROUNDABOUT * ends]
    return stops[np.argsort(-apart[stops], kind="stable")]


def _distances(
    signatures: UInt8[np.ndarray, "T 18 32 3"], stops: Int[np.ndarray, "n"], lag: int
) -> Float[np.ndarray, "n"]:
    """Euclidean distance of each of these frames from the one `lag` frames before it."""
    result = np.zeros(len(stops))
    for at in range(0, len(stops), PIECE):
        some = stops[at : at + PIECE]
        way = signatures[some].astype(np.float32) - signatures[some - lag]
        result[at : at + PIECE] = np.sqrt(np.square(way).sum((1, 2, 3)))
    return result


def _mixture(run: UInt8[np.ndarray, "n 18 32 3"]) -> Float[np.ndarray, "n"] | None:
    """Share of the last frame in each frame of a run, if each is a mixture of the first and the last."""
    frames = run.reshape(len(run), -1).astype(np.float32)
    way = frames[-1] - frames[0]
    length = float(way @ way)
    share = (frames - frames[0]) @ way / length
    rest = frames - frames[0] - share[:, None] * way
    off = np.sqrt(np.square(rest).sum(-1) / length)
    even = np.diff(share)
    if off.max() > MIXED or even.min() < -0.1 or even.max() > 0.7:
        return None
    return share if ((share > PURE) & (share < 1 - PURE)).any() else None
