"""Where an avatar's head and shoulders take their movement from: the footage's own, played to and fro."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np
from jaxtyping import Bool, Int
from scipy.ndimage import uniform_filter1d

from beavervision.errors import BeaverError
from beavervision.stages.radnerf_torso.track import SourceTrack
from beavervision.stages.talking.frame_order import longest_run, ping_pong

PoseMode = Literal["pingpong", "static"]

MARGIN = 0.05
"""Face widths and heights that have to lie between the face and the frame's border."""

SHORTEST = 12
"""Frames: a stretch of calm frames shorter than half a second would nod; then any visible frame will do."""


def pose_frames(
    track: SourceTrack,
    size: tuple[int, int],
    length: int,
    mode: PoseMode = "pingpong",
    span: tuple[int, int] | None = None,
) -> Int[np.ndarray, "L"]:
    """Frame of the footage whose pose each output frame takes.

    Poses come from the longest stretch in which the face is visible, unobstructed and wholly in the picture: a
    pose source must not jump over a gap, and a head about to leave the frame is no place to turn round at.

    Args:
        track: the footage.
        size: its width and height.
        length: frames of output.
        mode: `pingpong` plays the stretch to and fro, `static` holds its most usual pose.
        span: first and last frame (excluded) to choose from; the whole footage by default.

    Raises:
        BeaverError: when no frame of the span shows the subject.
    """
    within = np.zeros(track.n_frames, bool)
    within[slice(*span) if span else slice(None)] = True
    run = longest_run(within & _calm(track, size))
    if len(run) < SHORTEST:
        run = longest_run(within & track.visible)
    if not len(run):
        where = f" in frames {span[0]} to {span[1]}" if span else ""
        raise BeaverError(f"The footage shows nobody{where} to take poses from; choose another pose=.")
    if mode == "static":
        away = np.linalg.norm(track.translation[run] - np.median(track.translation[run], 0), axis=1)
        turned = np.linalg.norm(track.rotation[run] - np.median(track.rotation[run], 0), axis=(1, 2))
        run = run[[int(np.argmin(away / max(away.std(), 1e-6) + turned / max(turned.std(), 1e-6)))]]
    return ping_pong(run, length)


def smoothed(track: SourceTrack, window: int) -> SourceTrack:
    """Track with head poses averaged over `window` frames (GeneFace++: 7); rotations stay rotations.

    Args:
        track: frames in the order of the output, all visible.
        window: frames; 1 leaves the poses as they are.
    """
    if window <= 1 or track.n_frames == 1:
        return track
    rotation = uniform_filter1d(track.rotation, window, axis=0, mode="nearest")
    u, _, vt = np.linalg.svd(rotation)
    # The nearest rotation to a mean of rotations that lie close together; its determinant is theirs, 1.
    translation = uniform_filter1d(track.translation, window, axis=0, mode="nearest")
    return replace(track, rotation=u @ vt, translation=translation)


def _calm(track: SourceTrack, size: tuple[int, int]) -> Bool[np.ndarray, "T"]:
    """Frames in which the whole face lies in the picture and nothing stands before it."""
    width, height = size
    box = np.nan_to_num(track.box, nan=-1.0)
    room = MARGIN * (box[:, 2:] - box[:, :2])
    inside = ((box[:, :2] >= room) & (box[:, 2:] <= np.array([width, height]) - room)).all(1)
    return track.visible & ~track.occluded & inside
