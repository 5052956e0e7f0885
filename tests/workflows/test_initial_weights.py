from __future__ import annotations

import pytest
from omegaconf import OmegaConf
from stub_artifacts import stub_bundle, stub_clip, stub_corpus

from beavervision.errors import BeaverError
from beavervision.workflows import initial_weights
from beavervision.workflows.initial_weights import find_initial_bundle, shorten_schedule

MEL = {"kind": "mel", "checkpoint": None}
FACTS = {"stage": "audio2motion", "basis": "gpmm", "fps": 25.0, "audio_features": MEL, "motion": "exp"}


@pytest.fixture
def general(tmp_path, monkeypatch):
    """A general bundle as far as its manifest goes, in place of the package's own."""
    folder = tmp_path / "general" / "audio2motion"
    stub_bundle(folder, **FACTS)
    monkeypatch.setattr(initial_weights, "GENERAL", tmp_path / "general")
    return folder


def config(init, **changes):
    nodes = {
        "run": {"stage": "audio2motion"},
        "model": {"init": init},
        "datamodule": {"motion": "exp"},
        "audio_features": MEL,
    }
    return OmegaConf.create({**nodes, **changes})


@pytest.fixture
def person(tmp_path):
    """Writes a clip with these facts."""

    def write(basis="gpmm", fps=25.0):
        folder = tmp_path / f"{basis}{fps}"
        stub_clip(folder, basis=basis, fps=fps)
        return folder

    return write


@pytest.mark.parametrize("wanted", ["auto", "general"])
def test_one_person_begins_with_the_general_network(general, person, wanted, capsys):
    assert find_initial_bundle(config(wanted), person()) == general
    assert "adapts the general audio2motion (model.init=none: begins with nothing)" in capsys.readouterr().out


@pytest.mark.parametrize("wanted", [None, "none"])
def test_none_is_none(general, person, wanted, capsys):
    assert find_initial_bundle(config(wanted), person()) is None
    assert capsys.readouterr().out == ""


def test_a_corpus_begins_with_nothing_unless_it_is_told(general, tmp_path):
    corpus = tmp_path / "corpus"
    stub_corpus(corpus, "all")
    assert find_initial_bundle(config("auto"), corpus) is None
    assert find_initial_bundle(config("general"), corpus) == general


@pytest.mark.parametrize(
    ("clip", "changes", "objection"),
    [
        ({"basis": "bfm"}, {}, "has basis gpmm, not bfm"),
        ({"fps": 30.0}, {}, "has fps 25.0, not 30.0"),
        ({}, {"audio_features": {"kind": "hubert", "checkpoint": "x"}}, "has audio_features mel, not hubert"),
        ({}, {"datamodule": {"motion": "id_exp"}}, "has motion exp, not id_exp"),
    ],
)
def test_what_does_not_fit_is_said_and_refused_only_where_it_was_asked_for(
    general, person, capsys, clip, changes, objection
):
    source = person(**clip)
    assert find_initial_bundle(config("auto", **changes), source) is None
    assert f"begins with nothing: the general audio2motion {objection}" in capsys.readouterr().out
    with pytest.raises(BeaverError, match=rf"model\.init=general: the general audio2motion {objection}"):
        find_initial_bundle(config("general", **changes), source)


def test_another_stage_s_bundle_is_refused(general, person, tmp_path):
    folder = tmp_path / "mine"
    stub_bundle(folder, **{**FACTS, "stage": "syncnet"})
    with pytest.raises(BeaverError, match="is a bundle of syncnet"):
        find_initial_bundle(config(str(folder)), person())


def test_an_adaptation_is_no_longer_than_it_takes(general):
    cfg = OmegaConf.create({"schedule": {"max_steps": 4000, "adapt_steps": 300, "val_every": 500}})
    shorten_schedule(cfg, None)
    assert cfg.schedule.max_steps == 4000
    shorten_schedule(cfg, general)
    assert (cfg.schedule.max_steps, cfg.schedule.val_every) == (300, 300)
    closed_form = {"schedule": {"max_steps": 4000, "adapt_steps": 1, "val_every": 500}}
    one = OmegaConf.create({**closed_form, "datamodule": {"augmented_copies": 12}})
    shorten_schedule(one, general)
    assert (one.schedule.max_steps, one.datamodule.augmented_copies) == (1, 0)
    many = OmegaConf.create({**closed_form, "data": {"clips": "runs/*/clip"}})
    shorten_schedule(many, general)
    assert many.schedule.max_steps == 4000
    short = OmegaConf.create({"schedule": {"max_steps": 20, "adapt_steps": 300, "val_every": 10}})
    shorten_schedule(short, general)
    assert short.schedule.max_steps == 20
