"""The commands of the documentation: found in its pages, and checked without running what they start."""

from __future__ import annotations

import ast
import importlib.util
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from textwrap import dedent

import tomllib
import yaml
from hydra import compose, initialize_config_dir
from hydra.core.override_parser.overrides_parser import OverridesParser

from beavervision.cli.console import PLAIN_VERBS
from beavervision.cli.entry import VERBS
from beavervision.cli.plain_arguments import ArgumentParser
from beavervision.config.conf_folder import conf_folder
from beavervision.config.plugins import register_plugins
from beavervision.config.resolvers import register_resolvers
from beavervision.config.schemas import validate_nodes

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
FENCE = re.compile(
    r"(?P<mark><!-- notest: (?P<reason>[^>]+) -->\n)?^(?P<indent> *)```(?P<language>\w*)\n(?P<text>.*?)^(?P=indent)```",
    re.MULTILINE | re.DOTALL,
)
COMMAND = re.compile(
    r"(\w+=\S+ )*(python3?|beavervision|make|pip|pipx|uvx?|docker|srun|torchrun|git|curl|source|export) "
)
SYNTAX = re.compile(r"(#|for |done|\[ )")
"""Lines of a shell block that start no program of ours."""
HYDRA_FLAGS = {"-m": 0, "--multirun": 0, "--cfg": 1, "--help": 0, "--info": 0, "-sc": 1, "--config-dir": 1}
"""Flags of Hydra, and how many words they take besides."""


@dataclass(frozen=True)
class Block:
    """One fenced block of a page: its language, its text, and why it is not tested, if it is not."""

    page: str
    language: str
    text: str
    reason: str | None

    @property
    def commands(self) -> list[str]:
        """Lines that start a program, with their continuations."""
        return [line for line in self.lines if COMMAND.match(line + " ")]

    @property
    def lines(self) -> list[str]:
        """Lines of a block of commands or of plain text, without continuations."""
        joined = self.text.replace("\\\n", " ") if self.language in ("", "bash", "text") else ""
        return [line.strip() for line in joined.splitlines() if line.strip()]

    @property
    def unknown(self) -> list[str]:
        """Lines of a block of commands that no check knows; all commands of a block that is not called `bash`."""
        if self.language != "bash":
            return self.commands
        return [line for line in self.lines if not COMMAND.match(line + " ") and not SYNTAX.match(line)]


def pages() -> list[Path]:
    return sorted(DOCS.rglob("*.md"))


def blocks() -> Iterator[Block]:
    for path in pages():
        for found in FENCE.finditer(path.read_text(encoding="utf-8")):
            text = dedent(found["text"])
            yield Block(str(path.relative_to(ROOT)), found["language"], text, found["reason"])


def check_command(command: str) -> None:
    """Refuse a command that this version does not understand.

    Raises:
        AssertionError: with the reason; BeaverError or Hydra's errors for a wrong key.
    """
    # Placeholders, shell variables and optional flags: <bundle>, ${speaker}, [--trust anchor.pem].
    bare = re.sub(r"\[(--[^\]]+)\]", r"\1", re.sub(r"<[^<>]*>|\$\{?\w+\}?", "x", command))
    words = shlex.split(bare, comments=True)
    while "=" in words[0]:
        words = words[1:]
    starts = {"python": check_python, "python3": check_python, "beavervision": check_verb, "make": check_make}
    starts |= {"pip": check_extras, "source": lambda words: None, "export": lambda words: None}
    starts |= {"srun": check_started, "torchrun": check_started}
    assert words[0] in starts, f"{words[0]} cannot be checked; mark the block: <!-- notest: reason -->"
    starts[words[0]](words)


def check_started(words: list[str]) -> None:
    """`srun ... python train.py ...`: what a launcher of processes starts."""
    check_verb(["beavervision", "train", *words[words.index("train.py") + 1 :]])


def check_python(words: list[str]) -> None:
    if words[1] == "-m":
        assert importlib.util.find_spec(words[2]) is not None, f"no module: {words[2]}"
        return
    if words[1] in ("train.py", "infer.py"):
        check_verb(["beavervision", words[1].removesuffix(".py"), *words[2:]])
        return
    script = ROOT / words[1]
    assert script.exists(), f"{words[1]} does not exist"
    text = script.read_text(encoding="utf-8")
    flags = [word.split("=")[0] for word in words[2:] if word.startswith("--")]
    assert all(f'"{flag}"' in text for flag in flags), f"{words[1]} has no {flags}"


def check_make(words: list[str]) -> None:
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = [word for word in words[1:] if "=" not in word]
    assert all(re.search(rf"^{target}:", text, re.M) for target in targets), f"no target of the Makefile: {targets}"


def check_extras(words: list[str]) -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    for word in words:
        for extra in re.findall(r"^beavervision\[([\w,]+)\]", word):
            assert set(extra.split(",")) <= set(extras), f"no extra of pyproject.toml: {extra}"


def check_verb(words: list[str]) -> None:
    verb, *arguments = [word for word in words[1:] if word not in ("...", "[key=value", "[group=option", "...]")]
    if verb in PLAIN_VERBS:
        check_plain_verb(verb, arguments)
        return
    if verb in ("x", "--version", "--help"):
        return
    assert verb in VERBS, f"no verb of beavervision: {verb}"
    overrides, flags = split_flags(arguments)
    if "--json" in flags:
        assert verb == "doctor", "only doctor and the plain verbs know --json"
    composed(verb, tuple(sorted(first_values(overrides))))


def check_plain_verb(verb: str, arguments: list[str]) -> None:
    """Parse the arguments with the verb's own parser; its `main` stops behind the parsing."""
    if verb == "demo":  # it passes overrides on to the other verbs, and would run
        check_verb(["beavervision", "train", *arguments])
        return
    module = importlib.import_module(f"beavervision.cli.{verb}")
    assert "ArgumentParser" in vars(module) or "_parser" in vars(module), (
        f"{verb} has no parser; check it by its own rule"
    )

    class Parsed(Exception):  # noqa: N818
        pass

    original = ArgumentParser.parse_args

    def parse(parser: ArgumentParser, arguments: object = None, namespace: object = None) -> None:
        original(parser, arguments, namespace)  # type: ignore[arg-type]
        raise Parsed

    ArgumentParser.parse_args = parse  # type: ignore[method-assign]
    try:
        module.main(arguments)
    except Parsed:
        return
    finally:
        ArgumentParser.parse_args = original  # type: ignore[method-assign]
    raise AssertionError(f"{verb} does not parse its arguments")


def split_flags(arguments: list[str]) -> tuple[list[str], list[str]]:
    overrides, flags, skip = [], [], 0
    for word in arguments:
        if skip:
            skip -= 1
        elif word.startswith("-") and word != "-":
            assert word in HYDRA_FLAGS or word == "--json", f"no flag: {word}"
            flags.append(word)
            skip = HYDRA_FLAGS.get(word, 0)
        else:
            overrides.append(word)
    return overrides, flags


def first_values(overrides: list[str]) -> list[str]:
    """The overrides of the first job of a sweep."""
    given = []
    for text, override in zip(overrides, OverridesParser.create().parse_overrides(overrides), strict=True):
        if override.is_sweep_override():
            first = next(iter(override.sweep_string_iterator()), None) if override.is_discrete_sweep() else None
            text = f"{override.get_key_element()}={first}" if first is not None else ""
        given += [text] if text else []
    return given


@cache
def composed(verb: str, overrides: tuple[str, ...]) -> None:
    """Compose the config of a command; a group, an option or a key that does not exist raises."""
    register_resolvers()
    register_plugins()
    with initialize_config_dir(str(conf_folder()), version_base="1.3"):
        cfg = compose(verb, overrides=list(overrides))
    cfg.run.slug = ""  # it asks for Hydra's running job
    validate_nodes(cfg)


def check_data(block: Block) -> None:
    """Parse YAML, TOML and Python; what Python imports from the package must be there."""
    if block.language == "yaml":
        yaml.safe_load(block.text)
    elif block.language == "toml":
        tomllib.loads(block.text)
    elif block.language == "python" and block.page != "docs/reference/python.md":
        tree = compile(block.text, block.page, "exec", ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("beavervision"):
                check_import(str(node.module), [alias.name for alias in node.names])


def check_import(module: str, names: list[str]) -> None:
    """The names that a module of the package defines, by its source: importing would load frameworks."""
    found = importlib.util.find_spec(module)
    assert found is not None, f"no module: {module}"
    text = Path(str(found.origin)).read_text(encoding="utf-8")
    for name in names:
        assert re.search(rf"^(class|def|async def) {name}\b|^{name}\b|^\s+{name},?$|import .*\b{name}\b", text, re.M), (
            name
        )
