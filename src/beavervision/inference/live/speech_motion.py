"""Motion of a speech that is still being spoken."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np
from jaxtyping import Float

from beavervision.audio.mel import FEATURE_RATE
from beavervision.audio.streaming_level import StreamingLevel
from beavervision.inference.driver import MotionControls
from beavervision.inference.speaking_person import SpeakingPerson
from beavervision.stages.audio2motion.streaming import MotionStream

WINDOW_S = 0.019
"""Half the window of a row of audio features (`audio.streaming_features`)."""
UNREFINED = ("none", "postnet")
"""Refinements that leave the landmarks of a live speech as they are."""


class LiveMotion(Protocol):
    """Landmark conditions of one speech, on demand."""

    look_ahead: int
    """Frames of sound after a frame that its motion can use."""
    lag: int
    """Frames of sound after a frame that its motion cannot do without."""

    @property
    def n_heard(self) -> int:
        """Frames whose sound is complete."""
        ...

    def listen(self, samples: Float[np.ndarray, "N"]) -> None:
        """Append less than a second of sound, 16 kHz mono."""
        ...

    def move_to(self, stop: int) -> Float[np.ndarray, "t 68 3"]:
        """Conditions of the frames before `stop` that were not returned yet, 1/10 cm; `stop` is at most `n_heard`."""
        ...


class SpeechMotion:
    """audio2motion on a stream, then LLE towards the person's own landmarks; see `LiveMotion`.

    Args:
        person: whose motion.
        controls: what the user may change about it.
        level: estimate of the voice's level, which outlives one speech.
    """

    def __init__(self, person: SpeakingPerson, controls: MotionControls, level: StreamingLevel) -> None:
        self._person, self._controls = person, controls
        amps = controls.mouth_amp, controls.eye_amp
        self._stream = MotionStream(person.audio2motion, controls.temperature, *amps, seed=controls.seed, level=level)
        self.look_ahead = self._stream.look_ahead
        self.lag = hearing_lag(person.fps)
        self._still = person.face_model.condition68(
            person.identity, np.zeros(person.audio2motion.expression_dim)
        ).astype(np.float32)
        self._nobody = np.zeros_like(person.identity)

    @property
    def n_heard(self) -> int:
        """Frames whose sound is complete."""
        return self._stream.n_heard

    def listen(self, samples: Float[np.ndarray, "N"]) -> None:
        """Append less than a second of sound, 16 kHz mono."""
        self._stream.listen(samples)

    def move_to(self, stop: int) -> Float[np.ndarray, "t 68 3"]:
        """Conditions of the frames before `stop` that were not returned yet, 1/10 cm."""
        expression = self._stream.move_to(stop)
        if not len(expression):
            return np.zeros((0, 68, 3), np.float32)
        condition = self._still + self._person.face_model.condition68(self._nobody, expression).astype(np.float32)
        if self._controls.refine in UNREFINED:
            return condition
        pitch = np.zeros(len(condition))
        return self._person.postnet.refine_condition(condition, pitch, "lle", self._controls.lle_percent)


def motion_maker(person: SpeakingPerson, controls: MotionControls) -> Callable[[], LiveMotion]:
    """Function that begins the motion of a new speech; speeches of one session share the voice's level."""
    level = StreamingLevel(person.audio2motion.speech_level_db)
    return lambda: SpeechMotion(person, controls, level)


def hearing_lag(fps: float) -> int:
    """Frames of sound after a frame that are needed for its own audio features: their windows reach beyond it.

    Example:
        >>> hearing_lag(25), hearing_lag(30), hearing_lag(60)
        (0, 1, 2)
    """
    # A frame's second row is at its middle; rows that do not fall on it wait for the next one.
    aligned = (FEATURE_RATE / fps) % 1 == 0
    needed = WINDOW_S + (0 if aligned else 1 / FEATURE_RATE)
    return max(0, int(np.ceil(needed * fps - 0.5 - 1e-9)))
