"""Frames of the footage as the avatar shows them."""

from __future__ import annotations

import numpy as np
from jaxtyping import Int, UInt8

from beavervision.stages.talking.avatar import Scene
from beavervision.stages.talking.drive import Drive
from beavervision.stages.talking.person import Person
from beavervision.stages.talking.role import render_layers
from beavervision.stages.talking.stopwatch import Stopwatch


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
