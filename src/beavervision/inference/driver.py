"""From speech to what the head is told at every moment."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from beavervision.face.blink import BLINKS_PER_MINUTE
from beavervision.face.model import FaceModel
from beavervision.inference.avatar import Person
from beavervision.inference.frame_order import between
from beavervision.inference.speech import Speech

LIDS = ("blink_left", "blink_right")
"""Shapes of the face model that shut the eyes."""

HUSH = 6
"""Frames over which a mouth comes to rest when its speech is over: about as long as a mouth takes to close."""


@dataclass(frozen=True)
class Controls:
    """What a user may ask of the performance."""

    temperature: float = 0.0
    """Of the latent noise: 0 is the likeliest motion, GeneFace++ takes 0.2."""
    mouth_amp: float = 1.0
    """How far the mouth opens, times the person's own."""
    eye_amp: float = 1.0
    refine: str = "both"
    """postnet | lle | both | none"""
    lle_percent: float = 0.2
    """Share of the LLE's reconstruction (GeneFace++: 0.2)."""
    blink: float | str = BLINKS_PER_MINUTE
    """Avatar mode: blinks a minute, or a file with a curve (`blinking.read_curve`); a dub keeps the footage's own."""
    seed: int = 0


@dataclass(frozen=True)
class Drive:
    """What the head is told, moment by moment."""

    condition68: Float[np.ndarray, "T 68 3"]
    """1/10 cm, head space."""
    eye: Float[np.ndarray, "T"]
    """Lid distance / eye width, mean of both."""

    @property
    def n_frames(self) -> int:
        """Number of moments."""
        return len(self.eye)


def stretches(person: Person, speech: Speech, controls: Controls) -> Iterator[Float[np.ndarray, "t 68 3"]]:
    """Yield the landmark conditions that go with a speech, eyes open, stretch by stretch.

    Args:
        person: whose face.
        speech: what is said.
        controls: the user's wishes.
    """
    for stretch in speech.stretches(person.fps):
        motion = person.speech.predict(
            stretch.samples,
            controls.temperature,
            controls.mouth_amp,
            controls.eye_amp,
            seed=controls.seed,
            first=stretch.first,
            level_db=speech.level_db,
        )
        refined = person.refiner.refine(motion, stretch.samples, mode=controls.refine, percent=controls.lle_percent)
        condition = refined.condition68
        if condition is None:
            condition = person.model.condition68(person.identity, refined.expression)
        # Rates that do not divide 16 kHz may leave the last frame without samples of its own.
        rows = np.minimum(np.asarray(stretch.frames) - stretch.first, len(condition) - 1)
        yield np.asarray(condition[rows], np.float32)


class Tape:
    """Motion that is worked out as it is asked for, forgotten when it has been shown, and followed by rest.

    Args:
        pieces: what a mouth does, stretch by stretch.
        n_frames: frames of all pieces together.
        rest: what it does when it says nothing.
    """

    def __init__(
        self, pieces: Iterator[Float[np.ndarray, "t 68 3"]], n_frames: int, rest: Float[np.ndarray, "68 3"]
    ) -> None:
        self._pieces, self._n_frames, self._rest = pieces, n_frames, rest
        self._first, self._held = 0, np.zeros((0, *rest.shape), np.float32)

    def at(self, moments: Float[np.ndarray, "B"]) -> Float[np.ndarray, "B 68 3"]:
        """Landmark conditions at moments that lie at most a few frames before those asked for last time."""
        quiet = np.clip((moments - (self._n_frames - 1)) / HUSH, 0, 1)[:, None, None].astype(np.float32)
        if not self._n_frames:
            return np.broadcast_to(self._rest, (len(moments), *self._rest.shape)).astype(np.float32)
        moments = np.clip(moments, 0, self._n_frames - 1)
        self._reach(int(np.floor(moments.min())), int(np.ceil(moments.max())))
        said = between(self._held, moments - self._first)
        return (1 - quiet) * said + quiet * self._rest

    def close(self) -> None:
        """Stop working out what nobody will ask for."""
        if isinstance(self._pieces, Generator):
            self._pieces.close()

    def _reach(self, first: int, last: int) -> None:
        """Hold frames `first` to `last`."""
        while self._first + len(self._held) <= last:
            drop = max(0, min(first - self._first, len(self._held)))
            self._held = np.concatenate([self._held[drop:], next(self._pieces)])
            self._first += drop


def lid_shape(model: FaceModel) -> Float[np.ndarray, "68 3"]:
    """What shut lids add to the landmark condition."""
    shapes = [model.semantic[name] for name in LIDS if name in model.semantic]
    if not shapes:
        return np.zeros((68, 3), np.float32)
    still = np.zeros(model.id_basis.shape[0])
    return model.condition68(still, np.sum(shapes, axis=0)).astype(np.float32)
