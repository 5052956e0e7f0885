"""Latency, step and memory of a live session: python benchmarks/live.py runs/me [--minutes 1] [--out frames].

A click train is pushed in real time in packets of 20 ms. Each click is looked for in the sound and in the pictures that
come out, and compared with the moment of its push. Prints a table for docs/serving.md.
"""

from __future__ import annotations

import argparse
import resource
import sys
import threading
import time
from itertools import islice, pairwise
from pathlib import Path

import cv2
import numpy as np
import torch
from machine import measured_with

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests/support"))
from live_faces import SimulatedClock, SimulatedPool

import beavervision as bv
from beavervision.audio.waveform import load_waveform
from beavervision.inference.live.frame import LiveFrame
from beavervision.inference.live.settings import LiveSettings
from beavervision.inference.live.speech_motion import LiveMotion
from beavervision.inference.streaming_session import StreamingSession

RATE, PACKET = 16_000, 320
EVERY_S, BURST_S = 1.0, 0.12


def bursts(seconds: float) -> np.ndarray:
    """Bursts of a vowel-like tone, one a second from 0.5 s on."""
    time_s = np.arange(round(seconds * RATE)) / RATE
    tone = sum(np.sin(2 * np.pi * 140 * k * time_s) / k for k in range(1, 12))
    return np.where((time_s - 0.5) % EVERY_S < BURST_S, 0.25 * tone, 0).astype(np.float32)


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


def watch(session: StreamingSession, seconds: float) -> tuple[list[LiveFrame], list[float], list[float]]:
    """Frames of a session, the times at which they came, and the process' resident memory in MB."""
    frames, times, memory = [], [], []
    for frame in islice(session, round(seconds * session.fps)):
        times.append(time.monotonic())
        frames.append(frame)
        if frame.index % 25 == 0:
            memory.append(resident_mb())
    return frames, times, memory


def resident_mb() -> float:
    """Resident memory of this process, MB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1e6


def latencies(frames: list[LiveFrame], times: list[float], pushed: list[float], fps: float) -> np.ndarray:
    """Seconds from the push of each burst's first sample to the frame that is heard with it."""
    sound = np.concatenate([frame.sound for frame in frames])
    rate = frames[0].sample_rate
    loud = np.abs(sound) > 0.02
    quiet = np.convolve(loud, np.ones(rate // 10), "full")[: len(loud)]
    onsets = np.flatnonzero(loud & (np.concatenate([[0], quiet[:-1]]) == 0))
    found = []
    for k, onset in enumerate(onsets):
        packet = int((0.5 + k * EVERY_S) * RATE) // PACKET
        index, rest = divmod(onset / rate * fps, 1)
        if packet < len(pushed) and int(index) < len(times):
            found.append(times[int(index)] + rest / fps - pushed[packet])
    return np.array(found)


def steps(frames: list[LiveFrame]) -> tuple[float, float, float]:
    """Mean absolute change from picture to picture, 0-255: idle, speaking, and largest at a change between the two."""
    pictures = [frame.image.astype(np.float32) for frame in frames]
    change = np.array([np.abs(b - a).mean() for a, b in pairwise(pictures)])
    speaking = np.array([frame.speaking for frame in frames])
    both, neither = speaking[1:] & speaking[:-1], ~speaking[1:] & ~speaking[:-1]
    border = np.zeros(len(change), bool)
    for at in np.flatnonzero(speaking[1:] != speaking[:-1]):
        border[max(0, at - 6) : at + 7] = True
    return tuple(float(change[mask].max(initial=0)) for mask in (neither & ~border, both & ~border, border))  # pyright: ignore[reportReturnType]


def loop_steps(face: object, ticks: int) -> tuple[float, float]:
    """Median and largest change between neighbouring idle pictures over some ticks, turning points included."""
    pictures = (face.draw(tick, None).astype(np.float32) for tick in range(ticks))  # pyright: ignore[reportAttributeAccessIssue]
    last, changes = next(pictures), []
    for picture in pictures:
        changes.append(float(np.abs(picture - last).mean()))
        last = picture
    moved = [change for change in changes if change > 0]
    return float(np.median(moved)), max(changes)


def mouth_lag(face: object) -> str:
    """How many frames of sound the motion is given after a frame."""
    motion: LiveMotion = face.motion_maker(LiveSettings().controls)()  # pyright: ignore[reportAttributeAccessIssue]
    return f"{motion.look_ahead} frames at most"


def main() -> None:
    """Run the benchmark and print its table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("person", type=Path)
    parser.add_argument("--minutes", type=float, default=0.5)
    parser.add_argument("--speech", type=Path)
    parser.add_argument("--out", type=Path)
    asked = parser.parse_args()
    avatar = bv.Avatar(asked.person, None, 0, {})
    begun = time.monotonic()
    face = avatar.live_face()
    print(f"| loading | {time.monotonic() - begun:.1f} s |")
    torch.set_num_threads(1)  # as serve does: pictures are drawn side by side
    drawing = [draw_time(face, k) for k in range(6)]
    wall, cpu = 1000 * np.median(drawing, axis=0)
    print(f"| drawing one picture, one thread | {wall:.0f} ms, of which the processor worked {cpu:.0f} ms |")
    usual, largest = loop_steps(face, 250)
    print(f"| idle: change of neighbouring pictures | median {usual:.2f}, largest {largest:.2f} |")
    if asked.speech:
        speak(face, asked.speech, asked.out)
    session, pushed, stop = StreamingSession(face), [], threading.Event()
    seconds = 60 * asked.minutes
    feeder = threading.Thread(target=feed, args=(session, bursts(seconds), pushed, stop), daemon=True)
    feeder.start()
    frames, times, memory = watch(session, seconds)
    stop.set()
    found = 1000 * latencies(frames, times, pushed, session.fps)
    due = np.diff(times) * 1000
    usual, late = np.quantile(found, (0.5, 0.95))
    print(f"| speech to photon | median {usual:.0f} ms, 95 % {late:.0f} ms, largest {found.max():.0f} ms |")
    print(f"| look-ahead | {mouth_lag(face)} |")
    print(f"| time between frames | median {np.median(due):.1f} ms, largest {due.max():.1f} ms |")
    counts = session.counts
    shown = f"{counts.shown} new, {counts.repeated} repeated, {counts.dropped} dropped"
    print(f"| pictures | {shown}, {session.stalls} stalls |")
    print(f"| resident memory | {memory[len(memory) // 4]:.0f} MB at a quarter, {memory[-1]:.0f} MB at the end |")
    print(measured_with("torch", "numpy"))


def draw_time(face: object, tick: int) -> tuple[float, float]:
    """Seconds that one speaking picture takes, and the processor's time in them; they are equal on an idle machine."""
    from beavervision.inference.live.face import Mouth

    condition = np.repeat(face.avatar.rest[None], face.window, 0)  # pyright: ignore[reportAttributeAccessIssue]
    begun, worked = time.perf_counter(), time.thread_time()
    face.draw(tick, Mouth(condition, 1.0))  # pyright: ignore[reportAttributeAccessIssue]
    return time.perf_counter() - begun, time.thread_time() - worked


def speak(face: object, path: Path, out: Path | None) -> None:
    """Push a speech on a simulated clock, so that every picture is drawn; measure steps, and write pictures."""
    clock = SimulatedClock()
    session = StreamingSession(face, None, clock, SimulatedPool(clock))  # pyright: ignore[reportArgumentType]
    samples = load_waveform(path).samples[: 4 * RATE]
    clock.at(0.6, lambda: session.push(samples, RATE))
    clock.at(0.6, session.end_speech)
    frames = list(islice(session, round(6 * session.fps)))
    idle, speaking, border = steps(frames)
    print(f"| largest step | idle {idle:.2f}, speaking {speaking:.2f}, between idle and speech {border:.2f} |")
    if out is None:
        return
    out.mkdir(parents=True, exist_ok=True)
    first = next(i for i, frame in enumerate(frames) if frame.speaking)
    for name, chosen in (("begin", range(first - 2, first + 14)), ("speech", range(first + 20, first + 84, 4))):
        pictures = [frames[i].image for i in chosen]
        rows = [np.concatenate(pictures[i : i + 4], 1) for i in range(0, 16, 4)]
        cv2.imwrite(str(out / f"{name}.png"), np.concatenate(rows)[..., ::-1])


if __name__ == "__main__":
    main()
