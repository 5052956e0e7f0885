"""A person of small networks, two steps each: what the film shows is nonsense, how it is made is not."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
from small_people import HEIGHT, N_FRAMES, WIDTH, train_person

from beavervision.synthetic.miniature import miniature_clip


@pytest.fixture(scope="session")
def runs(tmp_path_factory) -> Path:
    """A runs folder with clip `mini` and its bundles."""
    runs = tmp_path_factory.mktemp("infer") / "runs"
    (runs / "mini").mkdir(parents=True)
    miniature_clip(runs / "mini" / "clip", n_frames=N_FRAMES, width=WIDTH, height=HEIGHT)
    train_person(runs, "mini")
    return runs


@pytest.fixture(scope="session")
def speech(tmp_path_factory) -> Path:
    """1.8 s of stereo sound at 44.1 kHz: longer than the footage's 1.6 s; a click tells its beginning."""
    rng = np.random.default_rng(0)
    sound = 0.1 * rng.standard_normal((79_380, 2))
    sound[:4] = 0.9
    path = tmp_path_factory.mktemp("speech") / "words.wav"
    soundfile.write(path, sound, 44_100)
    return path


@pytest.fixture(scope="session")
def word(tmp_path_factory) -> Path:
    """A quarter of a second of noise."""
    path = tmp_path_factory.mktemp("speech") / "word.wav"
    soundfile.write(path, 0.1 * np.random.default_rng(0).standard_normal(4000), 16_000)
    return path


@pytest.fixture
def infer(verb, runs, speech):
    """Run infer on clip mini with further arguments; returns the exit code."""

    def call(*arguments: str) -> int:
        whose = ("data=myvideo", "data.name=mini", f"paths.runs={runs}", f"audio={speech}", "hardware.backend=torch")
        return verb("infer", *whose, *arguments)

    return call
