"""Temporal smoothing: frames are solved together with a robust penalty on acceleration.

Each unknown x is pulled towards x_t = (x_{t-1} + x_{t+1}) / 2 (the kernel -.5, 1, -.5 of STAGES.md). The penalty is
heavy-tailed (Student's t): it removes jitter, while a lip closure or a blink, which is one large acceleration, costs
little and stays sharp.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from jaxtyping import Bool, Float
from scipy.linalg import solveh_banded

KERNEL = np.array([-0.5, 1.0, -0.5])
REWEIGHTINGS = 3
"""Number of banded solutions per linearisation; each takes the penalty's weights from the previous one."""
ENOUGH = 1e-5
"""Relative decrease of the loss below which the frames have converged."""
WINDOW, MARGIN = 400, 24
"""Number of frames solved together, and number of frames on either side that only provide continuity."""


def steady(times: np.ndarray) -> Bool[np.ndarray, "F"]:
    """Which frames have both neighbours: [F] for ascending frame numbers [F]."""
    here = np.zeros(len(times), dtype=bool)
    here[1:-1] = (times[2:] - times[:-2]) == 2
    return here


def acceleration(values: Float[np.ndarray, "F P"], here: Bool[np.ndarray, "F"]) -> Float[np.ndarray, "F P"]:
    """Deviation of each frame from the mean of its neighbours, 0 where a neighbour is missing."""
    found = np.zeros_like(values)
    found[1:-1] = values[1:-1] - 0.5 * (values[:-2] + values[2:])
    return found * here[:, None]


def jerk_loss(accelerations: Float[np.ndarray, "F P"], scale: Float[np.ndarray, "P"]) -> float:
    """Heavy-tailed penalty: the sum of log(1 + a^2 / 2 scale^2)."""
    return float(np.log1p(0.5 * (accelerations / scale) ** 2).sum())


def coupled_step(
    hessian: Float[np.ndarray, "F P P"],
    gradient: Float[np.ndarray, "F P"],
    accelerations: Float[np.ndarray, "F P"],
    pull: Float[np.ndarray, "F P"],
) -> Float[np.ndarray, "F P"]:
    """Newton step of all frames together; `pull` weights the squared accelerations. Solves a banded system."""
    frames, size = gradient.shape
    gradient = gradient.copy()
    band = np.zeros((2 * size + 1, frames, size))
    rows, columns = np.triu_indices(size)
    band[2 * size + rows - columns, :, columns] = hessian[:, rows, columns].T
    for i, a in enumerate(KERNEL):
        for j, b in enumerate(KERNEL):
            if j >= i:
                # Coupling of frames t - 1 + j and t - 1 + i; row 2P - (j - i) P of the upper band, at the later frame.
                band[2 * size - (j - i) * size, j : frames - 2 + j] += a * b * pull[1:-1]
        gradient[i : frames - 2 + i] += a * (pull * accelerations)[1:-1]
    upper = band.reshape(2 * size + 1, frames * size)
    return -solveh_banded(upper, gradient.ravel(), overwrite_ab=True, check_finite=False).reshape(frames, size)


def windows(count: int) -> list[tuple[slice, slice]]:
    """Split `count` frames into windows (frames to solve, which of them to keep), so that memory stays bounded."""
    found = []
    for start in range(0, count, WINDOW):
        low, high = max(0, start - MARGIN), min(count, start + WINDOW + MARGIN)
        found.append((slice(low, high), slice(start - low, min(start + WINDOW, count) - low)))
    return found


def descend(
    equations: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]],
    loss: Callable[[np.ndarray], float],
    accelerations: Callable[[np.ndarray], np.ndarray],
    here: Bool[np.ndarray, "F"],
    scale: Float[np.ndarray, "P"],
    rounds: int,
) -> Float[np.ndarray, "F P"]:
    """Minimise loss + smoothness, starting at 0, by damped Newton steps; only steps that lower it are accepted.

    Args:
        equations: maps the change [F, P] so far to Hessians and gradients of the frames.
        loss: maps the change to the sum of the frames' losses.
        accelerations: maps the change to accelerations of the unknowns.
        here: frames that have both neighbours.
        scale: ordinary acceleration of each unknown.
        rounds: largest number of linearisations.
    """
    change = np.zeros((len(here), len(scale)))
    best, damping = loss(change) + jerk_loss(accelerations(change), scale), 1e-4
    for _ in range(rounds):
        hessian, gradient = equations(change)
        now = accelerations(change)
        step = np.zeros_like(change)
        for _ in range(REWEIGHTINGS):
            pull = 1.0 / (scale**2 * (1.0 + 0.5 * ((now + acceleration(step, here)) / scale) ** 2))
            step = coupled_step(hessian * (1.0 + damping * np.eye(len(scale))), gradient, now, pull * here[:, None])
        trial = change + step
        found = loss(trial) + jerk_loss(accelerations(trial), scale)
        if found < best:
            settled = best - found < ENOUGH * best
            change, best, damping = trial, found, damping * 0.2
            if settled:
                break
        else:
            damping *= 20.0
    return change
