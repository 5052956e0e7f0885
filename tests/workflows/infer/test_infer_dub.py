"""Infer in dub mode: what of the footage changes, and what stays."""

import shutil

import av
import numpy as np
import pytest
from media_bytes import media_bytes
from PIL import Image

from beavervision.artifacts.clip import Clip
from beavervision.artifacts.manifest import sha256_file
from beavervision.provenance.verification import verify
from beavervision.video.decode import read_frames
from beavervision.video.probe import probe


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


@pytest.mark.parametrize("region", ["head", "lower_face"])
def test_only_generated_pixels_are_marked(infer, runs, word, tmp_path, region):
    for mark in ("true", "false"):
        out = f"out={tmp_path / mark}/%05d.png"
        assert infer("mode=dub", f"region={region}", f"audio={word}", out, f"provenance.watermark={mark}") == 0
    source, n_marked = dict(Clip.load(runs / "mini" / "clip").frames()), 0
    for path in sorted((tmp_path / "true").glob("*.png")):
        found, plain = (np.asarray(Image.open(tmp_path / mark / path.name)) for mark in ("true", "false"))
        changed = (found != plain).any(axis=2)
        assert not changed[(plain == source[int(path.stem)]).all(axis=2)].any()
        n_marked += int(changed.sum())
    assert n_marked > 100


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


@pytest.mark.parametrize("region", ["head", "lower_face"])
def test_same_seed_same_dub(infer, word, tmp_path, region):
    for name in "ab":
        settings = (f"region={region}", f"audio={word}", "control.temperature=0.5")
        assert infer("mode=dub", *settings, f"out={tmp_path / name}.mp4") == 0
    assert media_bytes(tmp_path / "a.mp4") == media_bytes(tmp_path / "b.mp4")


def test_footage_at_twice_the_rate(infer, word, runs, tmp_path):
    assert infer(f"audio={word}", "mode=dub", "fps=50", f"out={tmp_path / 'a.mp4'}", "crf=1") == 0
    frames = list(read_frames(tmp_path / "a.mp4"))
    assert probe(tmp_path / "a.mp4").fps == 50
    assert len(frames) == 13  # 0.25 s at 50 a second, begun ones count
    source = dict(Clip.load(runs / "mini" / "clip").frames())
    for tick, frame in enumerate(frames):
        assert np.abs(frame.rgb[:20, :20].astype(int) - source[tick // 2][:20, :20]).mean() < 2.5


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
