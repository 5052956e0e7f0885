"""Speed of audio2motion, offline and streaming: `python benchmarks/streaming.py [bundle] [speech.wav]`.

Prints the CPU time of an offline prediction by part, the CPU time per chunk of a stream, and the difference between
streamed and offline motion. Without a bundle, the network is `model/network=compact` with random weights. Its speed is
the same, but its motion is meaningless. Without a speech, 30 seconds of the demo's speech are used. Times are CPU
seconds of one thread.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from omegaconf import OmegaConf

from beavervision.audio.features import AudioFeatureExtractor
from beavervision.audio.level import spoken_level_of, window_powers
from beavervision.audio.waveform import SAMPLE_RATE, load_waveform
from beavervision.config.conf_folder import conf_folder
from beavervision.face.model_registry import load_face_model
from beavervision.stages.audio2motion.inference import AudioToMotion
from beavervision.stages.audio2motion.network import MotionVAE
from beavervision.stages.audio2motion.streaming import MotionStream
from beavervision.stages.face_geometry import lip_distance
from beavervision.synthetic.ground_truth import speech_audio

PIECES = (1, 5, 25)
"""Frames per chunk."""
SECONDS = 30.0


def predictor(bundle: str | None) -> AudioToMotion:
    """Predictor of the bundle, or one with the compact network and random weights."""
    if bundle is not None:
        return AudioToMotion.from_bundle(Path(bundle))
    torch.manual_seed(0)
    network = MotionVAE(80, 64, **OmegaConf.load(conf_folder() / "model/network/compact.yaml"))
    return AudioToMotion(network, AudioFeatureExtractor(), 25.0, "gpmm", 1.0, 1.0, -20.0)


def seconds(work: Callable[[], object]) -> float:
    """CPU seconds of the work, after one warm-up run."""
    work()
    begun = time.process_time()
    work()
    return time.process_time() - begun


def offline(speaker: AudioToMotion, sound: Float[np.ndarray, "N"]) -> None:
    """Print the CPU time of a whole speech by part."""
    length = len(sound) / SAMPLE_RATE
    heard = speaker.features.extract(sound, speaker.fps)
    costs = {
        "features": seconds(lambda: speaker.features.extract(sound, speaker.fps)),
        "network": seconds(lambda: speaker.move(heard)),
        "both": seconds(lambda: speaker.predict(sound)),
    }
    print(
        f"| whole speech of {length:.1f} s | CPU ms per second of speech | speed, multiple of real time |\n|"
        + "---|" * 3
    )
    for name, cost in costs.items():
        print(f"| {name} | {1000 * cost / length:.2f} | {length / cost:.0f} |")


def live(speaker: AudioToMotion, sound: Float[np.ndarray, "N"], level_db: float | None) -> Float[np.ndarray, "T E"]:
    """Print the CPU time of a stream by chunk size; return the motion."""
    print("| frames per chunk | ms per chunk, median | 95 % | speed, multiple of real time |\n|---|---|---|---|")
    motion = np.zeros((0, 0), np.float32)
    for frames in PIECES:
        stream, size, costs, pieces = MotionStream(speaker, level_db=level_db), round(frames * 640), [], []
        for start in range(0, len(sound), size):
            begun = time.process_time()
            pieces.append(stream.push(sound[start : start + size]))
            costs.append(1000 * (time.process_time() - begun))
        motion = np.concatenate([*pieces, stream.finish()])
        usual, worst = np.percentile(costs[10:] or costs, [50, 95])
        print(f"| {frames} | {usual:.1f} | {worst:.1f} | {40 * frames / usual:.0f} |")
    return motion


def main() -> None:
    """Print the tables."""
    torch.set_num_threads(1)
    bundle, path = (*sys.argv[1:], None, None)[:2]
    speaker = predictor(bundle)
    sound = load_waveform(path or speech_audio()).samples[: round(SECONDS * SAMPLE_RATE)]
    offline(speaker, sound)
    level = spoken_level_of(window_powers(sound))
    whole, exact = speaker.predict(sound).expression, live(speaker, sound, level)
    look_ahead = speaker.network.future
    print(f"look-ahead {look_ahead} frames ({1000 * look_ahead / speaker.fps:.0f} ms)")
    print(f"stream against offline with a given level: at most {np.abs(exact - whole).max():.1e} standard deviations")
    stream, face = MotionStream(speaker), load_face_model(speaker.basis)
    parts = np.split(sound, range(SAMPLE_RATE, len(sound), SAMPLE_RATE))
    blind = np.concatenate([*(stream.push(part) for part in parts), stream.finish()])
    gaps = [lip_distance(face, motion) for motion in (whole, blind)]
    error = np.abs(gaps[0] - gaps[1]).mean() / np.ptp(np.percentile(gaps[0], [5, 95]))
    print(f"without a given level: mouth r {np.corrcoef(*gaps)[0, 1]:.3f}, difference {100 * error:.1f} % of its range")


if __name__ == "__main__":
    main()
