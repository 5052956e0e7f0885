"""A live face that costs nothing, and a clock that does not wait: sessions of hours run in seconds.

The scheduler, the resampling and the queues under test are the real ones.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count

import numpy as np

from beavervision.inference.live.face import Mouth

SAMPLE_RATE = 16_000
LIPS = [61, 62, 63]


class SimulatedClock:
    """Time passes only while somebody sleeps; what was planned happens on the way."""

    def __init__(self) -> None:
        self.time, self._events, self._order = 0.0, [], count()

    def now(self) -> float:
        return self.time

    def at(self, moment: float, action: Callable[[], object]) -> None:
        heapq.heappush(self._events, (moment, next(self._order), action))

    def sleep_until(self, moment: float) -> None:
        while self._events and self._events[0][0] <= moment:
            self.time = max(self.time, self._events[0][0])
            heapq.heappop(self._events)[2]()
        self.time = max(self.time, moment)


@dataclass
class Loudness:
    """Motion whose lips are as far apart as the frame is loud."""

    fps: float
    look_ahead: int = 5
    lag: int = 0
    levels: list[float] = field(default_factory=list)
    done: int = 0
    aheads: list[int] = field(default_factory=list)

    @property
    def n_heard(self) -> int:
        return self.done + len(self.levels)

    def listen(self, samples):
        self.levels.append(float(np.sqrt(np.square(samples).mean())) if len(samples) else 0.0)

    def move_to(self, stop):
        self.aheads = [*self.aheads[-200:], self.n_heard - stop]
        conditions = np.zeros((stop - self.done, 68, 3), np.float32)
        conditions[:, LIPS, 1] = np.array(self.levels[: stop - self.done])[:, None]
        del self.levels[: stop - self.done]
        self.done = stop
        return conditions


class Lamp:
    """A small face: red is the mouth's opening, green its weight, blue the tick modulo 250."""

    def __init__(self, fps: float = 25.0, side: int = 16) -> None:
        self.fps, self.size, self.window, self.motions = fps, (side, side), 1, []

    def motion_maker(self, controls):
        def begin():
            self.motions = [*self.motions[-3:], Loudness(self.fps)]
            return self.motions[-1]

        return begin

    def draw(self, tick: int, mouth: Mouth | None):
        opening = weight = 0.0
        if mouth is not None and mouth.weight > 0:
            weight = mouth.weight
            opening = weight * float(mouth.conditions[-1][LIPS, 1].mean())
        return np.full((*self.size, 3), (min(255, 255 * opening), 255 * weight, tick % 250), np.uint8)


@dataclass
class Drawn:
    """A picture that is ready at a moment of the simulated time."""

    pool: SimulatedPool
    begun: float
    ready: float
    picture: np.ndarray
    stopped: bool = False

    def done(self) -> bool:
        return self.stopped or self.pool.clock.now() >= self.ready

    def cancelled(self) -> bool:
        return self.stopped

    def cancel(self) -> bool:
        if not self.stopped and self.pool.clock.now() < self.begun:
            self.stopped = True
            self.pool.free -= self.ready - self.begun
        return self.stopped

    def result(self):
        return self.picture


class SimulatedPool:
    """Draws one picture after the other; each takes as long as `cost` says, in simulated seconds."""

    def __init__(self, clock: SimulatedClock, cost: Callable[[float], float] = lambda now: 0.0) -> None:
        self.clock, self.cost, self.free = clock, cost, 0.0

    def submit(self, draw, /):
        begun = max(self.free, self.clock.now())
        self.free = begun + self.cost(self.clock.now())
        return Drawn(self, begun, self.free, draw())


def push_in_real_time(clock, session, samples, rate, begin, packet=0.02, late: Callable[[int], float] = lambda k: 0.0):
    """Have sound pushed as a microphone would: each packet when its last sample has been spoken."""
    size = round(packet * rate)
    for k, start in enumerate(range(0, len(samples), size)):
        part = samples[start : start + size]
        clock.at(begin + (start + len(part)) / rate + late(k), lambda part=part: session.push(part, rate))
