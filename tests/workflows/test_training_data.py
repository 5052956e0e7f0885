"""`data=corpus`: training on what a pattern matches, through the command line."""

from __future__ import annotations

import json

import pytest
from corpora import write_speech_talk

from beavervision.artifacts.bundle import Bundle, BundleFacts
from beavervision.artifacts.corpus import Corpus
from beavervision.artifacts.manifest import Manifest

TINY = "{hidden: 8, latent: 4, condition: 8, audio_hidden: 8, branch: 4, encoder_layers: 1, decoder_layers: 1}"
SHORT = (
    f"model.network={TINY}",
    "trainer.max_steps=2",
    "schedule.val_every=2",
    "datamodule.batch_size=2",
    "datamodule.augmented_copies=1",
    "logger=csv",
    "hardware=cpu",
)


@pytest.fixture
def learn(tmp_path, verb):
    """Runs train on the talks below tmp_path; returns the exit code."""

    def call(*arguments: str, clips: str = "talks/*") -> int:
        where = (f"data.clips={tmp_path}/{clips}", f"paths.runs={tmp_path}/runs")
        return verb("train", "data=corpus", "model=audio2motion", *where, *SHORT, *arguments)

    return call


@pytest.fixture
def talks(tmp_path):
    for name, frames in (("ann", 40), ("bob", 30)):
        write_speech_talk(tmp_path / "talks" / name, name, frames)
    write_speech_talk(tmp_path / "talks" / "zoe", "zoe", 30, "test", seed=3)
    (tmp_path / "talks" / "notes").mkdir()
    return tmp_path / "talks"


def test_a_corpus_is_what_the_pattern_matches(learn, talks, tmp_path, capsys):
    assert learn() == 0
    corpus = Corpus.load(tmp_path / "runs/corpus/corpus")
    assert [path.name for path in corpus.members] == ["ann", "bob", "zoe"]
    bundle = Bundle.load(next((tmp_path / "runs/corpus/audio2motion").glob("*/bundle")), "audio2motion")
    assert Manifest.read(bundle.folder, BundleFacts).inputs["clip"].sha256 == corpus.sha256
    takes = list((tmp_path / "runs/.takes").rglob("*.safetensors"))
    assert len(takes) == 6  # two talks: clean, disturbed, and the room alone
    assert learn() == 0
    assert "already trained" in capsys.readouterr().out
    write_speech_talk(talks / "eve", "eve", 30, seed=5)
    assert learn() == 0
    assert "already trained" not in capsys.readouterr().out
    assert len(Corpus.load(tmp_path / "runs/corpus/corpus").members) == 4


def test_a_pattern_that_matches_nothing_is_one_sentence(learn, talks, capsys):
    assert learn(clips="*/clip") == 2
    assert "matches no prepared clip and no talk" in capsys.readouterr().err


def test_stages_of_one_person_refuse_a_corpus(verb, talks, tmp_path, capsys):
    assert verb("train", "data=corpus", "model=radnerf_head", f"data.clips={talks}/*", f"paths.runs={tmp_path}/r") == 2
    assert "radnerf_head learns one person" in capsys.readouterr().err


def test_a_network_of_one_corpus_is_adapted_to_another(learn, talks, tmp_path, capsys):
    assert learn() == 0
    made = next((tmp_path / "runs/corpus/audio2motion").glob("*/bundle"))
    first = made.rename(tmp_path / "first")
    write_speech_talk(tmp_path / "more" / "eve", "eve", 40, seed=7)
    write_speech_talk(tmp_path / "more" / "zoe", "zoe", 30, "test", seed=3)
    assert learn(f"model.init={first}", "data.name=eve", clips="more/*") == 0
    assert f"audio2motion adapts {first}" in capsys.readouterr().out
    adapted = Bundle.load(next((tmp_path / "runs/eve/audio2motion").glob("*/bundle")), "audio2motion")
    assert adapted.facts.speech_level_db == Bundle.load(first, "audio2motion").facts.speech_level_db
    assert Manifest.read(adapted.folder, BundleFacts).inputs["init"].path == str(first)


def test_a_network_that_hears_otherwise_is_refused(learn, talks, tmp_path, capsys):
    assert learn() == 0
    made = next((tmp_path / "runs/corpus/audio2motion").glob("*/bundle"))
    first = made.rename(tmp_path / "first")
    manifest = json.loads((first / "manifest.json").read_text())
    manifest["facts"]["audio_features"]["kind"] = "hubert"
    (first / "manifest.json").write_text(json.dumps(manifest))
    assert learn(f"model.init={first}", "data.name=eve") == 2
    assert "has audio_features hubert, not mel; give model.init=none" in capsys.readouterr().err
    assert learn("model.init=nowhere", "data.name=eve") == 2
    assert "there is no bundle in" in capsys.readouterr().err
