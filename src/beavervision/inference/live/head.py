"""A live person who is generated as a whole: head and torso over the footage's background."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from jaxtyping import Float

from beavervision.compositing.label import OFF, DisclosureLabel
from beavervision.inference.avatar import Avatar
from beavervision.inference.avatar_compositor import Scene
from beavervision.inference.background import PLATE, Background, Picture
from beavervision.inference.driver import HeadCondition, MotionControls, closed_lid_offset
from beavervision.inference.live.face import Image, Mouth
from beavervision.inference.live.settings import LoopSettings
from beavervision.inference.live.speech_motion import LiveMotion, motion_maker
from beavervision.inference.pose_source import calm_stretch, smoothed_poses
from beavervision.inference.stage_timer import StageTimer
from beavervision.inference.subject_track import render_canvas_layers

SMOOTHING = 7
"""Frames over which head poses are averaged, as in films."""


class LiveHead:
    """See `LiveFace`. Poses are the longest calm stretch of the footage, played forward and backward.

    Args:
        avatar: who.
        settings: of the loop; only the label matters.
        background: `plate`, a colour or a picture.
    """

    def __init__(self, avatar: Avatar, settings: LoopSettings | None = None, background: str = PLATE) -> None:
        settings = settings or LoopSettings()
        self.avatar, self.fps, self.size = avatar, avatar.fps, avatar.footage_size
        self.window: int = avatar.head.bundle.hparams["window"]
        self._path = calm_stretch(avatar.track, avatar.footage_size)
        self._scene, self._timer = Scene.of(avatar), StageTimer()
        self._lids = closed_lid_offset(avatar.face_model)
        still = Background.of(background, self.size, avatar.plate()).still
        self._behind: Picture = avatar.plate() if still is None else still
        self._label = None
        if settings.label != OFF:
            self._label = DisclosureLabel(settings.label, self.size, settings.language)

    def motion_maker(self, controls: MotionControls) -> Callable[[], LiveMotion]:
        """See `LiveFace`."""
        return motion_maker(self.avatar, controls)

    def draw(self, tick: int, mouth: Mouth | None) -> Image:
        """See `LiveFace`."""
        condition = self._condition(mouth)
        positions = np.array([float(tick)])
        poses = smoothed_poses(self.avatar.track, self._path, positions, SMOOTHING, tick + SMOOTHING)
        middle = np.array([self.window // 2])
        (layer,) = render_canvas_layers(self.avatar, condition, middle, poses, self._timer)
        picture = self._scene.composite(layer, poses.body[0], self._behind)
        return picture if self._label is None else self._label.draw(picture)

    def _condition(self, mouth: Mouth | None) -> HeadCondition:
        """The head's condition round the frame; what comes after it is taken to be as it is now."""
        rest: Float[np.ndarray, "68 3"] = self.avatar.rest
        closure = 0.0 if mouth is None else mouth.closure
        conditions = np.repeat(rest[None], self.window, 0)
        if mouth is not None and mouth.weight > 0:
            past = mouth.conditions[-(self.window // 2 + 1) :]
            around = np.concatenate([past, np.repeat(past[-1:], self.window - len(past), 0)])
            conditions += np.float32(mouth.weight) * (around - rest)
        conditions = conditions + np.float32(closure) * self._lids
        shut = np.full(self.window, closure)
        return HeadCondition(conditions.astype(np.float32), self.avatar.head.eye_from_blink(shut))
