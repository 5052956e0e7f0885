"""Detects the invisible mark (`compositing.watermark`) in films that were scaled, cropped or encoded again.

Frames are scaled to the pattern's resolution, whitened and averaged. For each scale, the average is folded to one tile,
and the phases of its Fourier coefficients are compared with those of the key, for all shifts of the tile at once. A dub
marks a face, which moves, so the average is searched a second time with each part weighted by how much it changes.

The phases of the key are independent and uniform. Without the mark, the sum of n cosines of phase differences exceeds
z sqrt(n / 2) with a probability of at most exp(-z^2 / 2), whatever the film shows (Chernoff; E exp(t cos) = I0(t) <=
exp(t^2 / 4)). Times the number of scales, shifts and windows, this bounds the probability of a false alarm.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import scipy.fft
from jaxtyping import Float, UInt8

from beavervision.compositing.watermark import CANON, PUBLIC_KEY, TILE, band, phases
from beavervision.video.decode import read_frames
from beavervision.video.probe import probe

FRAMES = (32, 160)
"""Number of frames that are examined, evenly spaced; the second, where the first do not show the mark: pictures that
move average out over more frames, the mark does not."""
SCALES = np.exp(np.arange(np.log(0.75), np.log(1.4), 0.004))
"""Size of the pattern relative to that on the whole frame: above 1 where the film was cropped, below 1 where borders
were added. The step shifts the pattern by less than a quarter of a wavelength over the longer side."""
COARSE = 3
"""Every how manieth scale is tried in a part of the picture: in a smaller part, an error of scale shifts less."""
FALSE_ALARM = 1e-6
"""Probability of a false alarm up to which the mark counts as detected."""
CALM = 1.5
"""Grey values that are added to the local contrast before dividing by it."""
LEAST_FRAMES = 8
"""Number of frames from which the change of each part over time is known."""
CHANGE_SIGMA = 3.0
"""Scale over which the change is averaged, px at the pattern's resolution."""
SMALLEST = 120
"""Shorter side of a film below which the mark is not searched, px: it does not survive such sizes."""
FIRST = 1.0
"""The scale that is tried first: most films were not cropped."""


@dataclass(frozen=True)
class WatermarkFinding:
    """Result of the search for the mark."""

    score: float
    """Best correlation over all scales, shifts and windows, in standard deviations of unmarked frames."""
    false_alarm: float
    """Upper bound of the probability that a film without the mark reaches this score, 0 .. 1."""
    scale: float
    """Size of the pattern relative to that on a whole frame, where it was found."""
    frames: int
    """Number of frames that were examined."""

    @property
    def found(self) -> bool:
        """Whether the mark is there."""
        return self.false_alarm <= FALSE_ALARM


def detect(film: Path, key: str = PUBLIC_KEY) -> WatermarkFinding:
    """Search a film for the mark of a key.

    Raises:
        FootageError: when the film cannot be read.
    """
    found = WatermarkFinding(0.0, 1.0, FIRST, 0)
    for wanted in FRAMES:
        found = detect_in(_spread_frames(film, wanted), key, searches=len(FRAMES))
        if found.found or found.frames < wanted:
            break
    return found


def detect_in(
    frames: Iterable[UInt8[np.ndarray, "H W 3"]], key: str = PUBLIC_KEY, searches: int = 1
) -> WatermarkFinding:
    """Search frames of one size for the mark of a key.

    Args:
        frames: of a film, all of one size.
        key: any text.
        searches: number of searches of the same film, for the bound of the false alarms.
    """
    averages, count = _averages(frames)
    if not averages:
        return WatermarkFinding(0.0, 1.0, 1.0, 0)
    wanted = phases(key).astype(np.complex64)
    attempts = [(window, scale) for one in averages for window, scales in _windows(one) for scale in scales]
    trials = searches * len(attempts) * TILE * TILE
    best, at = 0.0, FIRST
    for window, scale in attempts:
        score = best_score(folded(window, scale), wanted)
        if score > best:
            best, at = score, scale
        if _bound(best, trials) <= FALSE_ALARM / 1e6:  # nothing could change the answer
            break
    return WatermarkFinding(best, _bound(best, trials), at, count)


def _averages(frames: Iterable[UInt8[np.ndarray, "H W 3"]]) -> tuple[list[Float[np.ndarray, "h w"]], int]:
    """Averages of whitened frames to search, the plain and the weighted one, and the number of frames."""
    total, squares, count = np.zeros(0, np.float32), np.zeros(0, np.float32), 0
    for frame in frames:
        residual = whitened(frame)
        total, squares = (total + residual, squares + residual**2) if count else (residual, residual**2)
        count += 1
    if count < LEAST_FRAMES:
        return ([total] if count else []), count
    average = total / count
    change = cv2.GaussianBlur(np.maximum(squares / count - average**2, 0), (0, 0), CHANGE_SIGMA)
    return [average, average * np.sqrt(change)], count


def whitened(frame: UInt8[np.ndarray, "H W 3"]) -> Float[np.ndarray, "h w"]:
    """Luma at the pattern's resolution, in its band, relative to the local contrast."""
    height, width = frame.shape[:2]
    ratio = CANON / min(height, width)
    size = (max(1, round(width * ratio)), max(1, round(height * ratio)))
    luma = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)
    luma = cv2.resize(luma, size, interpolation=cv2.INTER_AREA if ratio < 1 else cv2.INTER_CUBIC).astype(np.float32)
    passed = cv2.GaussianBlur(luma, (0, 0), 0.8) - cv2.GaussianBlur(luma, (0, 0), 2.5)
    contrast = np.sqrt(cv2.GaussianBlur(passed * passed, (0, 0), 4.0))
    return passed / (contrast + CALM)


_BAND = band()


def best_score(folded: Float[np.ndarray, "TILE TILE"], wanted: np.ndarray) -> float:
    """Best correlation of a tile with the key over all shifts, in standard deviations of unmarked frames."""
    found = np.asarray(scipy.fft.rfft2(folded))
    size = np.abs(found)
    if not size[_BAND].any():
        return 0.0
    spectrum = np.zeros_like(found)
    spectrum[_BAND] = found[_BAND] / np.maximum(size[_BAND], np.float32(1e-12)) * wanted.conj()
    sums = np.asarray(scipy.fft.irfft2(spectrum, s=(TILE, TILE))) * (TILE * TILE / 2)
    return float(sums.max() / np.sqrt(_BAND.sum() / 2))


def _bound(score: float, trials: int) -> float:
    return float(min(1.0, trials * np.exp(-(score**2) / 2)))


def folded(window: Float[np.ndarray, "h w"], scale: float) -> Float[np.ndarray, "TILE TILE"]:
    """Mean of all tiles of a window whose pattern is `scale` times as large as usual."""
    height, width = (max(1, round(n / scale)) for n in window.shape)
    if scale != 1.0:
        window = cv2.resize(window, (width, height), interpolation=cv2.INTER_LINEAR)
    rows, columns = (-(-n // TILE) for n in window.shape)
    padded = np.zeros((rows * TILE, columns * TILE), np.float32)
    padded[: window.shape[0], : window.shape[1]] = window
    return padded.reshape(rows, TILE, columns, TILE).sum(axis=(0, 2))


def _windows(whole: Float[np.ndarray, "h w"]) -> Iterator[tuple[Float[np.ndarray, "h w"], Sequence[float]]]:
    """Parts of the picture, each with the scales to try: the whole, and overlapping parts, since a dub marks a face."""
    scales = [FIRST, *SCALES.tolist()]
    yield whole, scales
    height, width = whole.shape
    for share in (1 / 2, 1 / 4):
        steps = np.arange(0, 1 - share + 1e-6, share / 2)
        for y, x in itertools.product(steps, steps):
            top, left = round(y * height), round(x * width)
            part = whole[top : top + round(share * height), left : left + round(share * width)]
            yield part, scales[:: COARSE if share > 1 / 4 else 2 * COARSE]


def _spread_frames(film: Path, wanted: int) -> Iterator[UInt8[np.ndarray, "H W 3"]]:
    info = probe(film)
    if min(info.width, info.height) < SMALLEST:
        return
    rate = min(info.fps, wanted / max(info.duration, 1e-3))
    for frame in read_frames(film, rate):
        if frame.index >= wanted:
            return
        yield frame.rgb
