"""Background pixels between head and torso of an avatar that turns its head."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np
from film_cast import Cast

from beavervision.inference.avatar import Avatar
from beavervision.inference.head_region import JAW
from beavervision.inference.pose_source import calm_stretch, smoothed_poses
from beavervision.inference.settings import FilmSettings
from beavervision.inference.source_reader import SourceReader
from beavervision.metrics.gaps import gap_pixels, neck_gap_pixels, neck_pixels
from beavervision.stages.lower_face.landmark_maps import project_landmarks
from beavervision.types import Label

SECONDS = 20.0
PERSON = (Label.HAIR, Label.FACE, Label.NECK, Label.TORSO)
NECK = 2
"""Index of the body point between neck and shoulders."""
RIM = 1.0
"""Canvas pixels along the person's outline that are ignored: rendering and labels are not more accurate."""
NOTCH = 0.1
"""Minimum depth of a notch from the side that counts as a gap, in widths of the projected jaw."""


def neck(cast: Cast, audio: Path, fps: float | Literal["clip"] = "clip") -> list[tuple[str, str]]:
    """Gaps in an avatar video of 20 s, in the neck and inside the whole outline."""
    settings = FilmSettings(mode="avatar", background="none", fps=fps)
    maker = cast.maker(audio, mode="avatar", background="none", fps=fps)
    count, step = min(maker.n_frames, round(SECONDS * maker.fps)), cast.avatar.fps / maker.fps
    avatar, moments = cast.avatar, np.arange(count) * step
    swing = calm_stretch(avatar.track, avatar.footage_size)
    poses = smoothed_poses(avatar.track, swing, moments, settings.smoothing, int(maker.n_frames * step))
    shown = np.rint(swing.at(moments)).astype(np.int64)
    sources = SourceReader(cast.clip, cast.clip.fps, (avatar.subject,)).read(shown)
    joints, outlines, areas = [], [], []
    for i, (made, source) in enumerate(zip(maker.frames(), sources, strict=False)):
        x0, y0, scale = poses.path[i]
        jaw = project_landmarks(
            avatar.face_model, avatar.rest, poses.rotation[i], poses.translation[i], poses.cameras[i]
        )[JAW]
        inside, collar = np.isin(source.labels[0], PERSON), float(poses.body[i, NECK, 1])
        rims = RIM, NOTCH * float(np.ptp(jaw[:, 0]))
        where, core = (neck_pixels(jaw / scale + (x0, y0), collar, inside, rim / scale) for rim in rims)
        joints.append(neck_gap_pixels(made[..., 3], where, core))
        outlines.append(gap_pixels(made[..., 3]))
        areas.append(int(where.sum()))
    turned = f"{len(joints)} frames, {_turns(avatar, shown):.0f} degrees of yaw"
    return [
        (
            f"background pixels in the neck per frame ({turned}; {np.mean(areas):.0f} pixels of neck)",
            f"{np.mean(joints):.2f} (0), maximum {max(joints)}",
        ),
        (
            "the same for the whole outline, including ears and hair",
            f"{np.mean(outlines):.2f}, maximum {max(outlines)}",
        ),
    ]


def _turns(avatar: Avatar, frames: np.ndarray) -> float:
    """Range of the yaw, degrees."""
    rotation = avatar.track.rotation[frames]
    yaw = np.rad2deg(np.arctan2(rotation[:, 0, 2], -rotation[:, 2, 2]))
    return float(np.nanmax(yaw) - np.nanmin(yaw))
