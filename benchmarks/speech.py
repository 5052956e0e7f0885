"""Accuracy of audio2motion on held-out synthetic voices and on the held-out end of a clip.

- `python benchmarks/speech.py talks <folder of synthetic speech> <bundle>` evaluates a bundle on held-out synthetic
  speech, clean and with room acoustics, noise and narrow-band lines.
- `python benchmarks/speech.py clip <clip> <name>=<bundle> ...` evaluates bundles on the last 1/11 of a clip.
- `python benchmarks/speech.py sound <bundle> <file> ...` measures mouth opening and jitter on any speech.

Each command prints a table in Markdown.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Bool, Float

from beavervision.artifacts.clip import Clip
from beavervision.artifacts.manifest import Manifest
from beavervision.artifacts.synthetic_speech import SyntheticSpeech
from beavervision.audio.acoustics import random_acoustics
from beavervision.audio.waveform import SAMPLE_RATE, load_waveform
from beavervision.data.recording import tracked_frames
from beavervision.face.gpmm import load_gpmm
from beavervision.face.model_registry import load_face_model
from beavervision.metrics.jitter import landmark_jitter
from beavervision.metrics.lmd import landmark_distance
from beavervision.metrics.mouth import SHUT
from beavervision.stages.audio2motion.bundle_schema import Audio2MotionFacts
from beavervision.stages.audio2motion.inference import AudioToMotion
from beavervision.stages.face_geometry import FaceGeometry, lip_distance

SLACK = 1
"""Tolerance of a lip closure, frames."""
SECONDS = 60
"""Evaluated length of each held-out speech."""
NOISE = 10 ** (-40 / 20)
"""Room noise without speech, RMS relative to full scale."""


def lips_of(expression: Float[np.ndarray, "T E"], basis: str) -> torch.Tensor:
    """Lip landmarks [T, 40, 3] of the mean face with this expression, mm."""
    return FaceGeometry(load_face_model(basis)).lips(torch.tensor(np.asarray(expression), dtype=torch.float32))


def runs(marks: Bool[np.ndarray, "T"]) -> Iterator[tuple[int, int]]:
    """Start and end (exclusive) of every run of True."""
    edges = np.diff(np.concatenate([[0], marks.astype(int), [0]]))
    yield from zip(np.flatnonzero(edges == 1), np.flatnonzero(edges == -1), strict=True)


def lip_error(found: torch.Tensor, truth: torch.Tensor) -> float:
    """LVE: largest squared distance of the lip landmarks, mean over frames, mm^2 (Richard et al. 2021)."""
    return float((found - truth).square().sum(-1).amax(-1).mean())


def judge_talk(
    talk: SyntheticSpeech, predictor: AudioToMotion, sound: np.ndarray, usual_amp: float
) -> dict[str, float]:
    """Metrics of one held-out speech. The amplitude of the voice is given, as for a person."""
    n = min(talk.n_frames, round(SECONDS * talk.fps))
    face, truth = load_gpmm(), np.asarray(talk.expression[:n])
    gap = lip_distance(face, truth)
    amp = float(np.percentile(gap, 90)) / usual_amp
    found = predictor.predict(sound[: n * SAMPLE_RATE // 25], mouth_amp=amp).expression
    opening = lip_distance(face, found)
    low, high = np.percentile(gap, [2, 95])
    closures = list(runs(talk.closed[:n]))
    shut = [opening[max(0, a - SLACK) : b + SLACK].min() < low + SHUT * (high - low) for a, b in closures]
    lips = lips_of(truth, talk.basis)
    return {
        "r": float(np.corrcoef(opening, gap)[0, 1]),
        "found": float(np.sum(shut)),
        "closures": len(closures),
        "lve": lip_error(lips_of(found, talk.basis), lips),
        "lve_mean": lip_error(lips_of(truth.mean(0, keepdims=True), talk.basis), lips),
    }


def talks(folder: Path, bundle: Path) -> None:
    """Print the table of held-out synthetic speech."""
    predictor = AudioToMotion.from_bundle(bundle)
    amp = Manifest.read(bundle, Audio2MotionFacts).facts.mouth_amp
    held_out = [talk for path in sorted(folder.iterdir()) if (talk := SyntheticSpeech.load(path)).facts.split == "test"]
    print(
        "| held-out voices and sentences | jaw r (worst voice) "
        "| closure recall of p, b, m | LVE relative to the mean face |"
    )
    print("|---|---|---|---|")
    for name, recorded in (("clean", False), ("with rooms, noise and narrow-band lines", True)):
        rng = np.random.default_rng(1)
        heard = [random_acoustics(rng).heard(t.audio()) if recorded else t.audio() for t in held_out]
        all_ = [judge_talk(talk, predictor, sound, amp) for talk, sound in zip(held_out, heard, strict=True)]
        r = [figures["r"] for figures in all_]
        shut = sum(f["found"] for f in all_) / sum(f["closures"] for f in all_)
        lve = sum(f["lve"] for f in all_) / sum(f["lve_mean"] for f in all_)
        print(f"| {len(all_)} voices, {name} | {np.mean(r):.3f} ({min(r):.3f}) | {100 * shut:.0f} % | {lve:.2f} |")


def clip(folder: Path, bundles: Sequence[tuple[str, Path]]) -> None:
    """Print the table of the held-out end of a clip. Earlier sound is used as context, but not evaluated."""
    footage = Clip.load(folder)
    face, person = load_face_model(footage.facts.basis), footage.subjects[0]
    judged = np.array(footage.test_range)[tracked_frames(person)[footage.test_range.start :]]
    learnt = np.flatnonzero(tracked_frames(person)[: footage.train_range.stop])
    truth, own_amp = person.expression[judged], np.percentile(lip_distance(face, person.expression[learnt]), 90)
    lips = lips_of(truth, face.name)
    rest = lips_of(person.expression[learnt].mean(0, keepdims=True), face.name)
    print(
        f"| {footage.name}, last {len(judged)} frames | mouth r | LMD of the lips, mm "
        "| jitter relative to the footage |"
    )
    print("|---|---|---|---|")
    print(f"| mean face | | {float(landmark_distance(rest, lips)):.2f} | 0 |")
    for name, bundle in bundles:
        amp = own_amp / Manifest.read(bundle, Audio2MotionFacts).facts.mouth_amp
        motion = AudioToMotion.from_bundle(bundle).predict(footage.audio(), mouth_amp=float(amp)).expression[judged]
        found = lips_of(motion, face.name)
        r = np.corrcoef(lip_distance(face, motion), lip_distance(face, truth))[0, 1]
        tremble = float(landmark_jitter(found) / landmark_jitter(lips))
        print(f"| {name} | {r:.2f} | {float(landmark_distance(found, lips)):.2f} | {tremble:.2f} |")


def sound(bundle: Path, files: Sequence[Path]) -> None:
    """Print the mouth opening on speech and in silence, and the speed of the prediction."""
    predictor = AudioToMotion.from_bundle(bundle)
    face = load_face_model(predictor.basis)
    print("| sound | mouth opening, 50 and 95 % quantile, cm | jitter, mm | speed, multiple of real time |")
    print("|---|---|---|---|")
    silence = np.zeros(4 * SAMPLE_RATE, np.float32)
    hiss = (NOISE * np.random.default_rng(1).standard_normal(4 * SAMPLE_RATE)).astype(np.float32)
    heard = [(path.name, load_waveform(path).samples) for path in files]
    for name, samples in [*heard, ("digital silence", silence), ("noise at -40 dB", hiss)]:
        start = time.process_time()
        motion = predictor.predict(samples).expression
        speed = len(samples) / SAMPLE_RATE / (time.process_time() - start)
        middle, wide = np.percentile(lip_distance(face, motion), [50, 95])
        tremble = float(landmark_jitter(lips_of(motion, face.name)))
        print(f"| {name} | {middle:.2f} {wide:.2f} | {tremble:.3f} | {speed:.0f} |")


def main() -> None:
    """Run the command; see the module docstring."""
    match sys.argv[1:]:
        case ["talks", folder, bundle]:
            talks(Path(folder), Path(bundle))
        case ["clip", folder, *pairs] if pairs:
            clip(Path(folder), [(name, Path(path)) for name, _, path in (pair.partition("=") for pair in pairs)])
        case ["sound", bundle, *files]:
            sound(Path(bundle), [Path(file) for file in files])
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main()
