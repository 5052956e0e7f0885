r"""Accuracy of the sync expert on held-out speech, and evaluation of audio2motion with the expert.

    python benchmarks/sync.py --expert <syncnet bundle> --motion <audio2motion bundle> \
        --talks 'runs/synthetic_speech/talks/*' --clip runs/<name>/clip

Real speech is read from ../shared/audio if it exists. Footage is a prepared clip (--clip).
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from glob import glob
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float

from beavervision.audio.waveform import SAMPLE_RATE, load_waveform
from beavervision.data.recording import Recording, open_recording
from beavervision.stages.audio2motion.inference import AudioToMotion
from beavervision.stages.syncnet.evaluation import SyncEvaluation
from beavervision.stages.syncnet.inference import SyncExpert
from beavervision.stages.syncnet.network import WINDOW

AUDIO = Path(__file__).resolve().parents[2] / "shared" / "audio"
BLOCK = SAMPLE_RATE // 2
"""Samples per piece of shuffled speech: half a second, long enough to remain speech-like."""


def main() -> None:
    """Print the tables."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--expert", type=Path, required=True, help="bundle of syncnet")
    options.add_argument("--motion", type=Path, help="bundle of audio2motion")
    options.add_argument("--talks", default="", help="glob of synthetic speech; the held-out ones are used")
    options.add_argument(
        "--clip", type=Path, action="append", default=[], help="prepared clip; its held-out end is used"
    )
    given = options.parse_args()
    torch.set_num_threads(1)
    expert = SyncExpert.from_bundle(given.expert)
    talks = [open_recording(Path(folder)) for folder in sorted(glob(given.talks))]
    if held_out := [talk for talk in talks if talk.held_out_ranges]:
        tell_row("held-out synthetic speech", judged(expert, held_out))
    for folder in given.clip:
        recording = open_recording(folder)
        tell_row(f"{recording.name}, held out", judged(expert, [recording]))
        tell_row(f"{recording.name}, all of it", judged(expert, [recording], whole=True))
    if given.motion is not None:
        predictor = AudioToMotion.from_bundle(given.motion)
        for row in real_speech(expert, predictor):
            tell_row(*row)


def judged(expert: SyncExpert, recordings: list[Recording], *, whole: bool = False) -> dict[str, float]:
    """Metrics of the expert on the held-out parts of recordings, or on whole recordings."""
    judgement = SyncEvaluation(expert.network, recordings[0].fps)
    for recording in recordings:
        for frames in (range(recording.n_frames),) if whole else recording.held_out_ranges:
            span = slice(frames.start, frames.stop)
            embeddings = expert.embed(np.nan_to_num(recording.expression[span]), recording.sound(frames), recording.fps)
            known = torch.from_numpy(np.array(recording.known[span])).unfold(0, WINDOW, 1).all(-1)
            judgement.add(*embeddings, known[: len(embeddings[0])])
    return {name: float(value) for name, value in judgement.figures().items()}


def real_speech(expert: SyncExpert, predictor: AudioToMotion) -> Iterator[tuple[str, dict[str, float]]]:
    """Confidence of predicted motion with its own speech, with the same speech shuffled, and with other speech."""
    sounds = {path.stem: load_waveform(path).samples for path in sorted(AUDIO.glob("*"))} if AUDIO.is_dir() else {}
    for name, samples in sounds.items():
        motion = predictor.predict(samples)
        other = next((sound for key, sound in sounds.items() if key != name), None)
        found = {"own": samples, "shuffled": shuffled(samples), **({} if other is None else {"another": other})}
        figures: dict[str, float] = {}
        for kind, sound in found.items():
            verdict = expert.judge(motion, sound)
            figures |= {f"{kind}": float(verdict.confidence), f"{kind} offset": float(verdict.offset)}
        yield f"motion of {name}: confidence", figures


def shuffled(samples: Float[np.ndarray, "N"], seed: int = 0) -> Float[np.ndarray, "N"]:
    """Shuffle the pieces of a speech."""
    pieces = np.array_split(samples, max(2, len(samples) // BLOCK))
    return np.concatenate([pieces[i] for i in np.random.default_rng(seed).permutation(len(pieces))])


def tell_row(name: str, figures: dict[str, float]) -> None:
    """Print a row of the table."""
    print(f"| {name} | " + " | ".join(f"{key} {value:.3g}" for key, value in figures.items()) + " |", flush=True)


if __name__ == "__main__":
    main()
