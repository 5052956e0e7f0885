"""How fast audio2motion is, whole and live: `python benchmarks/streaming.py [bundle] [speech.wav]`.

Prints what an offline prediction costs by part, what a piece of a stream costs, and by how much streamed motion
differs from that of the whole speech. Without a bundle the network is `model/network=compact` with random weights
(as fast, but its motion means nothing); without a speech, half a minute of the demo's. CPU seconds of one thread.
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
from beavervision.synthetic.assets import speech_audio

PIECES = (1, 5, 25)
"""Frames that come at once."""
SECONDS = 30.0


def predictor(bundle: str | None) -> AudioToMotion:
    """The bundle's, or one of the compact network's size."""
    if bundle is not None:
        return AudioToMotion.from_bundle(Path(bundle))
    torch.manual_seed(0)
    network = MotionVAE(80, 64, **OmegaConf.load(conf_folder() / "model/network/compact.yaml"))
    return AudioToMotion(network, AudioFeatureExtractor(), 25.0, "gpmm", 1.0, 1.0, -20.0)


def seconds(work: Callable[[], object]) -> float:
    """CPU seconds of the work, which is done once before."""
    work()
    begun = time.process_time()
    work()
    return time.process_time() - begun


def offline(speaker: AudioToMotion, sound: Float[np.ndarray, "N"]) -> None:
    """Cost of a whole speech by part."""
    length = len(sound) / SAMPLE_RATE
    heard = speaker.features.extract(sound, speaker.fps)
    costs = {
        "features": seconds(lambda: speaker.features.extract(sound, speaker.fps)),
        "network": seconds(lambda: speaker.move(heard)),
        "both": seconds(lambda: speaker.predict(sound)),
    }
    print(f"| whole speech of {length:.1f} s | CPU ms a second | times real time |\n|---|---|---|")
    for name, cost in costs.items():
        print(f"| {name} | {1000 * cost / length:.2f} | {length / cost:.0f} |")


def live(speaker: AudioToMotion, sound: Float[np.ndarray, "N"], level_db: float | None) -> Float[np.ndarray, "T E"]:
    """Cost of a stream by the size of its pieces; returns the motion."""
    print("| frames a piece | ms a piece, median | 95 % | times real time |\n|---|---|---|---|")
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
    print(f"streamed against whole, its level known: {np.abs(exact - whole).max():.1e} standard deviations at most")
    stream, face = MotionStream(speaker), load_face_model(speaker.basis)
    parts = np.split(sound, range(SAMPLE_RATE, len(sound), SAMPLE_RATE))
    blind = np.concatenate([*(stream.push(part) for part in parts), stream.finish()])
    gaps = [lip_distance(face, motion) for motion in (whole, blind)]
    error = np.abs(gaps[0] - gaps[1]).mean() / np.ptp(np.percentile(gaps[0], [5, 95]))
    print(f"its level not known: mouth r {np.corrcoef(*gaps)[0, 1]:.3f}, off by {100 * error:.1f} % of its range")


if __name__ == "__main__":
    main()
