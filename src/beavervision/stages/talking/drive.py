"""From speech to what the head is told in every frame."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, Int

from beavervision.face.blink import BLINKS_PER_MINUTE, natural_blinks
from beavervision.face.model import FaceModel
from beavervision.nerf.condition_scale import without_gaps
from beavervision.stages.radnerf_torso.track import SourceTrack
from beavervision.stages.talking.person import Person

UPPER_FACE = np.r_[17:27, 36:48]
"""iBUG points of brows and eyes: in a dub they stay the footage's own, as gaze and brows of the picture are."""

LIDS = ("blink_left", "blink_right")
"""Shapes of the face model that shut the eyes."""


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
    blinks_per_minute: float = BLINKS_PER_MINUTE
    """Avatar mode; a dub keeps the footage's own blinks."""
    seed: int = 0


@dataclass(frozen=True)
class Drive:
    """What the head is told, frame by frame."""

    condition68: Float[np.ndarray, "T 68 3"]
    """1/10 cm, head space."""
    eye: Float[np.ndarray, "T"]
    """Lid distance / eye width, mean of both."""

    @property
    def n_frames(self) -> int:
        """Frames of output."""
        return len(self.eye)

    def first(self, n: int) -> Drive:
        """The first `n` frames."""
        return Drive(self.condition68[:n], self.eye[:n])


def drive(person: Person, samples: Float[np.ndarray, "N"], controls: Controls) -> Drive:
    """Movement of the face that goes with a speech, eyes open.

    Args:
        person: whose face.
        samples: 16 kHz mono.
        controls: the user's wishes.
    """
    motion = person.speech.predict(
        samples, controls.temperature, controls.mouth_amp, controls.eye_amp, seed=controls.seed
    )
    refined = person.refiner.refine(motion, samples, mode=controls.refine, percent=controls.lle_percent)
    condition = refined.condition68
    if condition is None:
        condition = person.model.condition68(person.identity, refined.expression)
    wide = person.head.eye_from_blink(np.zeros(len(condition)))
    return Drive(np.asarray(condition, np.float32), wide)


def with_blinks(told: Drive, person: Person, controls: Controls) -> Drive:
    """The same face with natural blinks, the same ones for the same seed."""
    closure = natural_blinks(told.n_frames, person.fps, controls.blinks_per_minute, controls.seed)
    lids = lid_offsets(person.model, closure)
    return Drive((told.condition68 + lids).astype(np.float32), person.head.eye_from_blink(closure))


def lid_offsets(model: FaceModel, closure: Float[np.ndarray, "T"]) -> Float[np.ndarray, "T 68 3"]:
    """What lids that shut by `closure` (0 .. 1) add to the landmark condition."""
    shapes = [model.semantic[name] for name in LIDS if name in model.semantic]
    if not shapes:
        return np.zeros((len(closure), 68, 3))
    still = np.zeros(model.id_basis.shape[0])
    return closure[:, None, None] * model.condition68(still, np.sum(shapes, axis=0))


def with_own_eyes(told: Drive, person: Person, order: Int[np.ndarray, "T"]) -> Drive:
    """The same mouth under the footage's own brows, lids and blinks.

    Args:
        told: the face that the speech asks for.
        person: whose face.
        order: frame of the footage that each output frame shows.
    """
    track: SourceTrack = person.track
    own = person.model.condition68(person.identity, without_gaps(track.expression))[order]
    condition = told.condition68.copy()
    condition[:, UPPER_FACE] = own[:, UPPER_FACE]
    return replace(told, condition68=condition, eye=without_gaps(track.eye_open).mean(1)[order].astype(np.float32))
