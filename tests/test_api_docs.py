"""docs/reference/python.md is what the docstrings say."""

from __future__ import annotations

import runpy
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def test_the_page_is_in_step_with_the_docstrings():
    script = runpy.run_path(str(ROOT / "scripts/api_docs.py"))
    text = (ROOT / "docs/reference/python.md").read_text(encoding="utf-8")
    assert text == script["page"](), "run: python scripts/api_docs.py"
