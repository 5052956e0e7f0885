"""The examples of the docstrings run, and give what they say."""

from __future__ import annotations

import doctest
import importlib
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[1] / "src"
WITH_EXAMPLES = [path for path in sorted((SOURCE / "beavervision").rglob("*.py")) if ">>> " in path.read_text()]
OPTIONS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


def test_there_are_examples():
    assert len(WITH_EXAMPLES) > 50


@pytest.mark.parametrize("path", WITH_EXAMPLES, ids=lambda path: path.stem)
def test_examples_run(path):
    if "[studio]" in path.read_text():
        pytest.importorskip("gradio", reason="the examples of the page need the extra [studio]")
    module = importlib.import_module(".".join(path.relative_to(SOURCE).with_suffix("").parts))
    result = doctest.testmod(module, optionflags=OPTIONS)
    assert not result.failed
