"""Levenberg-Marquardt fit of many frames in a batch; each frame's step is accepted or rejected separately."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from jaxtyping import Float

from beavervision.face.fit_state import Evidence, Scene, Track, level
from beavervision.face.projection import Projection, linearise, project

Equations = Callable[[Scene, Evidence, Track], tuple[np.ndarray, np.ndarray]]
"""Function that returns the Hessians and gradients of frames."""

CHUNK = 16
"""Number of frames solved together: their Jacobians (a quarter of a megabyte each) stay in the cache."""
FIRST_DAMPING, EASIER, HARDER = 1e-3, 0.2, 6.0
"""Initial damping as a share of the Hessian's diagonal; its factor after an accepted step, and after a rejected one."""
ENOUGH = 1e-5
"""Relative decrease of the loss below which a frame has converged."""


def by_coefficient(
    by_point: Float[np.ndarray, "F N C 3"], basis: Float[np.ndarray, "E N 3"]
) -> Float[np.ndarray, "F N C E"]:
    """Pixels per unit of each coefficient of a basis."""
    frames, n, size = by_point.shape[:3]
    rows = by_point.astype(np.float32).transpose(1, 0, 2, 3).reshape(n, frames * size, 3)
    columns = np.ascontiguousarray(basis.transpose(1, 2, 0), np.float32)
    return (rows @ columns).reshape(n, frames, size, -1).transpose(1, 0, 2, 3)


def normal_equations(
    jacobian: Float[np.ndarray, "F M C P"], error: Float[np.ndarray, "F M C"]
) -> tuple[Float[np.ndarray, "F P P"], Float[np.ndarray, "F P"]]:
    """Hessian J'J and gradient J'e of each frame; both factors include the square root of the weight.

    Single precision is enough: the error is exact, so the precision affects the path to the minimum but not the
    minimum.
    """
    frames, size = len(jacobian), jacobian.shape[-1]
    hessian, gradient = np.empty((frames, size, size)), np.empty((frames, size))
    for i in range(frames):
        rows = np.ascontiguousarray(jacobian[i], np.float32).reshape(-1, size)
        hessian[i] = rows.T @ rows
        gradient[i] = rows.T @ error[i].ravel().astype(np.float32)
    return hessian, gradient


def frame_loss(scene: Scene, evidence: Evidence, track: Track) -> Float[np.ndarray, "F"]:
    """Negative log-posterior of each frame."""
    points = scene.face.points(track.expression)
    pixels = project(points, track.rotation, track.translation, scene.camera, depth=evidence.deep)
    return evidence.loss(pixels) + 0.5 * ((track.expression @ scene.face.precision) * track.expression).sum(-1)


def look(
    scene: Scene, evidence: Evidence, track: Track, columns: Callable[[Projection], np.ndarray]
) -> tuple[Float[np.ndarray, "F P P"], Float[np.ndarray, "F P"]]:
    """Normal equations of the landmarks, linearised at the current track, without priors.

    Args:
        scene: the face and the camera.
        evidence: the landmarks.
        track: poses and expressions at which to linearise.
        columns: function that returns the derivatives [F, N, C, P] by the P unknowns.
    """
    points = scene.face.points(track.expression)
    seen = linearise(points, track.rotation, track.translation, scene.camera, depth=evidence.deep)
    error = evidence.error(seen.pixels)
    root = np.sqrt(evidence.pull(error))
    jacobian = level(columns(seen))
    jacobian = np.concatenate([jacobian, evidence.gaps(jacobian)], 1) * root[..., None].astype(np.float32)
    return normal_equations(jacobian, np.concatenate([error, evidence.gaps(error)], 1) * root)


def pose_equations(
    scene: Scene, evidence: Evidence, track: Track
) -> tuple[Float[np.ndarray, "F 6 6"], Float[np.ndarray, "F 6"]]:
    """Normal equations of the pose alone."""
    return look(scene, evidence, track, lambda seen: seen.by_pose.astype(np.float32))


def expression_equations(
    scene: Scene, evidence: Evidence, track: Track
) -> tuple[Float[np.ndarray, "F E E"], Float[np.ndarray, "F E"]]:
    """Normal equations of the expression alone, with its prior."""
    hessian, gradient = look(scene, evidence, track, lambda seen: by_coefficient(seen.by_point, scene.face.basis))
    return hessian + scene.face.precision, gradient + track.expression @ scene.face.precision


def joint_equations(
    scene: Scene, evidence: Evidence, track: Track
) -> tuple[Float[np.ndarray, "F P P"], Float[np.ndarray, "F P"]]:
    """Normal equations of pose and expression, P = 6 + E."""
    hessian, gradient = look(scene, evidence, track, lambda seen: by_frame(seen, scene))
    hessian[:, 6:, 6:] += scene.face.precision
    gradient[:, 6:] += track.expression @ scene.face.precision
    return hessian, gradient


def by_frame(seen: Projection, scene: Scene) -> Float[np.ndarray, "F N C P"]:
    """Derivative of the pixels by a frame's own unknowns, pose and expression."""
    return np.concatenate([seen.by_pose.astype(np.float32), by_coefficient(seen.by_point, scene.face.basis)], -1)


def in_chunks(equations: Equations, scene: Scene, evidence: Evidence, track: Track) -> tuple[np.ndarray, np.ndarray]:
    """Normal equations of many frames, computed CHUNK frames at a time."""
    parts = [
        equations(scene, evidence[rows], track[rows])
        for rows in (slice(start, start + CHUNK) for start in range(0, len(track), CHUNK))
    ]
    hessians, gradients = zip(*parts, strict=True)
    return np.concatenate(hessians), np.concatenate(gradients)


def losses(scene: Scene, evidence: Evidence, track: Track) -> Float[np.ndarray, "F"]:
    """`frame_loss` of many frames, computed in chunks to save memory."""
    parts = (slice(start, start + CHUNK) for start in range(0, len(track), CHUNK))
    return np.concatenate([frame_loss(scene, evidence[rows], track[rows]) for rows in parts])


def settle(scene: Scene, evidence: Evidence, track: Track, rounds: int, *, pose_only: bool = False) -> Track:
    """Optimise every frame independently until it converges or after `rounds` iterations."""
    starts = range(0, len(track), CHUNK)
    return Track.joined(
        [
            _settle_chunk(scene, evidence[rows], track[rows], rounds, pose_only=pose_only)
            for rows in (slice(start, start + CHUNK) for start in starts)
        ]
    )


def _settle_chunk(scene: Scene, evidence: Evidence, track: Track, rounds: int, *, pose_only: bool) -> Track:
    equations = pose_equations if pose_only else joint_equations
    damping = np.full(len(track), FIRST_DAMPING)
    loss = frame_loss(scene, evidence, track)
    active = np.arange(len(track))
    for _ in range(rounds):
        tried = track[active]
        hessian, gradient = equations(scene, evidence[active], tried)
        diagonal = np.einsum("fpp->fp", hessian)
        diagonal += damping[active, None] * diagonal + 1e-12
        trial = tried.moved(-np.linalg.solve(hessian, gradient[..., None])[..., 0])
        found = frame_loss(scene, evidence[active], trial)
        better = found < loss[active]
        gain = loss[active] - found
        track = track.replaced(active[better], trial[better])
        settled = better & (gain <= ENOUGH * loss[active])
        loss[active[better]] = found[better]
        damping[active] = np.clip(damping[active] * np.where(better, EASIER, HARDER), 1e-9, 1e9)
        active = active[~settled & (damping[active] < 1e6)]
        if not len(active):
            break
    return track
