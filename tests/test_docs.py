"""The documentation: every page is reachable, every link leads somewhere, every command is one of this version."""

from __future__ import annotations

import hashlib
import re
import runpy
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

pytest.importorskip("tomllib", reason="came with Python 3.11")

import doc_commands
from markdown.extensions.toc import slugify

ROOT, DOCS = doc_commands.ROOT, doc_commands.DOCS
BLOCKS = list(doc_commands.blocks())
OUTSIDE = ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CODE_OF_CONDUCT.md", "CHANGELOG.md")
LINK = re.compile(r"(?<!\\)\]\(([^)\s]+)\)|(?:src|href|poster)=\"([^\"]+)\"")
INLINE = re.compile(r"`((?:beavervision|python (?:train|infer)\.py|make) [^`]+)`")


def navigation(node: object) -> Iterator[str]:
    if isinstance(node, str):
        yield node
    for inner in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from navigation(inner)


def bare(path: Path) -> str:
    """A page without its fences and its inline code."""
    text = re.sub(r"^ *```.*?^ *```", "", path.read_text(encoding="utf-8"), flags=re.M | re.S)
    return re.sub(r"`[^`\n]+`", "", text)


def anchors(path: Path) -> set[str]:
    text = re.sub(r"^ *```.*?^ *```", "", path.read_text(encoding="utf-8"), flags=re.M | re.S)
    found: dict[str, int] = {}
    names = set()
    for title in re.findall(r"^#+ (.+)$", text, flags=re.M):
        slug = slugify(re.sub(r"`|\[([^\]]+)\]\([^)]+\)", r"\1", title), "-")
        names.add(slug if slug not in found else f"{slug}_{found[slug]}")
        found[slug] = found.get(slug, 0) + 1
    return names | set(re.findall(r'id="([^"]+)"', text))


def test_every_page_is_in_the_navigation():
    listed = list(navigation(yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))["nav"]))
    there = {str(path.relative_to(DOCS)) for path in doc_commands.pages()}
    assert there == set(listed), "add the page to `nav` in mkdocs.yml"
    assert len(listed) == len(set(listed))


@pytest.mark.parametrize("path", [*doc_commands.pages(), *(ROOT / name for name in OUTSIDE)], ids=lambda p: p.name)
def test_links_lead_somewhere(path):
    for match in LINK.finditer(bare(path)):
        target = match[1] or match[2]
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        file = (path.parent / name).resolve() if name else path
        assert file.exists(), f"{path.name}: {target}"
        if DOCS in path.parents:
            assert DOCS in file.parents, f"{path.name}: {target} is no part of the site"
        if anchor and file.suffix == ".md":
            assert anchor in anchors(file), f"{path.name}: {target}"


def test_the_site_is_built_strictly_and_loads_nothing_from_elsewhere(tmp_path):
    pytest.importorskip("zensical", reason="comes with the extra [docs]")
    shutil.copytree(DOCS, tmp_path / "docs")
    shutil.copy(ROOT / "mkdocs.yml", tmp_path)
    done = subprocess.run([sys.executable, "-m", "zensical", "build", "--strict"], cwd=tmp_path, capture_output=True)
    assert done.returncode == 0, done.stderr.decode()
    pages = list((tmp_path / "site").rglob("*.html"))
    assert len(pages) == len(doc_commands.pages()) + 1  # 404.html
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert not re.search(r"<(script|img|video|source|iframe)[^>]* src=\"?https?:", text), page.name
        assert not re.search(r"<link[^>]* rel=\"?(stylesheet|preconnect)[^>]* href=\"?https?:", text), page.name
        for target in re.findall(r"<(?:img|video)[^>]* src=\"([^\"]+)\"", text):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_what_the_code_says_about_the_pages_is_there():
    sources = [*ROOT.glob("*.md"), *ROOT.glob("src/**/*.*"), *ROOT.glob("conf/**/*.yaml"), *ROOT.glob("notebooks/*")]
    for path in sources:
        if path.suffix in (".md", ".py", ".yaml", ".ipynb"):
            for name in re.findall(r"\bdocs/[\w/]+\.md", path.read_text(encoding="utf-8")):
                assert (ROOT / name).exists(), f"{path.relative_to(ROOT)}: {name}"


def test_there_are_commands_of_every_kind():
    commands = [command for block in BLOCKS for command in block.commands]
    assert len(commands) > 60
    verbs = {command.split()[1] for command in commands if command.startswith("beavervision ")}
    assert {"prepare", "train", "infer", "evaluate", "serve", "verify", "doctor"} <= verbs


@pytest.mark.parametrize("page", sorted({block.page for block in BLOCKS}))
def test_every_block_is_right_or_says_why_it_is_not_tested(page):
    for block in BLOCKS:
        if block.page != page:
            continue
        if block.reason is not None:
            assert len(block.reason) > 10, f"{page}: say why: {block.reason}"
            continue
        assert not block.unknown, f"{page}: call the block bash, or mark it <!-- notest: reason -->: {block.unknown}"
        for command in block.commands:
            doc_commands.check_command(command)
        doc_commands.check_data(block)


def test_commands_within_sentences_are_right_too():
    for path in doc_commands.pages():
        if path.name == "config.md":
            continue
        text = re.sub(r"^ *```.*?^ *```", "", path.read_text(encoding="utf-8"), flags=re.M | re.S)
        for command in INLINE.findall(text):
            # A verb alone is its name, not a command.
            if "..." not in command and not (command.startswith("beavervision ") and len(command.split()) == 2):
                try:
                    doc_commands.check_command(" ".join(command.split()))
                except (Exception, SystemExit) as mistake:
                    pytest.fail(f"{path.name}: {command}: {mistake}")


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        ("beavervision train model=radnerf_heat", "radnerf_heat"),
        ("beavervision infer mood=dub", "mood"),
        ("beavervision shout", "shout"),
        ("beavervision verify film.mp4 --jason", "jason"),
        ("python benchmarks/nothing.py", "nothing.py"),
        ("make tea", "tea"),
        ("pip install 'beavervision[tea]'", "tea"),
        ("docker run beavervision", "notest"),
    ],
)
def test_a_wrong_command_is_noticed(command, reason, capsys):
    with pytest.raises((Exception, SystemExit)) as mistake:
        doc_commands.check_command(command)
    assert reason in f"{mistake.value}{capsys.readouterr().err}"


def test_the_reference_is_in_step_with_conf_and_verbs():
    script = runpy.run_path(str(ROOT / "scripts/reference_docs.py"))
    remedy = "run: python scripts/reference_docs.py"
    assert (DOCS / "reference/config.md").read_text(encoding="utf-8") == script["page"](), remedy
    commands = (DOCS / "reference/command_line.md").read_text(encoding="utf-8")
    assert commands == script["with_verbs"](commands), remedy


def test_every_shipped_model_has_a_card_for_just_these_weights():
    cards = "".join(path.read_text(encoding="utf-8") for path in (DOCS / "models").glob("*.md"))
    shipped = sorted((ROOT / "src/beavervision").rglob("*.safetensors"))
    learnt = [path for path in shipped if "synthetic" not in path.parts]  # those are the actor's truth, no networks
    assert len(learnt) >= 4
    for path in learnt:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()[:16]
        assert digest in cards, f"{path.relative_to(ROOT)} is new: its card needs new figures, and sha256 {digest}"
    for card in set((DOCS / "models").glob("*.md")) - {DOCS / "models/index.md"}:
        assert re.search(r"^## Limits$", card.read_text(encoding="utf-8"), flags=re.M), card.name
        assert "icence" in card.read_text(encoding="utf-8"), card.name
