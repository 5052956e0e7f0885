"""Infer on a panel of two people of small networks."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
from panel import panel_clip
from PIL import Image
from small_people import train_person

from beavervision.artifacts.clip import Clip
from beavervision.audio.waveform import load_waveform

N_FRAMES, WIDTH, HEIGHT = 30, 96, 72
"""Of one half of the panel."""

LEAST_CHANGED = 0.003
"""Share of the pixels of a half that a new mouth changes at least: the smallest region changes a hundredth of them."""
REGIONS = (("region=head",), ("region=lower_face", "detail=false"))
"""With the footage's detail little would change: after two steps the mouths hardly move."""


@pytest.fixture(scope="module")
def runs(tmp_path_factory) -> Path:
    """A runs folder with clip `panel` and the bundles of both people."""
    runs = tmp_path_factory.mktemp("people") / "runs"
    (runs / "panel").mkdir(parents=True)
    panel_clip(runs / "panel" / "clip", N_FRAMES, WIDTH, HEIGHT)
    for subject in (0, 1):
        train_person(runs, "panel", subject)
    return runs


@pytest.fixture(scope="module")
def voices(tmp_path_factory) -> dict[str, Path]:
    """Two speeches, a quarter of a second and 0.4 s."""
    folder, voices = tmp_path_factory.mktemp("voices"), {}
    for seed, (name, length) in enumerate({"first": 4000, "second": 6400}.items()):
        voices[name] = folder / f"{name}.wav"
        soundfile.write(voices[name], 0.1 * np.random.default_rng(seed).standard_normal(length), 16_000)
    return voices


@pytest.fixture
def infer(verb, runs):
    """Run infer on clip panel with further arguments; returns the exit code."""

    def call(*arguments: str) -> int:
        whose = ("data=myvideo", "data.name=panel", f"paths.runs={runs}", "hardware.backend=torch")
        return verb("infer", *whose, *arguments)

    return call


def pictures(folder: Path) -> np.ndarray:
    """Frames of a film of pictures, RGB."""
    return np.stack([np.asarray(Image.open(path).convert("RGB")) for path in sorted(folder.glob("*.png"))]).astype(int)


def changed(film: np.ndarray, runs: Path) -> tuple[float, float]:
    """Share of pixels of the left and right half that are not the footage's."""
    source = np.stack([rgb for _, rgb in Clip.load(runs / "panel" / "clip").frames(range(len(film)))])
    differs = np.abs(film - source).max(-1) > 8
    return differs[..., :WIDTH].mean(), differs[..., WIDTH:].mean()


@pytest.mark.parametrize("region", REGIONS)
def test_two_speeches_move_two_heads(infer, runs, voices, tmp_path, region):
    out = tmp_path / "both"
    code = infer("mode=dub", *region, f"speech.0={voices['first']}", f"speech.1={voices['second']}", f"out={out}")
    assert code == 0
    film = pictures(out)
    assert film.shape == (10, HEIGHT, 2 * WIDTH, 3)  # 0.4 s: the longer speech
    left, right = changed(film, runs)
    assert left > LEAST_CHANGED
    assert right > LEAST_CHANGED
    # One sound of both, from the first sample on.
    sound = load_waveform(out / "sound.wav", 16_000).samples
    parts = [load_waveform(voices[name]).samples for name in ("first", "second")]
    expected = np.pad(parts[0], (0, 2400)) + parts[1]
    assert np.corrcoef(sound[100:6300], expected[100:6300])[0, 1] > 0.95  # white noise: one sample off would be 0


@pytest.mark.parametrize("region", REGIONS)
def test_in_a_dub_the_silent_stay_as_they_are(infer, runs, voices, tmp_path, region):
    assert infer("mode=dub", *region, f"speech.1={voices['first']}", f"out={tmp_path / 'one'}") == 0
    left, right = changed(pictures(tmp_path / "one"), runs)
    assert left == 0
    assert right > LEAST_CHANGED


@pytest.mark.parametrize("region", REGIONS)
def test_or_are_given_a_resting_mouth(infer, runs, voices, tmp_path, region):
    assert infer("mode=dub", *region, "silent=rest", f"speech.1={voices['first']}", f"out={tmp_path / 'one'}") == 0
    left, right = changed(pictures(tmp_path / "one"), runs)
    assert left > LEAST_CHANGED
    assert right > LEAST_CHANGED


def test_in_an_avatar_everybody_is_there(infer, voices, tmp_path):
    assert infer(f"audio={voices['first']}", "subject=1", "background=white", f"out={tmp_path / 'all'}") == 0
    film = pictures(tmp_path / "all")
    generated = (film < 250).any(-1)
    assert generated[..., :WIDTH].mean() > 0.05
    assert generated[..., WIDTH:].mean() > 0.05


def test_each_has_their_own_networks(infer, runs, voices, tmp_path):
    """The second person's torso comes from a bundle that says subject 1: another network, another picture."""
    for subject in (0, 1):
        out = tmp_path / str(subject)
        assert infer("mode=dub", f"subject={subject}", f"audio={voices['first']}", f"out={out}") == 0
    zero, one = (changed(pictures(tmp_path / str(subject)), runs) for subject in (0, 1))
    assert zero[1] == 0
    assert one[0] == 0
