"""Infer: films, formats, sound, labels, consent."""

import io
import json
import shutil
import signal
import threading
import time
from contextlib import closing, contextmanager
from functools import partialmethod
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile
from media_bytes import media_bytes
from PIL import Image
from small_people import HEIGHT, STAGES, WIDTH

from beavervision.artifacts.clip import CONSENT, Clip
from beavervision.artifacts.manifest import sha256_file, sha256_folder
from beavervision.compositing.label import DisclosureLabel
from beavervision.inference.avatar import Avatar
from beavervision.inference.driver import MotionControls, MotionDriver
from beavervision.inference.pipeline import FilmResult, TalkingHeadPipeline
from beavervision.inference.settings import FilmSettings
from beavervision.inference.speakers import Speaker
from beavervision.inference.speech import Speech
from beavervision.provenance.verification import verify
from beavervision.video.decode import read_frames
from beavervision.video.probe import probe


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
    with Image.open(out.with_suffix(".sync.png")) as card:
        assert card.size[0] == 1200
    (person,) = json.loads(out.with_suffix(".sync.json").read_text())["people"]
    # What was drawn is measured to the film's end, what was tracked to the footage's: 45 and 40 frames.
    assert (person["film"]["seconds"], person["footage"]["seconds"]) == (1.8, 1.6)
    assert person["film"]["opening_mm"] is None  # noise is no speech
    assert person["footage"]["opening_mm"] > 1
    said = capsys.readouterr().out
    assert f"sync card: {out.with_suffix('.sync.png')}" in said
    assert str(out) in said
    assert "mode=dub" in said
    assert "content credentials: inside the film, no consent record" in said
    found = verify(out)
    assert found.holds
    (person,) = found.credentials.film["people"]
    assert (person["clip"], person["speech"]["name"]) == ("clip", "words.wav")  # as the miniature is called
    stages = {*STAGES} - {"lower_face"}
    assert person["bundles"] == {s: sha256_folder(runs / "mini" / s / "default" / "bundle") for s in stages}


def test_same_seed_same_bytes(infer, word, tmp_path):
    for name, seed in {"a": 3, "b": 3, "c": 4}.items():
        settings = (f"audio={word}", "control.temperature=0.5", f"seed={seed}")
        assert infer(f"out={tmp_path / name}.mp4", *settings) == 0
    a, b, c = (media_bytes(tmp_path / f"{name}.mp4") for name in "abc")
    assert a == b
    assert a != c


@pytest.mark.parametrize("out", ["film.webm", "film.mov"])
def test_other_formats(infer, word, tmp_path, out):
    assert infer(f"audio={word}", f"out={tmp_path / out}") == 0
    with av.open(str(tmp_path / out)) as film:
        frames = [frame.to_ndarray(format="rgba") for frame in film.decode(video=0)]
        rate = film.streams.audio[0].rate
    assert len(frames) == 7  # a quarter of a second: 6.25 frames
    assert rate == 48_000
    clear = frames[3][..., 3] < 20
    assert clear.any() == out.endswith(".mov")  # opacity where the format holds it


def test_pictures_with_opacity(infer, word, tmp_path):
    assert infer(f"audio={word}", f"out={tmp_path / 'takes'}") == 0
    names = sorted(path.name for path in (tmp_path / "takes").iterdir())
    assert names == [*(f"{i:05}.png" for i in range(7)), "sound.wav"]
    picture = np.asarray(Image.open(tmp_path / "takes" / "00003.png"))
    assert picture.shape == (HEIGHT, WIDTH, 4)
    assert soundfile.info(tmp_path / "takes" / "sound.wav").frames == 12_000
    assert (tmp_path / "takes.png").exists()
    assert not (tmp_path / "takes.sync.png").exists()  # a quarter of a second is too short to measure


def test_a_pipe_gets_the_film_and_nothing_else(infer, runs, word, tmp_path, capfdbinary):
    assert infer(f"audio={word}", "mode=dub", "out=-") == 0
    said = capfdbinary.readouterr()
    with av.open(io.BytesIO(said.out)) as film:
        assert film.format.name == "nut"
        assert sum(1 for _ in film.decode(video=0)) == 7
    assert b"7 frames" in said.err
    (tmp_path / "kept.nut").write_bytes(said.out)
    assert verify(tmp_path / "kept.nut", sidecar=runs / "mini/infer/word_dub.c2pa").holds


def test_an_unsigned_film_is_told_of(infer, word, tmp_path, capsys):
    assert infer(f"audio={word}", "provenance=off", f"out={tmp_path / 'a.mp4'}") == 0
    assert "provenance=off: the film carries no mark that it was generated, which the law" in capsys.readouterr().out
    assert verify(tmp_path / "a.mp4").verdict == "unsigned"


@pytest.fixture
def consent(runs):
    """Keeps a consent record in the clip that ends on a day."""
    place = runs / "mini" / "clip" / CONSENT

    def keep(until: str) -> str:
        place.write_text(
            f"subject: Berta\ngiven_by: Berta\ndate: 2024-01-01\npurposes: [e-learning]\nuntil: {until}\n"
            "contact: berta@example.org\n",
            encoding="utf-8",
        )
        return sha256_file(place)

    yield keep
    place.unlink()


def test_a_film_carries_the_consent_it_was_made_under(infer, word, tmp_path, consent, capsys):
    sha256 = consent("null")
    assert infer(f"audio={word}", "provenance.purpose=e-learning", f"out={tmp_path / 'a.mp4'}") == 0
    assert f"consent record {sha256[:12]}" in capsys.readouterr().out
    film = verify(tmp_path / "a.mp4").credentials.film
    assert (film["consent"], film["purpose"]) == ({"sha256": sha256}, "e-learning")


def test_a_film_without_consent_is_not_made(infer, word, tmp_path, consent, capsys):
    consent("2025-01-01")
    for further in ((), ("provenance=off",)):
        assert infer(f"audio={word}", f"out={tmp_path / 'a.mp4'}", *further) == 2
        assert "the consent of Berta ended on 2025-01-01" in capsys.readouterr().err
    consent("null")
    assert infer(f"audio={word}", "provenance.purpose=politics", f"out={tmp_path / 'a.mp4'}") == 2
    assert "Berta agreed to e-learning, not to politics" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_footages_own_rate(infer, word, tmp_path):
    assert infer(f"audio={word}", "fps=source", f"out={tmp_path / 'a.mp4'}") == 0
    assert probe(tmp_path / "a.mp4").fps == 25


def test_a_background_of_ones_own(infer, word, tmp_path):
    assert infer(f"audio={word}", "background='#00ff00'", f"out={tmp_path / 'takes'}") == 0
    assert np.asarray(Image.open(tmp_path / "takes" / "00000.png"))[2, 2, :3].tolist() == [0, 255, 0]


def test_a_label_in_the_corner(infer, word, tmp_path):
    for name, label in (("plain", "off"), ("marked", "text")):
        settings = (f"audio={word}", "mode=dub", f"label={label}", "language=fr")
        assert infer(*settings, f"out={tmp_path / name}") == 0
    plain, marked = (np.asarray(Image.open(tmp_path / name / "00003.png")) for name in ("plain", "marked"))
    rows, columns = np.nonzero((plain != marked).any(2))
    label = DisclosureLabel("text", (WIDTH, HEIGHT), "fr", changed=True)
    x0, y0, x1, y1 = label.box
    assert len(rows)
    assert x0 <= columns.min() <= columns.max() < x1
    assert y0 <= rows.min() <= rows.max() < y1


def test_the_footages_own_surroundings(infer, word, runs, tmp_path):
    assert infer(f"audio={word}", "background=source", f"out={tmp_path / 'takes'}") == 0
    source = dict(Clip.load(runs / "mini" / "clip").frames([0]))[0]
    found = np.asarray(Image.open(tmp_path / "takes" / "00000.png"))
    np.testing.assert_array_equal(found[:4, :4, :3], source[:4, :4])  # the canvas begins further in


class StopAfter:
    """Asks infer to stop when it has shown some frames, as Ctrl-C would."""

    def __init__(self, frames: int) -> None:
        self.frames = frames

    @contextmanager
    def __call__(self, n_frames: int):
        def shown(done: int) -> None:
            if done == self.frames:
                signal.raise_signal(signal.SIGINT)

        yield shown


def test_ctrl_c_leaves_a_film_of_what_is_done(infer, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("beavervision.workflows.infer.progress_bar", StopAfter(9))
    with pytest.raises(SystemExit) as stopped:
        infer("mode=dub", f"out={tmp_path / 'film.mp4'}")
    assert stopped.value.code == 130
    said = capsys.readouterr().err
    assert f"stopped: {tmp_path / 'film.mp4'} holds what was done" in said
    assert len(list(read_frames(tmp_path / "film.mp4"))) == 9
    with av.open(str(tmp_path / "film.mp4")) as film:
        stream = film.streams.audio[0]
        assert stream.duration * stream.time_base == pytest.approx(9 / 25, abs=0.002)


def test_ctrl_c_may_leave_nothing(infer, tmp_path, monkeypatch):
    monkeypatch.setattr("beavervision.workflows.infer.progress_bar", StopAfter(9))
    with pytest.raises(SystemExit) as stopped:
        infer("keep_partial=false", f"out={tmp_path / 'film.mp4'}")
    assert stopped.value.code == 130
    assert list(tmp_path.iterdir()) == []


def test_blinks_by_a_curve(infer, word, tmp_path):
    (tmp_path / "blinks.csv").write_text("0, 0\n0.1, 1\n")
    assert infer(f"audio={word}", f"control.blink={tmp_path / 'blinks.csv'}", f"out={tmp_path / 'film.mp4'}") == 0


def test_a_speech_heard_in_stretches_moves_like_one_heard_at_once(runs, tmp_path, monkeypatch):
    """Noise of the latents included: no border of a stretch shows."""
    rng = np.random.default_rng(0)
    samples = 0.1 * rng.standard_normal(16 * 16_000) * (1 + np.sin(np.arange(16 * 16_000) / 2000))
    soundfile.write(tmp_path / "long.wav", samples, 16_000, subtype="FLOAT")
    bundles = {stage: runs / "mini" / stage / "default" / "bundle" for stage in STAGES}
    avatar, speech = Avatar.load(bundles, backend="torch"), Speech.from_file(tmp_path / "long.wav")
    controls = MotionControls(temperature=0.5, seed=3)
    whole = np.concatenate(list(MotionDriver(avatar, controls).conditions(speech)))
    monkeypatch.setattr(Speech, "chunks", partialmethod(Speech.chunks, chunk_frames=100, context_frames=60))
    parts = list(MotionDriver(avatar, controls).conditions(speech))
    assert [len(part) for part in parts] == [100, 100, 100, 100]
    # What is left is the pitch tracker's, which measures loudness against the loudest sample that it hears.
    assert np.abs(np.concatenate(parts) - whole).max() < 0.02 * whole.std()


def test_how_busy_the_slowest_thread_is():
    # Head, torso and stacking share a thread: 30 + 15 + 5 ms of the 60 that a frame takes.
    parts = {"head": 30.0, "torso": 15.0, "stack": 5.0, "encode": 40.0, "film": 60.0}
    assert FilmResult(Path("a.mp4"), None, 10, 25.0, parts).busiest == pytest.approx(50 / 60)


def test_frames_in_flight_do_not_grow(runs, word):
    """However slowly frames are taken, no more than a few source frames are read ahead."""
    clip = Clip.load(runs / "mini" / "clip")
    bundles = {stage: runs / "mini" / stage / "default" / "bundle" for stage in STAGES}
    avatar = Avatar.load(bundles, clip.sha256, backend="torch")
    maker = TalkingHeadPipeline(
        [Speaker(avatar, Speech.from_file(clip.folder / "audio.wav"))], FilmSettings(mode="dub"), clip
    )
    read, source, threads = [], maker._source(clip), threading.active_count()

    def counted():
        for frame in source:
            read.append(frame)
            yield frame

    maker._source = lambda clip: counted()
    with closing(maker.frames()) as frames:
        for taken in range(1, 20):
            next(frames)
            time.sleep(0.01)
            assert len(read) - taken <= 12
    assert threading.active_count() <= threads  # closing has ended every thread of the film


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


@pytest.mark.parametrize("mode", ["avatar", "dub"])
def test_a_person_without_own_speech_speaks_by_the_general_network(verb, runs, word, tmp_path, capsys, mode):
    alone = tmp_path / "runs"
    shutil.copytree(runs, alone)
    for stage in ("audio2motion", "postnet"):
        shutil.rmtree(alone / "mini" / stage)
    whose = ("data=myvideo", "data.name=mini", f"paths.runs={alone}", f"audio={word}", "hardware.backend=torch")
    assert verb("infer", *whose, f"mode={mode}", "region=head", f"out={tmp_path / 'film.mp4'}") == 0
    assert "speech: by the general audio2motion network in the person's own range" in capsys.readouterr().out
    assert len(list(read_frames(tmp_path / "film.mp4"))) == 7
