"""Talks and corpora of them, written straight from arrays."""

from pathlib import Path

import numpy as np
from speech_clips import FPS, babble

from beavervision.artifacts.corpus import Corpus, write_corpus
from beavervision.artifacts.synthetic_speech import write_synthetic_speech
from beavervision.face.model_registry import load_face_model


def write_speech_talk(folder: Path, speaker: str, n_frames: int, split: str = "train", seed: int = 0, **change) -> Path:
    """A talk whose mouth opens with its loudness; `change` replaces arrays or facts."""
    samples, opening = babble(n_frames, seed)
    arrays = {
        "samples": samples,
        "expression": opening[:, None] * load_face_model().semantic["jaw_open"],
        "eye_open": np.full((n_frames, 2), 0.3),
        "closed": np.arange(n_frames) % 20 == 7,
        "phoneme": np.zeros(2 * n_frames),
    }
    facts = {"speaker": speaker, "language": "de", "split": split, "fps": FPS, "basis": "gpmm"}
    for name, value in change.items():
        (arrays if name in arrays else facts)[name] = value
    write_synthetic_speech(folder, facts, **arrays)
    return folder


def write_speech_corpus(folder: Path, lengths: dict[str, list[int]], **change) -> Corpus:
    """A corpus of talks, speaker -> lengths in frames, and a held-out one of 40 frames."""
    members = [
        write_speech_talk(folder / f"{speaker}_{i}", speaker, length, seed=10 * k + i, **change)
        for k, (speaker, own) in enumerate(lengths.items())
        for i, length in enumerate(own)
    ]
    members.append(write_speech_talk(folder / "held_out", "nobody", 40, "test", seed=99))
    return write_corpus(folder / "corpus", "voices", members)
