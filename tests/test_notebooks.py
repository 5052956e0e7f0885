"""The notebooks run from top to bottom, and keep no output in git."""

from __future__ import annotations

import json
import re
from pathlib import Path

import nbformat
import numpy as np
import pytest
import soundfile
from IPython.core.inputtransformer2 import TransformerManager
from nbclient import NotebookClient

from beavervision.artifacts.bundle import Bundle
from beavervision.artifacts.clip import Clip

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
SETTINGS = {"trainer.max_steps": 4, "schedule.val_every": 4, "frame.height": 64, "logger": "csv"}
TRAINING = "experiment=demo trainer.max_steps=4 schedule.val_every=4 frame.height=64 logger=csv"
"""The overrides of the chain fixture, so that its stages are found trained."""


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_no_output_is_kept(path):
    for cell in nbformat.read(path, as_version=4).cells:
        assert not cell.get("outputs")
        assert not cell.get("execution_count")


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_can_be_opened_and_installed_on_colab(path):
    title, install = nbformat.read(path, as_version=4).cells[:2]
    assert re.search(rf"\]\(https://colab\.research\.google\.com/github/\S+/notebooks/{path.name}\)", title.source)
    assert install.cell_type == "code"
    code = TransformerManager().transform_cell(install.source)
    pip = [line.strip() for line in code.splitlines() if "run_line_magic('pip'" in line]
    assert len(pip) == 1
    # Where the package is there, the cell does nothing: no pip, no restart.
    exec(compile(code, path.name, "exec"), {"get_ipython": lambda: pytest.fail("it installs what is installed")})


@pytest.mark.slow
def test_the_first_avatar_runs_on_a_miniature(chain, tmp_path, monkeypatch):
    time = np.arange(16_000) / 16_000
    soundfile.write(tmp_path / "speech.wav", 0.3 * np.sin(900 * time) * np.sin(12 * time), 16_000)
    monkeypatch.setenv("NOTEBOOK_NAME", "mini")
    monkeypatch.setenv("NOTEBOOK_RUNS", str(chain))
    monkeypatch.setenv("NOTEBOOK_VIDEO", str(Clip.load(chain / "mini/clip").video))
    monkeypatch.setenv("NOTEBOOK_SETTINGS", json.dumps(SETTINGS))
    monkeypatch.setenv("NOTEBOOK_SPEECH", str(tmp_path / "speech.wav"))
    notebook = nbformat.read(ROOT / "notebooks/01_first_avatar.ipynb", as_version=4)
    NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(ROOT / "notebooks")}}).execute()
    text = "".join(out.get("text", "") for cell in notebook.cells for out in cell.get("outputs", []))
    assert text.count("already trained") == 5
    assert "48 frames" in text
    pictures = [out for cell in notebook.cells for out in cell.get("outputs", []) if "data" in out]
    assert sum("image/png" in out["data"] for out in pictures) == 2
    assert any("<video" in out["data"].get("text/html", "") for out in pictures)


@pytest.fixture
def small(chain, tmp_path, monkeypatch):
    """What the notebooks' commands say in the tests: the miniature clip and the chain that is trained on it."""
    monkeypatch.setenv("NOTEBOOK_WHO", "data=myvideo data.name=mini")
    monkeypatch.setenv("NOTEBOOK_NAME", "mini")
    monkeypatch.setenv("NOTEBOOK_RUNS", str(chain))
    monkeypatch.setenv("NOTEBOOK_TRAINING", TRAINING)
    monkeypatch.setenv("NOTEBOOK_PACKAGE", str(tmp_path / "package"))
    return chain


def executed(name: str) -> tuple[str, int]:
    """What a notebook prints, and how many pictures it shows."""
    notebook = nbformat.read(ROOT / "notebooks" / name, as_version=4)
    NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(ROOT / "notebooks")}}).execute()
    outputs = [out for cell in notebook.cells for out in cell.get("outputs", [])]
    assert not [out for out in outputs if out.get("output_type") == "error"]
    pictures = sum("image/png" in out.get("data", {}) for out in outputs)
    return "".join(out.get("text", "") or out.get("data", {}).get("text/html", "") for out in outputs), pictures


@pytest.mark.slow
def test_a_sweep_over_framing_shows_its_strips(small, monkeypatch):
    monkeypatch.setenv("NOTEBOOK_SWEEP", "frame=1x1 frame.face_scale=0.4,0.6 schedule.max_steps=2")
    text, pictures = executed("02_framing.ipynb")
    assert pictures == 1 + 2 + 2  # the frame, two rows of canvases, a strip of each job
    assert "f0.4" in text


@pytest.mark.slow
def test_the_inside_of_a_field_is_drawn(small):
    text, pictures = executed("03_inside_the_field.ipynb")
    assert "already trained" in text
    assert "cells are occupied" in text
    assert pictures == 3


@pytest.mark.slow
def test_a_stage_of_ones_own_trains_like_ours(small, tmp_path):
    text, pictures = executed("04_your_own_stage.ipynb")
    assert "mouthmeter is trained" in text
    assert pictures == 1
    (bundle,) = (small / "mini/mouthmeter").glob("*/bundle")
    assert Bundle.load(bundle, "mouthmeter").weights
