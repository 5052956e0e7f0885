"""MotionDriver: from speech to the motion that drives the head."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass, fields, replace

import numpy as np
from jaxtyping import Float

from beavervision.artifacts.motion import Motion
from beavervision.face.blink import BLINKS_PER_MINUTE
from beavervision.face.morphable_model import FaceModel
from beavervision.inference.frame_path import interpolate_frames
from beavervision.inference.speaking_person import SpeakingPerson
from beavervision.inference.speech import Speech

EYELID_SHAPES = ("blink_left", "blink_right")
"""Shapes of the face model that close the eyes."""

REST_FADE_FRAMES = 6
"""Frames in which the mouth returns to rest when its speech is over: about as long as a mouth takes to close."""


@dataclass(frozen=True)
class MotionControls:
    """What a user may change about the motion."""

    temperature: float = 0.0
    """Standard deviation of the latent noise: 0 gives the likeliest motion; GeneFace++ uses 0.2."""
    mouth_amp: float = 1.0
    """Factor on how far the mouth opens."""
    eye_amp: float = 1.0
    """Factor on how far the eyes open."""
    refine: str = "auto"
    """Refinement of the predicted motion: auto (what helped on held-out speech) | postnet | lle | both | none."""
    lle_percent: float = 0.2
    """Weight of the LLE's reconstruction, 0 to 1 (GeneFace++: 0.2)."""
    blink: float | str = BLINKS_PER_MINUTE
    """Avatar mode: blinks per minute, `own`, or a file with a curve (`blinking.read_blink_curve`). A dub keeps the
    footage's blinks."""
    seed: int = 0
    """Seed of the latent noise and of the blinks."""


@dataclass(frozen=True)
class HeadCondition:
    """Input of the head renderer for T frames."""

    condition68: Float[np.ndarray, "T 68 3"]
    """Landmark offsets from the mean face, 1/10 cm, head space."""
    eye: Float[np.ndarray, "T"]
    """Lid distance / eye width, mean of both eyes."""

    @property
    def n_frames(self) -> int:
        """Number of frames."""
        return len(self.eye)


@dataclass(frozen=True)
class MotionDriver:
    """Predicts the motion that belongs to a speech (audio2motion, then postnet), chunk by chunk.

    Args:
        avatar: whose motion.
        controls: what the user may change about it.
    """

    avatar: SpeakingPerson
    controls: MotionControls

    def chunks(self, speech: Speech) -> Iterator[Motion]:
        """Yield the refined motion of consecutive chunks of a speech; `condition68` is always set."""
        avatar, controls = self.avatar, self.controls
        for chunk in speech.chunks(avatar.fps):
            motion = avatar.audio2motion.predict(
                chunk.samples,
                controls.temperature,
                controls.mouth_amp,
                controls.eye_amp,
                seed=controls.seed,
                first=chunk.first,
                level_db=speech.level_db,
            )
            refined = avatar.postnet.refine(motion, chunk.samples, mode=controls.refine, percent=controls.lle_percent)
            if refined.condition68 is None:
                condition = avatar.face_model.condition68(avatar.identity, refined.expression)
                refined = replace(refined, condition68=condition)
            # Rates that do not divide 16 kHz may leave the last frame without samples of its own.
            rows = np.minimum(np.asarray(chunk.frames) - chunk.first, refined.n_frames - 1)
            yield _take(refined, rows)

    def conditions(self, speech: Speech) -> Iterator[Float[np.ndarray, "t 68 3"]]:
        """Yield the landmark condition of consecutive chunks of a speech, 1/10 cm, with open eyes."""
        for motion in self.chunks(speech):
            yield np.asarray(motion.condition68, np.float32)

    def motion(self, speech: Speech) -> Motion:
        """The refined motion of the whole speech; needs memory in proportion to its length."""
        chunks = list(self.chunks(speech))
        arrays = {name: np.concatenate([getattr(one, name) for one in chunks]) for name in _array_names(chunks[0])}
        return replace(chunks[0], **arrays)


class MotionTrack:
    """Landmark conditions of one subject over the film, computed on demand. After the speech the mouth rests.

    Args:
        chunks: landmark conditions of consecutive chunks, 1/10 cm.
        n_frames: frames of all chunks together.
        rest: landmark condition of the resting mouth, 1/10 cm.
    """

    def __init__(
        self, chunks: Iterator[Float[np.ndarray, "t 68 3"]], n_frames: int, rest: Float[np.ndarray, "68 3"]
    ) -> None:
        self._chunks, self._n_frames, self._rest = chunks, n_frames, rest
        self._first, self._buffer = 0, np.zeros((0, *rest.shape), np.float32)

    def at(self, positions: Float[np.ndarray, "B"]) -> Float[np.ndarray, "B 68 3"]:
        """Landmark conditions at film positions, which may go back by at most a few frames from call to call.

        Args:
            positions: in frames, with fractions.
        """
        resting = np.clip((positions - (self._n_frames - 1)) / REST_FADE_FRAMES, 0, 1)[:, None, None].astype(np.float32)
        if not self._n_frames:
            return np.broadcast_to(self._rest, (len(positions), *self._rest.shape)).astype(np.float32)
        positions = np.clip(positions, 0, self._n_frames - 1)
        self._load(int(np.floor(positions.min())), int(np.ceil(positions.max())))
        speaking = interpolate_frames(self._buffer, positions - self._first)
        return (1 - resting) * speaking + resting * self._rest

    def close(self) -> None:
        """Stop the computation of further chunks."""
        if isinstance(self._chunks, Generator):
            self._chunks.close()

    def _load(self, first: int, last: int) -> None:
        """Fill the buffer with frames `first` to `last`."""
        while self._first + len(self._buffer) <= last:
            drop = max(0, min(first - self._first, len(self._buffer)))
            self._buffer = np.concatenate([self._buffer[drop:], next(self._chunks)])
            self._first += drop


def closed_lid_offset(model: FaceModel) -> Float[np.ndarray, "68 3"]:
    """Offset that closed eyelids add to the landmark condition, 1/10 cm."""
    shapes = [model.semantic[name] for name in EYELID_SHAPES if name in model.semantic]
    if not shapes:
        return np.zeros((68, 3), np.float32)
    identity = np.zeros(model.id_basis.shape[0])
    return model.condition68(identity, np.sum(shapes, axis=0)).astype(np.float32)


def _take(motion: Motion, rows: np.ndarray) -> Motion:
    """Some frames of a motion."""
    return replace(motion, **{name: getattr(motion, name)[rows] for name in _array_names(motion)})


def _array_names(motion: Motion) -> list[str]:
    return [field.name for field in fields(motion) if isinstance(getattr(motion, field.name), np.ndarray)]
