"""Write docs/reference/config.md and the list of verbs in command_line.md: `python scripts/reference_docs.py`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from beavervision.cli.console import EVERY_VERB

ROOT = Path(__file__).resolve().parents[1]
CONF, REFERENCE = ROOT / "conf", ROOT / "docs" / "reference"
VERBS = ("prepare", "train", "infer", "evaluate", "serve", "doctor")
HIDDEN = ("hydra", "local", "experiment/stages", "sweep/stages")
"""Groups that the page leaves out: Hydra's own, the user's, and what another choice brings."""
MARKS = ("<!-- verbs: begin -->", "<!-- verbs: end -->")
INTRODUCTION = """# Config keys

This page is generated from the comments in `conf/` by `python scripts/reference_docs.py`.

Every key is written on the command line as `key=value`, for example `control.temperature=0.2`. A group is chosen as
`group=option`, for example `frame=1x1`. `beavervision <verb> --help` prints the groups and keys of a verb, and
`--cfg job` prints the values that a command would use. A name that does not exist is an error that suggests the right
one.
"""
LINE = re.compile(r"""^(\s*)(- )?("?[\w.@/-]+"?):(?:\s+(.*?))?(?:\s*(?<!\S)#\s*(.*))?$""")


@dataclass(frozen=True)
class Key:
    """One key of a config file: its dotted name, its value as it is written, and its comment."""

    name: str
    value: str
    meaning: str


def page() -> str:
    """Return docs/reference/config.md."""
    parts = [INTRODUCTION, "## Keys of the verbs\n"]
    parts += [verb_section(CONF / f"{verb}.yaml") for verb in VERBS if (CONF / f"{verb}.yaml").exists()]
    parts.append("## Groups\n")
    parts += [group_section(group) for group in groups()]
    return "\n".join(parts).rstrip() + "\n"


def groups() -> list[str]:
    """Return the names of all config groups on the page, in order."""
    found = {str(path.parent.relative_to(CONF)) for path in CONF.glob("*/**/*.yaml")}
    return sorted(group for group in found if not group.startswith(HIDDEN))


def verb_section(path: Path) -> str:
    """Return the keys that stand in the file of one verb itself."""
    own = [key for key in keys(path) if not key.name.startswith(("hydra.", "run."))]
    chosen = ", ".join(f"`{name}={option}`" for name, option in defaults(path))
    which = f"Groups, with their defaults: {chosen}." if chosen else "Groups and keys are those of `train`."
    lines = [f"### {path.stem}\n", description(path) + "\n", which + "\n"]
    return "\n".join([*lines, *([table(own)] if own else [])])


def group_section(group: str) -> str:
    """Return the options of a group, and their keys; options with the same keys share one table."""
    files = sorted((CONF / group).glob("*.yaml"))
    lines = [f"### {group}\n", *(f"- `{group}={path.stem}`: {description(path)}" for path in files), ""]
    names = [tuple(key.name for key in keys(path)) for path in files]
    if len(files) > 1 and names[0] and all(other == names[0] for other in names):
        return "\n".join([*lines, shared_table(files)])
    # What one option explains holds for the same key of the others.
    meanings = {key.name: key.meaning for path in files for key in keys(path) if key.meaning}
    for path in files:
        if found := [replace(key, meaning=key.meaning or meanings.get(key.name, "")) for key in keys(path)]:
            lines += [f"`{group}={path.stem}`\n", table(found)]
    return "\n".join(lines)


def description(path: Path) -> str:
    """Return the comment at the top of a file, in one line."""
    lines = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            break
        if not line.startswith("# @package"):
            lines.append(line.lstrip("# "))
    text = " ".join(lines).replace("<", "&lt;").replace("|", "\\|")
    return text if not text or text.endswith((".", ")", "]")) else text + "."


def defaults(path: Path) -> list[tuple[str, str]]:
    """Return the groups of a defaults list with the options that it chooses."""
    text = path.read_text(encoding="utf-8")
    block = re.search(r"^defaults:\n((?:  - .*\n)+)", text, flags=re.MULTILINE)
    entries = re.findall(r"^  - ([\w/]+): ([^#\n]+)", block[1] if block else "", flags=re.MULTILINE)
    return [(name, option.strip()) for name, option in entries if name not in ("paths", "hydra")]


def keys(path: Path) -> list[Key]:
    """Return the keys of a file in order; the comment behind a parent stands before that of its first key."""
    return [key for key in _keys(path) if not re.search(r"(^|\.)(defaults|_target_|_convert_)$", key.name)]


def _keys(path: Path) -> Iterator[Key]:
    lines = path.read_text(encoding="utf-8").splitlines()
    group = str(path.parent.relative_to(CONF)).replace("/", ".")
    prefix = [] if group == "." or "# @package _global_" in lines[:2] else [group]
    parents: list[tuple[int, str]] = []
    for number, line in enumerate(lines):
        found = LINE.match(line)
        if found is None or line.lstrip().startswith("#") or found[2]:
            continue
        indent, name = len(found[1]), found[3].strip('"')
        parents = [parent for parent in parents if parent[0] < indent]
        full = ".".join([*prefix, *(parent[1] for parent in parents), name])
        value, meaning = (found[4] or "").strip(), found[5] or ""
        if value or meaning or not _has_children(lines[number + 1 :], indent):
            yield Key(full, value, meaning)
        parents.append((indent, name))


def _has_children(lines: list[str], indent: int) -> bool:
    inner = next((line for line in lines if line.strip() and not line.lstrip().startswith("#")), "")
    return len(inner) - len(inner.lstrip()) > indent


def table(found: list[Key]) -> str:
    """Return a Markdown table of keys."""
    rows = [f"| `{key.name}` | {code(key.value)} | {cell(key.meaning)} |" for key in found]
    return "\n".join(["| key | default | meaning |", "|---|---|---|", *rows]) + "\n"


def shared_table(files: list[Path]) -> str:
    """Return one table for options with the same keys, a column for each."""
    columns = [keys(path) for path in files]
    lines = [f"| key | {' | '.join(path.stem for path in files)} | meaning |", "|---" * (len(files) + 2) + "|"]
    for row in zip(*columns, strict=True):
        meaning = max((key.meaning for key in row), key=len)
        lines.append(f"| `{row[0].name}` | {' | '.join(code(key.value) for key in row)} | {cell(meaning)} |")
    return "\n".join(lines) + "\n"


def code(value: str) -> str:
    """Return a value as code, or nothing for a parent without one."""
    return f"`{cell(value)}`" if value else ""


def cell(text: str) -> str:
    """Escape what would end a cell or begin a tag."""
    return text.replace("|", "\\|").replace("<", "&lt;") if "`" not in text else text.replace("|", "\\|")


def verbs() -> str:
    """Return the table of all verbs."""
    rows = [f"| `beavervision {name}` | {what} |" for name, what in EVERY_VERB.items()]
    return "\n".join(["| command | what it does |", "|---|---|", *rows])


def with_verbs(text: str) -> str:
    """Return command_line.md with the present table of verbs."""
    before, _, rest = text.partition(MARKS[0])
    return f"{before}{MARKS[0]}\n{verbs()}\n{MARKS[1]}{rest.partition(MARKS[1])[2]}"


if __name__ == "__main__":
    (REFERENCE / "config.md").write_text(page(), encoding="utf-8")
    commands = REFERENCE / "command_line.md"
    commands.write_text(with_verbs(commands.read_text(encoding="utf-8")), encoding="utf-8")
