"""Preparation that is stopped goes on where it was, and who did which part of it changes no byte."""

import subprocess
import sys
from pathlib import Path

import pytest

from beavervision.artifacts.clip import CONSENT
from beavervision.preprocess import PrepareOptions, prepare, segments
from beavervision.preprocess.step_cache import WORKSPACE
from beavervision.synthetic.ground_truth import actor_video

KILLING = Path(__file__).parents[1] / "support" / "killing.py"


def contents(folder):
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


@pytest.mark.slow
def test_killed_ten_times_ends_with_the_same_bytes(tmp_path):
    command = [sys.executable, str(KILLING), str(actor_video()), str(tmp_path), "10", "5"]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr[-2000:]
    kills = [line.split() for line in run.stdout.splitlines() if line[-4:] in {"True", "alse"}]
    assert len(kills) == 10
    results = [int(number) for number, _ in kills]
    assert results == sorted(results)  # what was there stays there
    assert len(set(results)) > 2  # the kills hit at different stages of the work
    whole, killed = (contents(tmp_path / name / "clip") for name in ("whole", "killed"))
    assert whole.keys() == killed.keys()
    assert [name for name in whole if whole[name] != killed[name]] == []


def test_processes_that_share_the_work_change_no_byte(tmp_path, monkeypatch):
    monkeypatch.setattr(segments, "LENGTH", 5)
    for workers in (0, 2):
        options = PrepareOptions("film", start=1.0, end=1.4, workers=workers)
        prepare(actor_video(), tmp_path / str(workers) / "clip", options)
    alone, shared = (contents(tmp_path / name / "clip") for name in ("0", "2"))
    assert [name for name in alone if alone[name] != shared.get(name)] == []


def test_other_settings_begin_at_the_first_step_that_they_change(tmp_path):
    kept = []
    for gap in (0.24, 0.0):
        prepare(
            actor_video(), tmp_path / "clip", PrepareOptions("film", start=1.0, end=1.2, gap=gap), consent=b"agreed"
        )
        assert (tmp_path / "clip" / CONSENT).read_bytes() == b"agreed"
        steps = {path.name.partition("-")[0]: path for path in (tmp_path / WORKSPACE).iterdir()}
        kept.append((steps["faces"].stat().st_ino, steps["subject_track"].stat().st_ino))
        assert len(steps) == len(list((tmp_path / WORKSPACE).iterdir()))  # what no step needs is forgotten
    assert kept[0][0] == kept[1][0]
    assert kept[0][1] != kept[1][1]
