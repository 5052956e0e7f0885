"""Where heads and shoulders take their movement from: the footage's own, at any moment between its frames."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float

from beavervision.errors import FootageError
from beavervision.inference.frame_path import FramePath, PingPongPath, interpolate_frames, longest_run
from beavervision.stages.source_track import SourceTrack

PINGPONG, ENERGY, STATIC = POSE_MODES = ("pingpong", "energy", "static")
"""Played to and fro; where the footage is as loud as the speech; or held still."""
TURN = 12
"""Frames: a head that turns round takes half a second to slow down."""

MARGIN = 0.05
"""Face widths and heights that have to lie between the face and the frame's border."""

SHORTEST = 12
"""Frames: a stretch of calm frames shorter than half a second would nod; then any visible frame will do."""


@dataclass(frozen=True)
class PoseSource:
    """A track of poses, and the way through it."""

    track: SourceTrack
    path: FramePath
    smoothing: int
    """Frames over which poses are averaged."""


def calm_stretch(
    track: SourceTrack, size: tuple[int, int], mode: str = PINGPONG, span: tuple[int, int] | None = None
) -> PingPongPath:
    """Stretch of the footage that an avatar's poses come from.

    It is the longest one in which the face is visible, unobstructed and wholly in the picture: a pose source must
    not jump over a gap, and a head about to leave the frame is no place to turn round at.

    Args:
        track: the footage.
        size: its width and height.
        mode: STATIC holds its most usual pose; else the stretch is played to and fro, slowly at its ends.
        span: first and last frame (excluded) to choose from; the whole footage by default.

    Raises:
        FootageError: when no frame of the span shows the subject.
    """
    within = np.zeros(track.n_frames, bool)
    within[slice(*span) if span else slice(None)] = True
    run = longest_run(within & _calm(track, size))
    if len(run) < SHORTEST:
        run = longest_run(within & track.visible)
    if not len(run):
        where = f" in frames {span[0]} to {span[1]}" if span else ""
        raise FootageError(f"The footage shows nobody{where} to take poses from; choose another pose=.")
    if mode == STATIC:
        away = np.linalg.norm(track.translation[run] - np.median(track.translation[run], 0), axis=1)
        turned = np.linalg.norm(track.rotation[run] - np.median(track.rotation[run], 0), axis=(1, 2))
        run = run[[int(np.argmin(away / max(away.std(), 1e-6) + turned / max(turned.std(), 1e-6)))]]
    return PingPongPath(int(run[0]), int(run[-1]), TURN)


def poses_at(track: SourceTrack, places: Float[np.ndarray, "B"]) -> SourceTrack:
    """Track at places between the footage's frames; rotations stay rotations.

    Args:
        track: the footage.
        places: frames, with fractions.
    """
    near = track.take(np.rint(places).astype(np.int64))
    if (places == np.rint(places)).all():
        return near
    names = ("translation", "body", "eye_open", "expression", "box", "path", "cameras")
    rotation = nearest_rotation(interpolate_frames(track.rotation, places))
    return replace(
        near, rotation=rotation, **{name: interpolate_frames(getattr(track, name), places) for name in names}
    )


def smoothed_poses(
    track: SourceTrack, swing: FramePath, positions: Float[np.ndarray, "B"], window: int, end: int
) -> SourceTrack:
    """Track at film positions, poses of head and body averaged over `window` frames round each (GeneFace++: 7).

    Args:
        track: the footage; every frame of the path visible.
        swing: the way through it.
        positions: of the film.
        window: frames; 1 leaves the poses as they are.
        end: frames of the film at the clip's rate: there is nothing beyond.
    """
    here = poses_at(track, swing.at(positions))
    if window <= 1:
        return here
    around = np.clip(positions[:, None] + np.arange(window) - window // 2, 0, end - 1)
    poses = poses_at(track, swing.at(around).ravel())
    names = ("rotation", "translation", "body", "path", "cameras")
    calm = {n: getattr(poses, n).reshape(len(positions), window, *getattr(poses, n).shape[1:]).mean(1) for n in names}
    return replace(here, **{**calm, "rotation": nearest_rotation(calm["rotation"])})


def nearest_rotation(matrix: Float[np.ndarray, "B 3 3"]) -> Float[np.ndarray, "B 3 3"]:
    """The rotation nearest to a mean of rotations that lie close together; NaN stays NaN."""
    known = np.isfinite(matrix).all((1, 2))
    result = np.full_like(matrix, np.nan)
    u, _, vt = np.linalg.svd(matrix[known])
    result[known] = u @ vt
    return result


def _calm(track: SourceTrack, size: tuple[int, int]) -> Bool[np.ndarray, "T"]:
    """Frames in which the whole face lies in the picture and nothing stands before it."""
    width, height = size
    box = np.nan_to_num(track.box, nan=-1.0)
    room = MARGIN * (box[:, 2:] - box[:, :2])
    inside = ((box[:, :2] >= room) & (box[:, 2:] <= np.array([width, height]) - room)).all(1)
    return track.visible & ~track.occluded & inside
