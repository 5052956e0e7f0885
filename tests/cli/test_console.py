from __future__ import annotations

import json
import sys

import pytest

from beavervision import __version__
from beavervision.cli import console
from beavervision.cli.entry import VERBS


def said(monkeypatch, capsys, *arguments: str) -> tuple[int, str, str]:
    monkeypatch.setattr(sys, "argv", ["beavervision", *arguments])
    with pytest.raises(SystemExit) as stop:
        console.main()
    out, err = capsys.readouterr()
    return int(stop.value.code or 0), out, err


def test_help_names_every_verb(monkeypatch, capsys):
    code, out, _ = said(monkeypatch, capsys, "--help")
    assert code == 0
    assert all(verb in out for verb in VERBS)
    assert {"prepare", "train", "infer", "evaluate", "doctor"} <= set(VERBS)
    assert all(verb in out for verb in console.PLAIN_VERBS)


@pytest.mark.parametrize("verb", console.PLAIN_VERBS)
def test_verbs_without_a_configuration(monkeypatch, capsys, verb):
    code, out, _ = said(monkeypatch, capsys, verb, "--help")
    assert code == 0
    assert f"usage: beavervision {verb}" in out
    code, _, err = said(monkeypatch, capsys, verb, "--nonsense")
    assert code == 2
    assert len(err.strip().splitlines()) == 1


def test_a_misspelt_verb(monkeypatch, capsys):
    code, _, err = said(monkeypatch, capsys, "trian")
    assert code == 2
    assert "did you mean train" in err


def test_version(monkeypatch, capsys):
    assert said(monkeypatch, capsys, "--version")[1].strip() == f"beavervision {__version__}"


def test_a_verb_takes_overrides(monkeypatch, capsys, tmp_path):
    code, out, _ = said(monkeypatch, capsys, "doctor", f"paths.runs={tmp_path}")
    assert code == 0
    assert "ready" in out


def test_doctor_prints_nothing_but_json(monkeypatch, capsys, tmp_path):
    code, out, _ = said(monkeypatch, capsys, "doctor", "--json", f"paths.runs={tmp_path}")
    found = json.loads(out)
    assert code == 0
    assert found["beavervision"] == __version__
    assert found["ready"] is True
    assert {"Python", "torch", "GPU", "free disk"} <= {finding["name"] for finding in found["findings"]}


@pytest.mark.parametrize("verb", VERBS)
def test_help_of_every_verb_shows_examples_and_choices(monkeypatch, capsys, verb):
    code, out, _ = said(monkeypatch, capsys, verb, "--help")
    assert code == 0
    assert "usage:" in out
    assert "paths:" in out
