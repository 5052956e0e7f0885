"""One person of a film: motion, pose, and the rendered canvas at each film position."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float

from beavervision.compositing.canvas_layer import CanvasLayer
from beavervision.inference.avatar import Avatar
from beavervision.inference.driver import HeadCondition, MotionTrack, closed_lid_offset
from beavervision.inference.frame_path import interpolate_frames
from beavervision.inference.head_region import lower_region_matte
from beavervision.inference.lip_record import LipRecord
from beavervision.inference.pose_source import PoseSource, smoothed_poses
from beavervision.inference.stage_timer import StageTimer
from beavervision.stages.lower_face.landmark_maps import project_landmarks
from beavervision.stages.source_track import SourceTrack

UPPER_FACE = np.r_[17:27, 36:48]
"""iBUG points of brows and eyes: in a dub they stay the footage's own, as gaze and brows of the picture are."""


@dataclass(frozen=True)
class OwnMotion:
    """A generated head with the footage's own motion, for detail transfer."""

    layer: CanvasLayer
    faces: tuple[Float[np.ndarray, "68 2"], Float[np.ndarray, "68 2"]]
    """Landmarks of the footage's own motion and of the one that is wanted, full frame px."""


@dataclass(frozen=True)
class RenderedSubject:
    """One person in one frame of the film."""

    layer: CanvasLayer | None
    """None where the person is not generated."""
    shoulders: Float[np.ndarray, "3 2"]
    """Full frame, px."""
    depth: float
    """cm from the camera; NaN where the person is invisible."""
    share: float = 1.0
    """Of the generated head, 0 to 1."""
    own: OwnMotion | None = None
    """What the generated head would be with the footage's own motion; None where no detail is carried along."""


@dataclass(frozen=True)
class SubjectTrack:
    """What one person does in a film.

    Args:
        avatar: who.
        pose_source: where poses come from; in a dub the frames that are shown.
        motion: landmark conditions of the speech.
        end: frames of the film, at the clip's rate.
        closures: how far the lids are shut in each frame; None keeps the footage's own brows, lids and blinks.
        shares: of the generated head in each frame of the footage; None for all of it, always.
        detail: whether the footage's own motion is rendered, too, so that its detail can be carried along.
        lower_only: whether only the lower part of the head may change.
        lips: records what is drawn; None records nothing.
    """

    avatar: Avatar
    pose_source: PoseSource
    motion: MotionTrack
    end: int
    closures: Float[np.ndarray, "T"] | None = None
    shares: Float[np.ndarray, "N"] | None = None
    lower_only: bool = False
    detail: bool = False
    lips: LipRecord | None = None

    def render(self, positions: Float[np.ndarray, "B"], timer: StageTimer) -> list[RenderedSubject]:
        """Render the person at film positions, which rise from call to call."""
        poses = smoothed_poses(
            self.pose_source.track, self.pose_source.path, positions, self.pose_source.smoothing, self.end
        )
        share = np.ones(len(positions))
        if self.shares is not None:
            share = interpolate_frames(self.shares, self.pose_source.path.at(positions))
        there = (share > 0) & np.isfinite(poses.rotation).all((1, 2))
        layers = iter(self._layers(positions[there], poses.take(there), timer))
        found = []
        for i in range(len(positions)):
            layer, own = next(layers) if there[i] else (None, None)
            found.append(RenderedSubject(layer, poses.body[i], float(poses.translation[i, 2]), float(share[i]), own))
        return found

    def head_condition(self, positions: Float[np.ndarray, "B"], window: int) -> HeadCondition:
        """Return the head's condition in the `window` frames around each film position [B x window]."""
        around = self._around(positions, window)
        condition = np.array(self.motion.at(around))
        if self.closures is None:
            places = self.pose_source.path.at(around)
            condition[:, UPPER_FACE] = interpolate_frames(self.avatar.source_condition, places)[:, UPPER_FACE]
            return HeadCondition(condition, interpolate_frames(self.avatar.source_eye_open, places))
        shut = interpolate_frames(self.closures, around)
        lids = closed_lid_offset(self.avatar.face_model)
        condition += shut[:, None, None].astype(np.float32) * lids
        return HeadCondition(condition, self.avatar.head.eye_from_blink(shut))

    def _own(self, positions: Float[np.ndarray, "B"], window: int) -> HeadCondition:
        """Return the condition of the footage itself in the `window` frames around each film position [B x window]."""
        places = self.pose_source.path.at(self._around(positions, window))
        condition = interpolate_frames(self.avatar.source_condition, places)
        return HeadCondition(condition, interpolate_frames(self.avatar.source_eye_open, places))

    def _around(self, positions: Float[np.ndarray, "B"], window: int) -> Float[np.ndarray, "B*W"]:
        """Return the film positions of the `window` frames around each position, inside the film."""
        return np.clip(positions[:, None] + np.arange(window) - window // 2, 0, self.end - 1).ravel()

    def _layers(
        self, positions: Float[np.ndarray, "B"], poses: SourceTrack, timer: StageTimer
    ) -> list[tuple[CanvasLayer, OwnMotion | None]]:
        if not len(positions):
            return []
        window = self.avatar.head.bundle.hparams["window"]
        driven = self.head_condition(positions, window)
        middle = np.arange(len(positions)) * window + window // 2
        layers = render_canvas_layers(self.avatar, driven, middle, poses, timer)
        if self.lips is not None:
            self.lips.add(positions, self.avatar.head.clamped(driven.condition68[middle]))
        if not self.lower_only and not self.detail:
            return [(layer, None) for layer in layers]
        own = self._own(positions, window)
        faces = [self._faces(own.condition68[row], driven.condition68[row], poses, i) for i, row in enumerate(middle)]
        others = render_canvas_layers(self.avatar, own, middle, poses, timer) if self.detail else []
        if self.lower_only:
            with timer.measure("stack"):
                raster = self.avatar.torso.raster
                regions = [lower_region_matte(list(pair), raster.size, raster.detail) for pair in faces]
            layers, others = (
                [replace(layer, region=region) for layer, region in zip(some, regions, strict=False)]
                for some in (layers, others)
            )
        if not self.detail:
            return [(layer, None) for layer in layers]
        return [
            (layer, OwnMotion(other, _in_frame(pair, poses.path[i])))
            for i, (layer, other, pair) in enumerate(zip(layers, others, faces, strict=True))
        ]

    def _faces(
        self, own: Float[np.ndarray, "68 3"], new: Float[np.ndarray, "68 3"], poses: SourceTrack, i: int
    ) -> tuple[Float[np.ndarray, "68 2"], Float[np.ndarray, "68 2"]]:
        """Landmarks of both motions in one frame, px of the canvas."""
        where = (poses.rotation[i], poses.translation[i], poses.cameras[i])
        model = self.avatar.face_model
        return project_landmarks(model, own, *where), project_landmarks(model, new, *where)


def _in_frame(
    faces: tuple[Float[np.ndarray, "68 2"], Float[np.ndarray, "68 2"]], window: Float[np.ndarray, "3"]
) -> tuple[Float[np.ndarray, "68 2"], Float[np.ndarray, "68 2"]]:
    """Landmarks on the canvas as full frame px.

    Args:
        faces: px of the canvas.
        window: x0, y0, scale of the canvas.
    """
    own, new = (window[:2] + face / window[2] for face in faces)
    return own, new


def render_canvas_layers(
    avatar: Avatar, driven: HeadCondition, frames: np.ndarray, poses: SourceTrack, timer: StageTimer
) -> list[CanvasLayer]:
    """Head and torso of some frames.

    Args:
        avatar: who.
        driven: the head's condition.
        frames: which positions of it.
        poses: of these frames, row by row.
        timer: how long each part takes.
    """
    with timer.measure("head"):
        head, head_alpha = avatar.head.render(
            driven.condition68, driven.eye, poses.rotation, poses.translation, poses.cameras, frames
        )
    with timer.measure("torso"):
        torso, torso_alpha = avatar.torso.render(poses)
    raster, layers = avatar.torso.raster, []
    with timer.measure("stack"):
        for i, (torso_rgb, torso_opacity) in enumerate(zip(torso, torso_alpha, strict=True)):
            rgb, opacity = (raster.refine(part[i].cpu().numpy()) for part in (head, head_alpha))
            layers.append(CanvasLayer.stack(rgb, opacity, torso_rgb, torso_opacity, raster.window(poses.path[i])))
    return layers


def far_to_near(shown: Sequence[RenderedSubject]) -> list[int]:
    """Numbers of the people in the order in which they are laid over each other: the farthest first."""
    hidden: Bool[np.ndarray, "N"] = np.isnan([one.depth for one in shown])
    depth = np.where(hidden, np.inf, [one.depth for one in shown])
    return np.argsort(-depth, kind="stable").tolist()
