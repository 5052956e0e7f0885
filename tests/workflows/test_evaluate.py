from __future__ import annotations

import json
from pathlib import Path

FOLDER = Path("anna/ridge/default")


def test_it_measures_the_bundle_that_was_trained(ridge, runs, verb, capsys):
    ridge()
    trained = json.loads((runs / FOLDER / "bundle/metrics.json").read_text())
    before = sorted(path.name for path in (runs / FOLDER).iterdir())
    assert ridge.evaluate() == 0
    measured = json.loads((runs / FOLDER / "evaluation/metrics.json").read_text())
    assert measured["val/mse"] == trained["val/mse"]
    rows = (runs / FOLDER / "evaluation/frames.csv").read_text().splitlines()
    assert rows[0] == "frame,mse"
    assert [row.split(",")[0] for row in rows[1:]] == [str(i) for i in range(8)]
    squares = [float(row.split(",")[1]) for row in rows[1:]]
    assert abs(sum(squares) / 8 - trained["val/mse"]) < 1e-6
    assert sorted(path.name for path in (runs / FOLDER).iterdir()) == sorted([*before, "evaluation"])


def test_an_untrained_stage_is_a_sentence_and_leaves_nothing(ridge, runs, capsys):
    assert ridge.evaluate("model.lr=0.7") == 2
    assert "python train.py model=ridge" in capsys.readouterr().err
    assert not (runs / "anna/ridge").exists()
