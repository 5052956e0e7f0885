from __future__ import annotations

import os
import subprocess
import sys

import pytest

from beavervision.cli.entry import SPIN

HEAVY = ("torch", "lightning", "mediapipe", "transformers", "wandb", "numba", "scipy", "c2pa", "cryptography", "av")

PROBE = """
import runpy, sys
sys.argv = [{script!r}, "--help"]
try:
    runpy.run_path({script!r}, run_name="__main__")
except SystemExit as stop:
    assert not stop.code, stop.code
print("LOADED", [name for name in {heavy!r} if name in sys.modules])
"""


@pytest.mark.parametrize("script", ["train.py", "infer.py"])
def test_help_loads_nothing_heavy_and_helps(root, script):
    code = PROBE.format(script=script, heavy=HEAVY)
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.rstrip().endswith("LOADED []")
    assert "usage: python" in done.stdout
    assert "data=myvideo" in done.stdout


def test_idle_threads_soon_sleep_unless_the_user_says_otherwise(verb, monkeypatch):
    for given, found in ((None, SPIN), ("7", "7")):
        monkeypatch.delenv("GOMP_SPINCOUNT", raising=False)
        if given is not None:
            monkeypatch.setenv("GOMP_SPINCOUNT", given)
        verb("doctor")
        assert os.environ["GOMP_SPINCOUNT"] == found


def test_an_unwritable_runs_folder_is_a_sentence(verb, capsys):
    for place in ("/proc/nowhere", "/dev/null/runs"):
        assert verb("train", "data=demo", f"paths.runs={place}") == 2
        said = capsys.readouterr().err
        assert place in said
        assert len(said.strip().splitlines()) == 1
