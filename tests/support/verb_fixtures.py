"""Fixtures: a stage from outside the package, and verbs run within the test's own process (imports cost seconds)."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from stub_artifacts import stub_clip

from beavervision.cli.entry import run

HERE = Path(__file__).parent


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """A runs folder with one clip, `anna`: enough of one for stages that do not look into it."""
    clip = tmp_path / "runs" / "anna" / "clip"
    stub_clip(clip)
    return tmp_path / "runs"


@pytest.fixture
def verb(monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """Runs a verb with these arguments and returns its exit code."""

    def call(name: str, *arguments: str) -> int:
        monkeypatch.setattr(sys, "argv", [name, *arguments])
        return run(name)

    return call


@pytest.fixture
def ridge(monkeypatch: pytest.MonkeyPatch, runs: Path, verb: Callable[..., int]) -> Callable[..., int]:
    """Runs train on the outside stage `ridge` for clip anna; returns the exit code."""
    monkeypatch.syspath_prepend(str(HERE / "outside"))
    fixed = ("--config-dir", str(HERE / "outside_conf"), "model=ridge", "data=myvideo", "data.name=anna")

    def call(*arguments: str, name: str = "train") -> int:
        return verb(name, *fixed, f"paths.runs={runs}", *arguments)

    call.evaluate = partial(call, name="evaluate")  # type: ignore[attr-defined]
    return call
