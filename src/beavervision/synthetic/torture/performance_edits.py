"""Edits of a performance: moving people, a panning camera, a held object."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from jaxtyping import Float

from beavervision.synthetic.performance import Performance


def moved(performance: Performance, way: Float[np.ndarray, "T 3"]) -> Performance:
    """Shift a performance by `way` cm in camera space, frame by frame: head, body and hand alike."""
    return replace(
        performance,
        translation=performance.translation + way,
        body_translation=performance.body_translation + way,
        hand_translation=performance.hand_translation + way,
    )


def raised(performance: Performance, up: float) -> Performance:
    """Raise the hand's path in front of the chin by `up` cm."""
    return replace(performance, hand_translation=performance.hand_translation - [0.0, up, 0.0])


def holding(performance: Performance, rotation: Float[np.ndarray, "3 3"], place: Float[np.ndarray, "3"]) -> Performance:
    """Fix the object that replaces the hand at `place`, camera space, cm."""
    n = performance.n_frames
    return replace(performance, hand_rotation=np.tile(rotation, (n, 1, 1)), hand_translation=np.tile(place, (n, 1)))


def panned(performance: Performance, turn: Float[np.ndarray, "T 3 3"]) -> Performance:
    """The same performance in the frame of a camera rotated about its centre: x' = turn @ x."""

    def both(rotation: np.ndarray, translation: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return turn @ rotation, np.einsum("tij,tj->ti", turn, translation)

    head, body = both(performance.rotation, performance.translation), None
    body = both(performance.body_rotation, performance.body_translation)
    hand = both(performance.hand_rotation, performance.hand_translation)
    return replace(
        performance,
        rotation=head[0], translation=head[1],
        body_rotation=body[0], body_translation=body[1],
        hand_rotation=hand[0], hand_translation=hand[1],
    )  # fmt: skip


def ease(time: Float[np.ndarray, "T"], start: float, end: float) -> Float[np.ndarray, "T"]:
    """0 before `start`, 1 after `end`, smooth between."""
    x = np.clip((time - start) / (end - start), 0, 1)
    return x * x * (3 - 2 * x)
