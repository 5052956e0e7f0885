"""The notebooks run from top to bottom, and keep no output in git."""

from __future__ import annotations

from pathlib import Path

import nbformat
import numpy as np
import pytest
import soundfile
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_no_output_is_kept(path):
    for cell in nbformat.read(path, as_version=4).cells:
        assert not cell.get("outputs")
        assert not cell.get("execution_count")


@pytest.mark.slow
def test_the_first_avatar_runs_on_a_miniature(chain, tmp_path, monkeypatch):
    time = np.arange(16_000) / 16_000
    soundfile.write(tmp_path / "speech.wav", 0.3 * np.sin(900 * time) * np.sin(12 * time), 16_000)
    monkeypatch.setenv("NOTEBOOK_WHO", "data=myvideo data.name=mini")
    monkeypatch.setenv("NOTEBOOK_NAME", "mini")
    monkeypatch.setenv("NOTEBOOK_RUNS", str(chain))
    # The overrides of the chain fixture, so that the stages are found trained.
    training = "experiment=demo trainer.max_steps=4 schedule.val_every=4 frame.height=64 logger=csv"
    monkeypatch.setenv("NOTEBOOK_TRAINING", training)
    monkeypatch.setenv("NOTEBOOK_AUDIO", f"audio={tmp_path / 'speech.wav'}")
    notebook = nbformat.read(ROOT / "notebooks/01_first_avatar.ipynb", as_version=4)
    NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(ROOT / "notebooks")}}).execute()
    text = "".join(out.get("text", "") for cell in notebook.cells for out in cell.get("outputs", []))
    assert text.count("already trained") == 4
    assert "48 frames" in text
    pictures = [out for cell in notebook.cells for out in cell.get("outputs", []) if "data" in out]
    assert sum("image/png" in out["data"] for out in pictures) == 2
    assert any("<video" in out["data"].get("text/html", "") for out in pictures)
