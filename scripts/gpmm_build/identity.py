"""Identity: leading eigenfunctions of a mirror-symmetric Gaussian process over the mean face.

Luethi et al., "Gaussian Process Morphable Models", PAMI 2018: a sum of squared-exponential kernels at several scales
(section 3.2), made symmetric by adding the mirrored kernel (section 3.3).
"""

from __future__ import annotations

import numpy as np

N_IDENTITY = 80
SCALES_CM = (9.0, 5.0, 2.6, 1.4)
"""Correlation lengths of the kernels."""
DEVIATIONS_CM = (0.36, 0.26, 0.17, 0.1)
"""Standard deviation that each kernel adds per axis. Their sum is about the variation of adult faces after alignment
(Farkas, "Anthropometry of the Head and Face", 1994: 3 to 6 mm for the breadths and heights of the face)."""
SYMMETRIC_SHARE = 0.9
"""Share of the variance that is symmetric; the rest allows asymmetric faces."""


def squared_exponential(points: np.ndarray) -> np.ndarray:
    """Sum of kernels [V, V], cm^2."""
    square = ((points[:, None] - points[None]) ** 2).sum(-1)
    return sum(d**2 * np.exp(-square / (2 * s**2)) for s, d in zip(SCALES_CM, DEVIATIONS_CM, strict=True))


def symmetric_kernel(kernel: np.ndarray, mirror: np.ndarray, share: float) -> np.ndarray:
    """Vector-valued kernel [3V, 3V] of fields u with u(mirror x) = M u(x) for a `share` of their variance."""
    n = len(kernel)
    opposite = kernel[:, mirror]
    full = np.zeros((n, 3, n, 3))
    for axis, sign in enumerate((-1.0, 1.0, 1.0)):
        full[:, axis, :, axis] = kernel + (2 * share - 1) * sign * opposite
    return full.reshape(3 * n, 3 * n)


def without_similarity(points: np.ndarray) -> np.ndarray:
    """Projector [3V, 3V] that removes translation, rotation and scale from a field; pose and depth represent them."""
    n = len(points)
    moves = [np.tile(axis, (n, 1)) for axis in np.eye(3)]
    moves += [np.cross(axis, points) for axis in np.eye(3)]
    moves.append(points)
    basis, _ = np.linalg.qr(np.stack([move.ravel() for move in moves], 1))
    return np.eye(3 * n) - basis @ basis.T


def leading_modes(covariance: np.ndarray, count: int) -> np.ndarray:
    """The `count` strongest eigenfunctions [count, V, 3], scaled by their standard deviations, with unique signs."""
    value, vector = np.linalg.eigh(covariance)
    strongest = np.argsort(value)[::-1][:count]
    modes = (vector[:, strongest] * np.sqrt(np.maximum(value[strongest], 0.0))).T
    peak = np.abs(modes).argmax(1)
    modes *= np.sign(modes[np.arange(count), peak])[:, None]
    return modes.reshape(count, -1, 3)


def identity_basis(mean: np.ndarray, mirror: np.ndarray) -> np.ndarray:
    """Identity basis [80, V, 3] in cm per standard deviation."""
    kernel = symmetric_kernel(squared_exponential(mean), mirror, SYMMETRIC_SHARE)
    projector = without_similarity(mean)
    return leading_modes(projector @ kernel @ projector, N_IDENTITY)
