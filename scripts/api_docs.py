"""Write docs/reference/python.md from the docstrings of the public names: `python scripts/api_docs.py`."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import Any

import beavervision

PAGE = Path(__file__).resolve().parents[1] / "docs" / "reference" / "python.md"
INTRODUCTION = """# Python API

This page is generated from the docstrings by `python scripts/api_docs.py`.

`import beavervision as bv` takes a few milliseconds; PyTorch is imported at the first use of a name. Every setting of
the command line can be given in Python: as a keyword with two underscores for a dot (`trainer__max_steps=10`), or in a
mapping (`overrides={"trainer.max_steps": 10}`). Every call leaves random numbers, the working folder, logging and Hydra
as they were. Calls from several threads run one after another; frames of several videos are rendered side by side.
"""
ORDER = (
    *("prepare", "train", "Avatar", "TalkingVideo", "Frame", "evaluate", "Evaluation", "Clip", "Motion"),
    *("animate", "FaceAnimation", "unpack"),
)


def page() -> str:
    """Return the whole page as Markdown."""
    errors = [name for name in beavervision.__all__ if name.endswith("Error")]
    parts = [INTRODUCTION, *(section(name, getattr(beavervision, name)) for name in ORDER), "## Errors\n"]
    parts += [f"- `{name}`: {first_line(getattr(beavervision, name))}" for name in errors]
    return "\n".join(parts) + "\n"


def section(name: str, value: Any) -> str:
    """Return the section of one class or function."""
    lines = [f"## {name}\n", block(f"{name}{signature(value)}"), docstring(value)]
    if inspect.isclass(value):
        for method, member in vars(value).items():
            target = member.__func__ if isinstance(member, classmethod | staticmethod) else member
            if method.startswith("_") or not (inspect.isfunction(target) or isinstance(target, property)):
                continue
            shown = f"{name}.{method}" + ("" if isinstance(target, property) else signature(target))
            lines += [block(shown), docstring(target)]
    return "\n".join(lines)


def signature(value: Any) -> str:
    """Return the parameters as they are written; annotations are texts already."""
    text = re.sub(r"(: |-> )'([^']*)'", r"\1\2", str(inspect.signature(value)))
    return re.sub(r"<(?:factory|class|function|object)[^>]*>", "...", text)


def block(text: str) -> str:
    """Return Markdown for one line of code."""
    return f"```python\n{text}\n```\n"


def docstring(value: Any) -> str:
    """Return a docstring as Markdown: lists for arguments, code for examples."""
    text = inspect.getdoc(value) or ""
    text = re.sub(r"^(Args|Returns|Raises|Example):$", r"\n**\1**\n", text, flags=re.MULTILINE)
    lines, in_example = [], False
    for line in text.splitlines():
        bare = line.strip()
        in_example = (in_example or line == "**Example**") and not line.startswith("**Args")
        if in_example and line.startswith("    "):
            lines.append(line.replace("  # doctest: +SKIP", ""))
        elif re.match(r"    \w+: ", line):
            argument, _, meaning = bare.partition(": ")
            lines.append(f"- `{argument}`: {meaning}")
        elif line.startswith("        "):
            lines.append(f"  {bare}")
        else:
            lines.append(bare)
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip() + "\n"


def first_line(value: Any) -> str:
    """Return the first line of a docstring."""
    return (inspect.getdoc(value) or "").splitlines()[0]


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
