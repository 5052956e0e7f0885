"""Frames of the footage as the avatar shows them."""

from __future__ import annotations

import numpy as np
from jaxtyping import Int, UInt8

from beavervision.inference.avatar import Avatar
from beavervision.inference.avatar_compositor import Scene
from beavervision.inference.driver import HeadCondition
from beavervision.inference.stage_timer import StageTimer
from beavervision.inference.subject_track import render_canvas_layers


def own_pictures(avatar: Avatar, frames: Int[np.ndarray, "N"]) -> list[UInt8[np.ndarray, "H W 3"]]:
    """A person with the footage's own pose and expression, over the plate.

    Args:
        avatar: who.
        frames: of the footage, visible ones, few.
    """
    poses = avatar.track.take(frames)
    own = HeadCondition(avatar.source_condition, avatar.source_eye_open)
    scene, plate = Scene.of(avatar), avatar.plate()
    layers = render_canvas_layers(avatar, own, frames, poses, StageTimer())
    return [scene.picture(layer, poses.body[i], plate) for i, layer in enumerate(layers)]
