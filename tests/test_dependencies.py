"""Every dependency is used, everything that is imported is declared, and the list of materials names all of it."""

from __future__ import annotations

import ast
import json
import re
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

tomllib = pytest.importorskip("tomllib", reason="came with Python 3.11")

ROOT = Path(__file__).resolve().parents[1]
SOURCES = [*(ROOT / "src").rglob("*.py"), *(ROOT / "conf").rglob("*.yaml")]
BROUGHT = {
    "cv2": "mediapipe brings OpenCV, and a second copy beside it would clash",
    "google": "mediapipe brings protobuf, which must fit it",
    "starlette": "fastapi brings it",
    "typing_extensions": "torch and pydantic bring it",
}
"""Imported without being declared, and why."""
OPTIONAL = {
    "tinycudann": "has no wheel; doctor says how to get it",
    "pipecat": "needs an environment of its own (docs/guides/live_assistant.md)",
}


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def declared(*extras: str) -> dict[str, str]:
    """Normalised name -> requirement, of the base and of these extras."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [*project["dependencies"]]
    for extra in extras or project["optional-dependencies"]:
        wanted += project["optional-dependencies"][extra] if extra != "base" else []
    return {normal(re.split(r"[\[<>=!~; ]", one)[0]): one for one in wanted}


def imported() -> dict[str, set[Path]]:
    """Top-level module -> files that name it, in imports or in configs (`_target_`)."""
    found: dict[str, set[Path]] = {}
    for path in SOURCES:
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".yaml":
            names = re.findall(r"_target_: ([\w]+)\.", text)
        else:
            nodes = list(ast.walk(ast.parse(text)))
            names = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
            names += [n.module or "" for n in nodes if isinstance(n, ast.ImportFrom) and not n.level]
        for name in names:
            found.setdefault(name.partition(".")[0], set()).add(path)
    return found


def test_every_base_dependency_is_imported():
    modules = imported()
    homes = packages_distributions()
    used = {normal(home) for module in modules for home in homes.get(module, ())}
    # A logger is chosen by its name; what writes its files is this package.
    used |= {"tensorboard"} if (ROOT / "conf/logger/tensorboard.yaml").is_file() else set()
    assert sorted(set(declared("base")) - used) == []


def test_everything_imported_is_declared():
    known = {*declared(), "beavervision"}
    homes = packages_distributions()
    for module, files in sorted(imported().items()):
        if module in sys.stdlib_module_names or module in BROUGHT or module in OPTIONAL:
            continue
        found = {normal(home) for home in homes.get(module, (module,))}
        assert found & known, f"{module}, imported in {sorted(files)[0]}, is no dependency"


def test_no_extra_repeats_the_base():
    assert not set(declared("base")) & (set(declared("dev")) - set(declared("base")))


def test_the_bill_of_materials(tmp_path):
    sys.path.insert(0, str(ROOT / "scripts"))
    try:
        from sbom import bill, pins
    finally:
        sys.path.pop(0)
    versions = pins(ROOT / "constraints.txt")
    report = json.loads(REPORT.replace("TORCH", sorted(versions["torch"])[0]))
    made = bill(report, versions)
    assert (made["bomFormat"], made["specVersion"]) == ("CycloneDX", "1.6")
    torch, own = made["components"][0], made["metadata"]["component"]
    assert torch["purl"] == f"pkg:pypi/torch@{torch['version']}"
    assert torch["hashes"] == [{"alg": "SHA-256", "content": "ab" * 32}]
    assert torch["licenses"] == [{"license": {"name": "BSD-3-Clause"}}]
    assert own["name"] == "beavervision"
    assert made["dependencies"] == [{"ref": own["bom-ref"], "dependsOn": [torch["bom-ref"]]}]
    report["install"][0]["metadata"]["version"] = "1.0"
    with pytest.raises(SystemExit, match=r"torch 1\.0 is not what constraints\.txt pins"):
        bill(report, versions)


REPORT = """{"install": [
  {"metadata": {"name": "torch", "version": "TORCH", "license": "BSD-3-Clause"},
   "download_info": {"url": "https://x/torch.whl", "archive_info": {"hashes": {"sha256": "%s"}}}},
  {"metadata": {"name": "beavervision", "version": "0.1.0"}, "download_info": {"url": "file:///x", "dir_info": {}}}
]}""" % ("ab" * 32)
"""What `pip install --dry-run --report` writes, in short."""
