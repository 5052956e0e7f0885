import sys

import numpy as np
import pytest

from beavervision.artifacts.manifest import MANIFEST
from beavervision.artifacts.synthetic_speech import SyntheticSpeech
from beavervision.audio.waveform import SAMPLE_RATE
from beavervision.errors import BeaverError
from beavervision.face.gpmm import load_gpmm
from beavervision.face.openness import mouth_open
from beavervision.synthetic import speech
from beavervision.synthetic.corpus.generation import Recipe, missing_talks, write_talk_of
from beavervision.synthetic.corpus.speakers import HELD_OUT_VARIANTS, VARIANTS, cast

RECIPE = Recipe(hours=3 * 13 / 3600, voices=2)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    pytest.importorskip("espeakng_loader", reason="the extra [synthetic] is not installed")
    folder = tmp_path_factory.mktemp("talks")
    for speaker in missing_talks(folder, RECIPE):
        write_talk_of(folder, speaker, RECIPE)
    return folder


@pytest.fixture(scope="module")
def talks(folder):
    return [SyntheticSpeech.load(path) for path in sorted(folder.iterdir())]


def opening(talk):
    face = load_gpmm()
    return mouth_open(face.vertices(np.zeros(len(face.id_basis)), talk.expression.astype(float)))


def test_talks_are_in_step_and_of_the_length_asked(talks):
    assert [talk.facts.split for talk in talks] == ["test", "train", "train"]
    for talk in talks:
        assert talk.n_frames == 13 * 25
        assert len(talk.audio()) == talk.n_frames * SAMPLE_RATE / 25
        assert np.isfinite(talk.expression).all()


def test_lips_are_shut_where_the_truth_says_so_and_open_elsewhere(talks):
    for talk in talks:
        wide = opening(talk)
        assert talk.closed.sum() >= 3
        assert wide[talk.closed].max() < 0.15 * np.percentile(wide, 95)
        assert np.median(wide[~talk.closed]) > 0.2 * np.percentile(wide, 95)


def test_the_held_out_voice_is_clean_and_rests_in_silence(talks):
    held_out = talks[0]
    samples, wide = held_out.audio(), opening(held_out)
    heard = np.abs(samples).reshape(held_out.n_frames, -1).max(axis=1) > 1e-4
    assert not heard.all()  # digital silence: no room, no noise
    # 0.6 s after the last sound and 0.6 s before the next: people open their mouths before they speak.
    quiet = np.convolve(heard, np.ones(31), "same") == 0
    assert wide[quiet].max(initial=0) < 0.15 * np.percentile(wide, 95)


def test_louder_speech_opens_the_mouth_wider(talks):
    samples, wide = talks[0].audio(), opening(talks[0])
    level = np.sqrt(np.square(samples.reshape(talks[0].n_frames, -1)).mean(axis=1))
    assert np.corrcoef(level, wide)[0, 1] > 0.1


def test_eyes_blink(talks):
    for talk in talks:
        assert talk.eye_open.min() < 0.3 * np.median(talk.eye_open)


def test_same_recipe_same_bytes_and_nothing_is_made_twice(folder, talks, tmp_path):
    assert missing_talks(folder, RECIPE) == []
    speaker = RECIPE.speakers[0]
    write_talk_of(tmp_path, speaker, RECIPE)
    for file in (tmp_path / speaker.name).iterdir():
        assert file.read_bytes() == (folder / speaker.name / file.name).read_bytes()


def test_talks_of_another_recipe_go(tmp_path):
    (tmp_path / "somebody").mkdir()
    (tmp_path / "somebody" / MANIFEST).write_text("{}")
    (tmp_path / "mine").mkdir()
    assert len(missing_talks(tmp_path, RECIPE)) == 3
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_too_little_time_for_the_voices_is_refused(tmp_path):
    with pytest.raises(BeaverError, match=r"data\.voices"):
        missing_talks(tmp_path, Recipe(hours=0.01, voices=12))


def test_held_out_voices_share_no_variant_with_the_others():
    assert not set(VARIANTS) & set(HELD_OUT_VARIANTS)
    voices = cast(48, 8, 1)
    assert len({voice.name for voice in voices}) == 56
    assert {voice.language for voice in voices if voice.split == "test"} == {
        voice.language for voice in voices if voice.split == "train"
    }


def test_without_the_extra_one_sentence_says_so(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "espeakng_loader", None)
    speech._library.cache_clear()
    with pytest.raises(BeaverError, match=r"beavervision\[synthetic\]"):
        write_talk_of(tmp_path, RECIPE.speakers[0], RECIPE)
    assert list(tmp_path.iterdir()) == []
    speech._library.cache_clear()
