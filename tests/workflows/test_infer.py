"""Infer on a person of small networks, two steps each: what the film shows is nonsense, how it is made is not."""

import io
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
from small_people import STAGES, train_person

from beavervision.artifacts.clip import CONSENT, Clip
from beavervision.artifacts.manifest import MANIFEST, sha256_file, sha256_folder
from beavervision.compositing.label import DisclosureLabel
from beavervision.inference.avatar import Avatar
from beavervision.inference.driver import MotionControls, MotionDriver
from beavervision.inference.pipeline import FilmResult, TalkingHeadPipeline
from beavervision.inference.settings import FilmSettings
from beavervision.inference.speakers import Speaker
from beavervision.inference.speech import Speech
from beavervision.provenance.verification import verify
from beavervision.synthetic.miniature import miniature_clip
from beavervision.video.decode import read_frames
from beavervision.video.probe import probe

N_FRAMES, WIDTH, HEIGHT = 40, 96, 72


@pytest.fixture(scope="module")
def runs(tmp_path_factory) -> Path:
    """A runs folder with clip `mini` and its bundles."""
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
    assert "content credentials: inside the film, no consent record" in said
    found = verify(out)
    assert found.holds
    (person,) = found.credentials.film["people"]
    assert (person["clip"], person["speech"]["name"]) == ("clip", "words.wav")  # as the miniature is called
    stages = {*STAGES} - {"lower_face"}
    assert person["bundles"] == {s: sha256_folder(runs / "mini" / s / "default" / "bundle") for s in stages}


@pytest.mark.parametrize("region", ["head", "auto"])
def test_dub_keeps_the_footage_round_the_head(infer, runs, tmp_path, region):
    out = tmp_path / "dub.mp4"
    assert infer("mode=dub", f"region={region}", f"out={out}", "crf=1") == 0
    clip = Clip.load(runs / "mini" / "clip")
    source = dict(clip.frames())
    (parent,) = verify(out).credentials.ingredients
    assert (parent.title, parent.description) == (clip.video.name, f"sha256 {sha256_file(clip.video)}")
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


def test_a_dub_of_some_frames_only(infer, runs, tmp_path):
    out = tmp_path / "dub.mp4"
    assert infer("mode=dub", "pose=20-29", "length=source", f"out={out}", "crf=1") == 0
    made, source = list(read_frames(out)), dict(Clip.load(runs / "mini" / "clip").frames())
    assert len(made) == 10
    for i, frame in enumerate(made):
        assert np.abs(frame.rgb[:20, :20].astype(int) - source[20 + i][:20, :20]).mean() < 2.5, i
    assert infer("mode=dub", "pose=90-99", f"out={tmp_path / 'none.mp4'}") == 2  # the footage has 40 frames


def test_same_seed_same_bytes(infer, word, tmp_path):
    for name, seed in {"a": 3, "b": 3, "c": 4}.items():
        settings = (f"audio={word}", "control.temperature=0.5", f"seed={seed}")
        assert infer(f"out={tmp_path / name}.mp4", *settings) == 0
    a, b, c = (media_bytes(tmp_path / f"{name}.mp4") for name in "abc")
    assert a == b
    assert a != c


@pytest.mark.parametrize("region", ["head", "lower_face"])
def test_same_seed_same_dub(infer, word, tmp_path, region):
    for name in "ab":
        settings = (f"region={region}", f"audio={word}", "control.temperature=0.5")
        assert infer("mode=dub", *settings, f"out={tmp_path / name}.mp4") == 0
    assert media_bytes(tmp_path / "a.mp4") == media_bytes(tmp_path / "b.mp4")


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


def test_footage_at_twice_the_rate(infer, word, runs, tmp_path):
    assert infer(f"audio={word}", "mode=dub", "fps=50", f"out={tmp_path / 'a.mp4'}", "crf=1") == 0
    frames = list(read_frames(tmp_path / "a.mp4"))
    assert probe(tmp_path / "a.mp4").fps == 50
    assert len(frames) == 13  # 0.25 s at 50 a second, begun ones count
    source = dict(Clip.load(runs / "mini" / "clip").frames())
    for tick, frame in enumerate(frames):
        assert np.abs(frame.rgb[:20, :20].astype(int) - source[tick // 2][:20, :20]).mean() < 2.5


def test_footages_own_rate(infer, word, tmp_path):
    assert infer(f"audio={word}", "fps=source", f"out={tmp_path / 'a.mp4'}") == 0
    assert probe(tmp_path / "a.mp4").fps == 25


def test_a_dub_draws_the_lower_face_where_it_is_trained_and_says_so(infer, word, tmp_path, capsys):
    films = {}
    for region in ("auto", "lower_face", "head"):
        assert infer(f"audio={word}", "mode=dub", f"region={region}", f"out={tmp_path / region}") == 0
        films[region] = np.asarray(Image.open(tmp_path / region / "00003.png"))
        said = capsys.readouterr().out
        by = "radnerf_head" if region == "head" else "lower_face and the footage's own detail"
        assert f"by {by}; " in said
    np.testing.assert_array_equal(films["auto"], films["lower_face"])
    assert (films["auto"] != films["head"]).any()


def test_a_dub_needs_neither_head_nor_torso(infer, verb, runs, word, tmp_path, capsys):
    alone = tmp_path / "runs"
    for stage in ("clip", "audio2motion", "postnet", "lower_face"):
        shutil.copytree(runs / "mini" / stage, alone / "mini" / stage)
    whose = ("data=myvideo", "data.name=mini", f"paths.runs={alone}", f"audio={word}")
    assert verb("infer", *whose, "mode=dub", f"out={tmp_path / 'dub'}") == 0
    shutil.rmtree(alone / "mini" / "lower_face")
    assert verb("infer", *whose, "mode=dub", "region=lower_face", f"out={tmp_path / 'none'}") == 2
    assert "model=lower_face" in capsys.readouterr().err


@pytest.mark.parametrize("region", ["head", "head_lower_face"])
def test_a_generated_head_may_carry_the_footages_detail(infer, word, runs, tmp_path, region):
    films = []
    for detail in ("auto", "true"):
        out = tmp_path / detail
        assert infer(f"audio={word}", "mode=dub", f"region={region}", f"detail={detail}", f"out={out}") == 0
        films.append(np.asarray(Image.open(out / "00003.png")).astype(int))
    source = dict(Clip.load(runs / "mini" / "clip").frames([3]))[3].astype(int)
    plain, detailed = (np.abs(film - source).mean() for film in films)
    assert detailed < 0.7 * plain


def test_no_detail_changes_the_drawn_face_only(infer, word, runs, tmp_path):
    for detail in ("true", "false"):
        assert infer(f"audio={word}", "mode=dub", f"detail={detail}", f"out={tmp_path / detail}") == 0
    with_it, without = (np.asarray(Image.open(tmp_path / name / "00003.png")).astype(int) for name in ("true", "false"))
    clip = Clip.load(runs / "mini" / "clip")
    source = dict(clip.frames([3]))[3].astype(int)
    assert (with_it != without).any()
    # The network knows nothing after two steps: what looks like the footage is the detail.
    assert np.abs(with_it - source).mean() < 0.7 * np.abs(without - source).mean()
    _, top, _, bottom = clip.subjects[0].box[3].astype(int)
    above = slice(0, int(0.6 * top + 0.4 * bottom))
    np.testing.assert_array_equal(without[above], source[above])


@pytest.mark.parametrize("region", ["head_lower_face", "lower_face"])
def test_lower_face_leaves_the_upper_one(infer, word, runs, tmp_path, region):
    films = {}
    for part in ("head", region):
        out = tmp_path / part
        assert infer(f"audio={word}", "mode=dub", f"region={part}", f"out={out}") == 0
        films[part] = np.asarray(Image.open(out / "00003.png")).astype(int)
    clip = Clip.load(runs / "mini" / "clip")
    source = dict(clip.frames([3]))[3]
    _, top, _, bottom = clip.subjects[0].box[3]
    upper = slice(0, int(0.35 * bottom + 0.65 * top))
    np.testing.assert_array_equal(films[region][upper, :, :3], source[upper])
    assert np.abs(films["head"][upper, :, :3] - source[upper]).max() > 20
    assert np.abs(films[region][..., :3] - source).max() > 20


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


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["audio=nowhere.wav"], "nowhere.wav does not exist"),
        (["audio=null"], "audio is not set; add audio="),
        (["mode=dup"], "mode=dup is not a choice; did you mean dub"),
        (["out=film.avi"], "ends in none of"),
        (["control.temperature=-1"], "control.temperature=-1 is not a number from 0"),
        (["out=film.png"], "number them: out=%05d.png"),
        (["background=none"], "mp4 holds no opacity"),
        (["background=meadow"], "background=meadow is no file and no colour"),
        (["mode=dub", "background=white"], "a dub keeps the footage's own"),
        (["region=nose"], "region=nose is not a choice"),
        (["provenance.key=mine.pem"], "add provenance.certificate="),
        (["provenance.key=mine.pem", "provenance.certificate=mine.pem"], "mine.pem cannot be read"),
        (["fps=often"], "fps=often is not a choice"),
        (["label=mine.png"], "label=mine.png is no picture"),
        (["label=text", "language=xx"], "language=xx has no label"),
        (["crf=60"], "crf=60 is more than mp4 knows"),
        (["control.blink=wink.csv"], "neither a number of blinks a minute, nor own, nor a file"),
        (["speech.0=a.wav"], "give one kind of them"),
        (["speech.1=a.wav", "audio=null"], "a.wav does not exist"),
        (["subject=3"], "no finished audio2motion bundle of subject 3"),
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
