"""Frames of the footage as the avatar shows them."""

from __future__ import annotations

import numpy as np
from jaxtyping import Int, UInt8

from beavervision.inference.avatar import Person
from beavervision.inference.avatar_compositor import Scene
from beavervision.inference.driver import Drive
from beavervision.inference.stopwatch import Stopwatch
from beavervision.inference.subject_track import render_layers


def own_pictures(person: Person, frames: Int[np.ndarray, "N"]) -> list[UInt8[np.ndarray, "H W 3"]]:
    """A person with the footage's own pose and expression, over the plate.

    Args:
        person: who.
        frames: of the footage, visible ones, few.
    """
    poses = person.track.take(frames)
    own = Drive(person.own_condition, person.own_eye)
    scene, plate = Scene.of(person), person.plate()
    layers = render_layers(person, own, frames, poses, Stopwatch())
    return [scene.picture(layer, poses.body[i], plate) for i, layer in enumerate(layers)]
