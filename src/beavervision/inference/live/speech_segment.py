"""One speech of a live session: sound arrives in packets and leaves in frames, with its motion."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from beavervision.audio.streaming_resample import StreamingResampler
from beavervision.audio.waveform import SAMPLE_RATE
from beavervision.inference.live.activity import StreamingActivity
from beavervision.inference.live.deferred_motion import DeferredMotion
from beavervision.inference.live.sample_queue import SampleQueue


@dataclass(frozen=True)
class SpeechFrame:
    """What one frame of a speech says."""

    sound: Float[np.ndarray, "n"]
    index: int
    """Number of the frame in its speech."""
    active: bool
    """Whether it belongs to speech and not to silence or noise."""
    last: bool
    """Whether it is the speech's last frame."""


class SpeechSegment:
    """Sound from its first sample until it ends, stalls for long or is interrupted.

    Args:
        motion: of this speech.
        activity: of the session's sound.
        fps: frames per second.
        sound_rate: samples per second of the sound that leaves.
        number: of the speech in its session.
        begin: tick of the session before which it does not go on.
        offset: seconds of silence before the first sample, less than a frame.
    """

    def __init__(
        self,
        motion: DeferredMotion,
        activity: StreamingActivity,
        fps: float,
        sound_rate: int,
        number: int = 0,
        begin: int = 0,
        offset: float = 0.0,
    ) -> None:
        self.number, self.begin = number, begin
        self.motion, self._activity, self._fps = motion, activity, fps
        self._rates = {"heard": SAMPLE_RATE, "played": sound_rate}
        self._queues = {name: SampleQueue() for name in self._rates}
        self._resamplers: dict[str, StreamingResampler] = {}
        self._source = 0
        self._total = dict.fromkeys(self._rates, 0)
        self._listened = self._taken = 0
        self._samples = 0
        self._offset = offset
        self._active: dict[int, bool] = {}
        self.ended = False
        """Whether no more sound will come."""
        self.stalled = False
        """Whether it ran out of sound and none has come since."""
        self.last_push = -np.inf
        """Time of the last packet."""
        for name, rate in self._rates.items():
            self._put(name, np.zeros(round(offset * rate), np.float32))

    @property
    def n_frames(self) -> int:
        """Frames whose sound is complete, from the first; a last, incomplete one counts when the speech has ended."""
        whole = min(self._total[name] * self._fps / rate for name, rate in self._rates.items())
        return int(np.ceil(whole - 1e-6)) if self.ended else int(whole + 1e-6)

    @property
    def n_ready(self) -> int:
        """Frames that can be taken now."""
        return self.n_frames - self._taken if self.ended else min(self.n_frames, self._hearable()) - self._taken

    @property
    def waiting(self) -> float:
        """Seconds of sound that were not taken yet."""
        return len(self._queues["played"]) / self._rates["played"]

    @property
    def taken(self) -> float:
        """Seconds of the speech that were taken, without the silence before it."""
        return max(0.0, min(self._samples, self._total["played"]) / self._rates["played"] - self._offset)

    def push(self, samples: Float[np.ndarray, "N"], rate: int, now: float) -> None:
        """Append mono samples of any rate.

        Raises:
            AudioError: when the rate is not supported.
        """
        self.last_push = now
        if rate != self._source:
            self._flush()
            self._resamplers = {name: StreamingResampler(rate, target) for name, target in self._rates.items()}
            self._source = rate
        for name, resampler in self._resamplers.items():
            self._put(name, resampler.push(samples))

    def end(self) -> None:
        """Say that no more sound will come."""
        if not self.ended:
            self._flush()
            self.ended = True

    def take(self, count: int) -> SpeechFrame:
        """Remove and return the next frame; only when `n_ready` is positive.

        Args:
            count: samples of its sound, which differ by one where frames are no whole number of samples.
        """
        index = self._taken
        self._listen(index + 1 + self.motion.look_ahead + self.motion.lag)
        sound = self._queues["played"].take(count)
        sound = np.pad(sound, (0, count - len(sound)))
        self._taken += 1
        self._samples += count
        # Sound up to the look-ahead is known, so that lips are in motion when the voice sets in.
        active = any(self._active.values())
        self._active.pop(index, None)
        return SpeechFrame(sound, index, active, last=self.ended and self._taken >= self.n_frames)

    def _listen(self, frames: int) -> None:
        """Give the motion the sound of the first `frames` frames, as far as it has arrived, and silence after its end.

        Activity is asked at the same time, frame by frame.
        """
        while self._listened < frames:
            begin, end = (round(i * SAMPLE_RATE / self._fps) for i in (self._listened, self._listened + 1))
            waiting = self._queues["heard"]
            if len(waiting) < end - begin and not self.ended:
                return
            samples = waiting.take(end - begin)
            samples = np.pad(samples, (0, end - begin - len(samples)))
            self.motion.hear(samples)
            self._active[self._listened] = self._activity(samples)
            self._listened += 1

    def _hearable(self) -> int:
        """Frames whose motion can be computed when all that waits is listened to."""
        waiting = int(len(self._queues["heard"]) * self._fps / SAMPLE_RATE + 1e-6)
        return self._listened + waiting - self.motion.lag

    def _flush(self) -> None:
        for name, resampler in self._resamplers.items():
            self._put(name, resampler.finish())
        self._resamplers, self._source = {}, 0

    def _put(self, name: str, samples: Float[np.ndarray, "n"]) -> None:
        self._queues[name].put(samples)
        self._total[name] += len(samples)
