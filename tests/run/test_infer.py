"""Infer on a person of small networks, two steps each: what the film shows is nonsense, how it is made is not."""

import shutil
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile
from PIL import Image
from small_people import train_person

from beavervision.artifacts.clip import Clip
from beavervision.artifacts.manifest import MANIFEST
from beavervision.synthetic.miniature import miniature_clip
from beavervision.video.decode import read_frames
from beavervision.video.probe import probe

N_FRAMES, WIDTH, HEIGHT = 40, 96, 72


@pytest.fixture(scope="module")
def runs(tmp_path_factory) -> Path:
    """A runs folder with clip `mini` and its four bundles."""
    runs = tmp_path_factory.mktemp("infer") / "runs"
    (runs / "mini").mkdir(parents=True)
    miniature_clip(runs / "mini" / "clip", n_frames=N_FRAMES, width=WIDTH, height=HEIGHT)
    train_person(runs, "mini")
    return runs


@pytest.fixture(scope="module")
def speech(tmp_path_factory) -> Path:
    """1.8 s of stereo sound at 44.1 kHz: longer than the footage's 1.6 s; a click tells its beginning."""
    rng = np.random.default_rng(0)
    sound = 0.1 * rng.standard_normal((79_380, 2))
    sound[:4] = 0.9
    path = tmp_path_factory.mktemp("speech") / "words.wav"
    soundfile.write(path, sound, 44_100)
    return path


@pytest.fixture(scope="module")
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


def test_avatar_at_the_footages_own_size(infer, runs, capsys):
    assert infer() == 0
    out = runs / "mini" / "infer" / "words_avatar.mp4"
    info = probe(out)
    assert (info.width, info.height, info.fps, info.codec) == (WIDTH, HEIGHT, 25, "h264")
    assert (info.start, info.audio_start) == (0.0, 0.0)
    frames = list(read_frames(out))
    assert len(frames) == 45  # 1.8 s at 25 fps, more than the footage's 40 frames
    with av.open(str(out)) as film:
        stream = film.streams.audio[0]
        assert stream.duration * stream.time_base == pytest.approx(1.8, abs=0.002)
        sound = np.concatenate([f.to_ndarray()[0] for f in film.decode(stream)])
    assert np.argmax(np.abs(sound)) < 0.005 * 48_000  # the click, within five milliseconds
    assert Image.open(out.with_suffix(".png")).size[0] > WIDTH
    said = capsys.readouterr().out
    assert str(out) in said
    assert "mode=dub" in said


def test_dub_keeps_the_footage_round_the_head(infer, runs, tmp_path):
    out = tmp_path / "dub.mp4"
    assert infer("mode=dub", f"out={out}", "crf=1") == 0
    clip = Clip.load(runs / "mini" / "clip")
    source = dict(clip.frames())
    made = list(read_frames(out))
    assert len(made) == 45
    order = [*range(40), *range(38, 33, -1)]  # the footage to and fro
    for frame, t in zip(made, order, strict=True):
        corner = np.abs(frame.rgb[:20, :20].astype(int) - source[t][:20, :20])
        assert corner.mean() < 2.5, t


def test_dub_may_end_with_the_footage(infer, tmp_path):
    out = tmp_path / "dub.mp4"
    assert infer("mode=dub", "length=source", f"out={out}") == 0
    assert len(list(read_frames(out))) == 40
    with av.open(str(out)) as film:
        stream = film.streams.audio[0]
        assert stream.duration * stream.time_base == pytest.approx(1.6, abs=0.002)


def test_same_seed_same_bytes(infer, word, tmp_path):
    for name, seed in {"a": 3, "b": 3, "c": 4}.items():
        settings = (f"audio={word}", "control.temperature=0.5", f"seed={seed}")
        assert infer(f"out={tmp_path / name}.mp4", *settings) == 0
    a, b, c = ((tmp_path / f"{name}.mp4").read_bytes() for name in "abc")
    assert a == b
    assert a != c


def test_avatar_needs_no_footage(infer, runs, word, tmp_path):
    clip, away = runs / "mini" / "clip", runs / "mini" / "away"
    footage, gone = runs / "mini" / "clip.mp4", runs / "mini" / "gone.mp4"
    clip.rename(away)
    footage.rename(gone)
    try:
        assert infer(f"out={tmp_path / 'a.mp4'}", f"audio={word}") == 0
        assert infer("mode=dub", f"out={tmp_path / 'b.mp4'}", f"audio={word}") == 2
    finally:
        away.rename(clip)
        gone.rename(footage)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["audio=nowhere.wav"], "nowhere.wav does not exist"),
        (["audio=null"], "audio is not set; add audio="),
        (["mode=dup"], "mode=dup is not a choice; did you mean dub"),
        (["out=film.avi"], "ends in none of"),
        (["control.temperature=-1"], "control.temperature=-1 is not a number from 0"),
        (["pose=nodding"], "pose=nodding is not a choice"),
        (["pose=30-20"], "pose=30-20 is not a choice"),
        (["pose=900-950"], "choose another pose="),
        (["control.refine=all"], "control.refine=all is not a choice"),
        (["modus=dub"], "modus is not a key of infer; did you mean mode"),
        (["data.name=nobody"], "make it with: python train.py model=audio2motion data=myvideo data.name=nobody"),
        (["frame=9x16"], "on canvas 9x16-h512"),
    ],
)
def test_mistakes_are_told_in_one_sentence(infer, capsys, tmp_path, arguments, sentence):
    assert infer(f"out={tmp_path / 'film.mp4'}", *arguments) == 2
    said = capsys.readouterr().err
    assert sentence in said
    assert "Traceback" not in said
    assert list(tmp_path.iterdir()) == []


def test_silence_is_refused(infer, tmp_path, capsys):
    soundfile.write(tmp_path / "hush.wav", np.zeros(16_000), 16_000)
    assert infer(f"audio={tmp_path / 'hush.wav'}") == 2
    assert "silent" in capsys.readouterr().err


def test_place_that_cannot_be_written_to(infer, tmp_path, capsys):
    (tmp_path / "file").touch()
    assert infer(f"out={tmp_path / 'file' / 'film.mp4'}") == 2
    assert "out=" in capsys.readouterr().err


def changed(runs: Path, copy: Path, stage: str, old: str, new: str) -> Path:
    """Copy of the runs folder with `old` replaced in the manifest of a stage's bundle."""
    shutil.copytree(runs / "mini", copy / "mini")
    manifest = copy / "mini" / stage / "default" / "bundle" / MANIFEST
    text = manifest.read_text(encoding="utf-8")
    assert old in text
    manifest.write_text(text.replace(old, new), encoding="utf-8")
    return copy


def test_head_of_another_clip_is_refused(runs, verb, speech, tmp_path, capsys):
    sha = Clip.load(runs / "mini" / "clip").sha256
    mixed = changed(runs, tmp_path, "radnerf_head", f'"clip_sha256": "{sha}"', f'"clip_sha256": "{"0" * 64}"')
    assert verb("infer", "data=myvideo", "data.name=mini", f"paths.runs={mixed}", f"audio={speech}") == 2
    said = capsys.readouterr().err
    assert "trained on another clip" in said
    assert "python train.py model=radnerf_head" in said


def test_bundle_of_another_version_is_told(runs, verb, speech, tmp_path, capsys):
    old = changed(runs, tmp_path, "radnerf_torso", '"canonical": 8', '"canonical": 16')
    assert verb("infer", "data=myvideo", "data.name=mini", f"paths.runs={old}", f"audio={speech}") == 2
    assert "train radnerf_torso again" in capsys.readouterr().err
