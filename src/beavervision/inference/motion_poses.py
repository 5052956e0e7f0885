"""Poses from a Motion: a head that moves as another one did."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from scipy.ndimage import gaussian_filter1d

from beavervision.artifacts.motion import Motion
from beavervision.errors import MotionError
from beavervision.inference.frame_path import PingPongPath
from beavervision.inference.pose_source import nearest_rotation, poses_at
from beavervision.nerf.condition_normalizer import fill_gaps
from beavervision.stages.source_track import SourceTrack

SETTLING = 4.0
"""Frames over which shoulders follow the head: the nearest frames of the footage may lie far from each other."""


def motion_track(folder: Path, track: SourceTrack, swing: PingPongPath, fps: float) -> SourceTrack:
    """Track whose head moves as a Motion's does; shoulders and canvas are those of the footage's nearest poses.

    Turns are taken as they are; where the head is, the Motion says relative to its own usual place, which becomes the
    footage's.

    Args:
        folder: of the Motion.
        track: the footage.
        swing: its frames that shoulders and canvas may come from.
        fps: frames per second of the clip.

    Raises:
        MotionError: when it is no Motion, has no poses, or another rate.
    """
    motion = Motion.load(folder)
    if motion.rotation is None or motion.translation is None:
        raise MotionError(f"the Motion in {folder} holds no head poses; give one that does, or pose=pingpong.")
    if motion.fps != fps:
        raise MotionError(f"the Motion in {folder} has {motion.fps:g} frames a second, the clip {fps:g}; make it anew.")
    rotation = nearest_rotation(fill_gaps(motion.rotation))
    moved = fill_gaps(motion.translation)
    frames = np.arange(round(swing.first), round(swing.last) + 1)
    own = track.rotation[frames].reshape(len(frames), 9)
    apart = ((own**2).sum(1) - 2 * rotation.reshape(-1, 9) @ own.T).argmin(1)
    places = frames[0] + gaussian_filter1d(apart.astype(np.float64), SETTLING, mode="nearest")
    usual = np.median(track.translation[frames], axis=0)
    return replace(poses_at(track, places), rotation=rotation, translation=moved - np.median(moved, axis=0) + usual)
