"""Motion of a speech that is computed where its pictures are drawn, so that the sound never waits for it."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from threading import Lock

import numpy as np
from jaxtyping import Float

from beavervision.inference.live.face import Mouth
from beavervision.inference.live.speech_motion import LiveMotion

MOST_BEHIND = 16
"""Frames by which the motion may be behind the sound: what is needed for it is kept for a second."""
REORDERED = 8
"""Frames whose conditions are kept beyond a face's window, as pictures are drawn side by side."""


class DeferredMotion:
    """Collects the sound of one speech, and computes conditions when a picture asks for them. Any thread may ask.

    Args:
        motion: of this speech.
        window: conditions that a picture depends on, its own and those of the frames before it.
        lock: of the session, as its speeches share the estimate of the voice's level.
        before: the session's speech before this one; its last conditions precede the first of this one.
    """

    def __init__(self, motion: LiveMotion, window: int, lock: Lock, before: DeferredMotion | None = None) -> None:
        self.look_ahead, self.lag = motion.look_ahead, motion.lag
        self._motion, self._window, self._lock, self._before = motion, window, lock, before
        self._sound: deque[Float[np.ndarray, "n"]] = deque()
        self._known: deque[tuple[int, Float[np.ndarray, "68 3"]]] = deque(maxlen=window + REORDERED)
        self._done = 0

    def hear(self, samples: Float[np.ndarray, "n"]) -> None:
        """Append the sound of one frame, 16 kHz mono; costs nothing."""
        self._sound.append(samples)

    def conditions(self, frame: int) -> Float[np.ndarray, "W 68 3"]:
        """Conditions of a frame and of those before it, 1/10 cm.

        Args:
            frame: of the speech; its sound was heard, except for what the motion's look-ahead may lack.
        """
        with self._lock:
            if self._before is not None:
                earlier = [condition for _, condition in self._before._known]
                self._known.extend((k - len(earlier), condition) for k, condition in enumerate(earlier))
                self._before = None
            self._compute(frame + 1)
            known = [condition for at, condition in self._known if at <= frame] or [self._known[0][1]]
        known = known[-self._window :]
        return np.stack([known[0]] * (self._window - len(known)) + known)

    def _compute(self, stop: int) -> None:
        """Listen to what has come, and compute the motion up to a frame."""
        while self._sound:
            self._motion.listen(self._sound.popleft())
            complete = min(stop, self._motion.n_heard - self.look_ahead)
            if complete - self._done > MOST_BEHIND:  # nobody asked for long
                self._move(complete)
        self._move(stop)

    def _move(self, stop: int) -> None:
        for condition in self._motion.move_to(stop) if stop > self._done else ():
            self._known.append((self._done, condition))
            self._done += 1


@dataclass(frozen=True)
class PlannedMouth:
    """What the face is going to do in one frame; its motion is computed when the picture is drawn."""

    motion: DeferredMotion | None
    frame: int
    """Of the speech."""
    weight: float
    """See `Mouth`."""
    closure: float
    """See `Mouth`."""

    def mouth(self) -> Mouth | None:
        """The mouth to draw; None for an idle person."""
        if self.motion is not None and self.weight > 0:
            return Mouth(self.motion.conditions(self.frame), self.weight, self.closure)
        return None if self.closure == 0 else Mouth(np.zeros((0, 68, 3), np.float32), 0.0, self.closure)
