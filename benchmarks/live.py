"""Latency, offset, steps and memory of a live session: python benchmarks/live.py runs/me [--minutes 10].

Bursts of sound are pushed in real time in packets of 20 ms, one a second. Each is looked for in the sound and in the
pictures that come out, and compared with the moment of its push. Afterwards a part is repeated on a simulated clock, on
which every picture is drawn in time; the mouth of the live pictures is compared with that. Prints one table for
docs/guides/live_assistant.md. A minute by default; `--minutes 10` shows that memory is flat.
"""

from __future__ import annotations

import argparse
import os
import resource
import sys
import threading
import time
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import torch
from machine import measured_with

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests/support"))
from live_faces import SimulatedClock, SimulatedPool

import beavervision as bv
from beavervision.audio.waveform import load_waveform
from beavervision.inference.live.face import LiveFace, Mouth
from beavervision.inference.live.frame import LiveFrame
from beavervision.inference.live.settings import LiveSettings
from beavervision.inference.streaming_session import StreamingSession
from beavervision.serving.codec import picture_encoder

RATE, PACKET = 16_000, 320
EVERY_S, BURST_S, FIRST_S = 1.0, 0.12, 0.5
REPEATED_S = 12.0
"""Seconds that are repeated on the simulated clock."""
THIN = 4
"""Every fourth row and column of a picture is compared."""


def bursts(seconds: float) -> np.ndarray:
    """Bursts of a vowel-like tone, one a second from 0.5 s on."""
    time_s = np.arange(round(seconds * RATE)) / RATE
    tone = sum(np.sin(2 * np.pi * 140 * k * time_s) / k for k in range(1, 12))
    return np.where((time_s - FIRST_S) % EVERY_S < BURST_S, 0.25 * tone, 0).astype(np.float32)


def feed(session: StreamingSession, samples: np.ndarray, pushed: list[float], stop: threading.Event) -> None:
    """Push samples as a microphone would; note the time of every packet."""
    begun = time.monotonic()
    for k, start in enumerate(range(0, len(samples), PACKET)):
        wait = begun + (k + 1) * PACKET / RATE - time.monotonic()
        if wait > 0:
            time.sleep(wait)
        if stop.is_set():
            return
        session.push(samples[start : start + PACKET], RATE)
        pushed.append(time.monotonic())


@dataclass
class Watcher:
    """What is kept of a session's frames; it does not grow by the pictures."""

    face: LiveFace
    times: list[float] = field(default_factory=list)
    pictures: list[int] = field(default_factory=list)
    """Number of the frame that each frame's picture was drawn for."""
    onsets: list[tuple[int, float]] = field(default_factory=list)
    """Frame, and seconds inside it, at which each burst is heard."""
    steps: list[tuple[float, bool]] = field(default_factory=list)
    """Mean change to the picture before, 0 to 255, and whether somebody speaks."""
    mouth: list[float] = field(default_factory=list)
    """Mean difference of each frame's picture to the idle one."""
    memory: list[float] = field(default_factory=list)
    _thin: np.ndarray | None = None
    _quiet: int = RATE
    _idle: dict[int, np.ndarray] = field(default_factory=dict)

    def watch(self, session: StreamingSession, seconds: float, now: object = time.monotonic) -> Watcher:
        """Take a session's frames."""
        for frame in islice(session, round(seconds * session.fps)):
            self.times.append(now())  # pyright: ignore[reportCallIssue]
            self._take(frame)
        return self

    def _take(self, frame: LiveFrame) -> None:
        self.pictures.append(frame.picture)
        thin = frame.image[::THIN, ::THIN].astype(np.int16)
        if self._thin is not None:
            self.steps.append((float(np.abs(thin - self._thin).mean()), frame.speaking))
        self._thin = thin
        self.mouth.append(float(np.abs(thin - self._resting(frame.picture)).mean()))
        for at in np.flatnonzero(np.abs(frame.sound) > 0.02):
            if self._quiet + at > frame.sample_rate // 10:
                self.onsets.append((frame.index, at / frame.sample_rate))
            self._quiet = -int(at)
        self._quiet += len(frame.sound)
        if frame.index % 25 == 0:
            self.memory.append(resident_mb())

    def _resting(self, tick: int) -> np.ndarray:
        at = getattr(self.face, "loop", None)
        place = tick if at is None else at.at(tick)
        if place not in self._idle:
            drawn = self.face.draw(tick, None)[::THIN, ::THIN].astype(np.int16)
            if at is None:
                return drawn
            self._idle[place] = drawn
        return self._idle[place]

    def warm_up(self) -> None:
        """Draw the idle pictures beforehand, so that nothing else is drawn while the session is measured."""
        if hasattr(self.face, "loop"):
            for tick in range(4 * self.face.loop.n_frames):  # pyright: ignore[reportAttributeAccessIssue]
                self._resting(tick)


def resident_mb() -> float:
    """Resident memory of this process, MB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1e6


def latencies(seen: Watcher, pushed: list[float]) -> tuple[np.ndarray, np.ndarray]:
    """Milliseconds from the push of each burst's first sample until it is heard, and until it is seen.

    It is seen with the first frame from then on whose picture was drawn for that moment or a later one.
    """
    heard, visible = [], []
    for k, (frame, inside) in enumerate(seen.onsets):
        packet = int((FIRST_S + k * EVERY_S) * RATE) // PACKET
        shown = next((i for i in range(frame, len(seen.pictures)) if seen.pictures[i] >= frame), None)
        if packet < len(pushed) and shown is not None:
            heard.append(seen.times[frame] + inside - pushed[packet])
            visible.append(seen.times[shown] + inside - pushed[packet])
    return 1000 * np.array(heard), 1000 * np.array(visible)


def undisturbed(face: LiveFace, seen: Watcher, pushed: list[float], begun: float) -> Watcher:
    """The begin of a live session again, on a clock on which every picture is ready in time."""
    clock, again = SimulatedClock(), Watcher(face, _idle=seen._idle)
    session = StreamingSession(face, None, clock, SimulatedPool(clock))  # pyright: ignore[reportArgumentType]
    samples = bursts(REPEATED_S)
    for k, start in enumerate(range(0, len(samples), PACKET)):
        if k < len(pushed):
            clock.at(pushed[k] - begun, lambda part=samples[start : start + PACKET]: session.push(part, RATE))
    return again.watch(session, REPEATED_S, clock.now)


def opening(seen: Watcher, fps: float) -> float:
    """Median ms from a burst's sound until the mouth is half as open as it gets; negative if it is open earlier."""
    found = []
    for frame, inside in seen.onsets:
        around = range(max(0, frame - round(0.3 * fps)), min(len(seen.mouth), frame + round(0.5 * fps)))
        curve = [seen.mouth[i] for i in around]
        first = next(i for i in around if seen.mouth[i] >= 0.5 * max(curve))
        found.append(1000 * ((first - frame) / fps - inside))
    return float(np.median(found))


def largest_steps(steps: list[tuple[float, bool]]) -> str:
    """Largest change between neighbouring pictures: idle, speaking, and within six frames of a change between them."""
    change, speaking = (np.array(column) for column in zip(*steps, strict=True))
    border = np.zeros(len(change), bool)
    for at in np.flatnonzero(speaking[1:] != speaking[:-1]):
        border[max(0, at - 6) : at + 8] = True
    masks = {"idle": ~speaking & ~border, "speaking": speaking & ~border, "between them": border}
    return ", ".join(f"{name} {change[mask].max(initial=0):.2f}" for name, mask in masks.items())


def parts(face: LiveFace) -> dict[str, float]:
    """Processor time of each part of one speaking frame, ms: motion, drawing, JPEG, H.264."""
    motion = face.motion_maker(LiveSettings().controls)()
    rng, packet = np.random.default_rng(0), round(RATE / face.fps)
    jpeg, h264 = (picture_encoder(name, face.size, face.fps) for name in ("jpeg", "h264"))
    spent: dict[str, list[float]] = {"motion": [], "picture": [], "JPEG": [], "H.264": []}

    def timed(name: str, action: object) -> object:
        begun = time.thread_time()
        result = action()  # pyright: ignore[reportCallIssue]
        spent[name].append(1000 * (time.thread_time() - begun))
        return result

    def move(tick: int) -> np.ndarray:
        motion.listen(0.1 * rng.standard_normal(packet).astype(np.float32))
        return motion.move_to(max(0, tick - 3 - motion.lag))

    for tick in range(30):
        conditions = timed("motion", lambda tick=tick: move(tick))
        if len(conditions):  # pyright: ignore[reportArgumentType]
            mouth = Mouth(np.repeat(conditions[-1:], face.window, 0), 1.0)  # pyright: ignore[reportIndexIssue]
            image = timed("picture", lambda tick=tick, mouth=mouth: face.draw(tick, mouth))
            timed("JPEG", lambda image=image: jpeg.encode(image))  # pyright: ignore[reportArgumentType]
            timed("H.264", lambda image=image: h264.encode(image))  # pyright: ignore[reportArgumentType]
    return {name: float(np.median(values[5:])) for name, values in spent.items()}


def figures(values: np.ndarray) -> str:
    """Median, 95 % and largest, ms."""
    median, high = np.quantile(values, (0.5, 0.95))
    return f"median {median:.0f} ms, 95 % {high:.0f} ms, largest {values.max():.0f} ms"


def main() -> None:
    """Run the benchmark and print its table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("person", type=Path)
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--speech", type=Path, help="also speak four seconds of it, every picture drawn, for the steps")
    parser.add_argument("--out", type=Path, help="write pictures of that speech")
    asked = parser.parse_args()
    face = bv.Avatar(asked.person, None, 0, {}).live_face()
    torch.set_num_threads(1)  # as serve does: pictures are drawn side by side
    cost = parts(face)
    seen = Watcher(face)
    seen.warm_up()
    load, settings = os.getloadavg()[0], LiveSettings()
    session, pushed, stop = StreamingSession(face), [], threading.Event()
    seconds, begun, worked = 60 * asked.minutes, time.monotonic(), time.process_time()
    threading.Thread(target=feed, args=(session, bursts(seconds), pushed, stop), daemon=True).start()
    seen.watch(session, seconds)
    stop.set()
    busy = (time.process_time() - worked) / (time.monotonic() - begun)
    heard, visible = latencies(seen, pushed)
    again = undisturbed(face, seen, pushed, begun)
    offset = 1000 / face.fps * (np.arange(len(seen.pictures)) - np.array(seen.pictures))[25:]
    counts, memory, due = session.counts, seen.memory, 1000 * np.diff(seen.times)
    rows = {
        "person, length, load before": f"{face.size[0]}x{face.size[1]}, {asked.minutes:g} min, {load:.1f}",
        "processor time of a frame": ", ".join(f"{name} {value:.1f} ms" for name, value in cost.items()),
        "processor while it speaks once a second": f"{busy:.2f} cores",
        "latency that is set": f"{1000 * settings.latency:.0f} ms, of which {1000 * settings.lead:.0f} ms to draw",
        "from the push of a sample until it is heard": figures(heard),
        "from the push of a sample until it is seen": figures(visible),
        "a/v offset, age of the picture shown": figures(offset),
        "a/v offset, mouth in the pictures": f"{opening(seen, face.fps) - opening(again, face.fps):+.0f} ms",
        "time between frames": figures(due),
        "largest step, every picture drawn": largest_steps(again.steps),
        "largest step, live": largest_steps(seen.steps),
        "pictures": f"{counts.shown} new, {counts.repeated} repeated, {counts.dropped} dropped",
        "resident memory": f"{memory[len(memory) // 4]:.0f} MB at a quarter, {memory[-1]:.0f} MB at the end",
    }
    if asked.speech:
        rows["largest step, speech, every picture drawn"] = speak(face, asked.speech, asked.out)
    print("| measure | measured |\n|---|---|")
    for name, value in rows.items():
        print(f"| {name} | {value} |")
    print(measured_with("torch", "numpy"))


def speak(face: LiveFace, path: Path, out: Path | None) -> str:
    """Push a speech on a simulated clock, so that every picture is drawn; the largest steps, and pictures."""
    clock = SimulatedClock()
    session = StreamingSession(face, None, clock, SimulatedPool(clock))  # pyright: ignore[reportArgumentType]
    samples = load_waveform(path).samples[: 4 * RATE]
    clock.at(0.6, lambda: session.push(samples, RATE))
    clock.at(0.6, session.end_speech)
    frames = list(islice(session, round(6 * session.fps)))
    thin = [frame.image[::THIN, ::THIN].astype(np.int16) for frame in frames]
    steps = [(float(np.abs(b - a).mean()), f.speaking) for a, b, f in zip(thin, thin[1:], frames[1:], strict=False)]
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        first = next(i for i, frame in enumerate(frames) if frame.speaking)
        for name, chosen in (("begin", range(first - 2, first + 14)), ("speech", range(first + 20, first + 84, 4))):
            pictures = [frames[i].image for i in chosen]
            rows = [np.concatenate(pictures[i : i + 4], 1) for i in range(0, 16, 4)]
            cv2.imwrite(str(out / f"{name}.png"), np.concatenate(rows)[..., ::-1])
    return largest_steps(steps)


if __name__ == "__main__":
    main()
