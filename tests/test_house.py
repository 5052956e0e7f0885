"""The house rules: layers, sizes, what belongs together, pins, and the wheel."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

import beavervision
from beavervision.config.stage_graph import CHAIN, STAGE_INPUTS

tomllib = pytest.importorskip("tomllib", reason="came with Python 3.11")

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "src" / "beavervision"
STAGES = sorted(path.parent.name for path in (PACKAGE / "stages").glob("*/module.py"))
SOURCES = sorted(PACKAGE.rglob("*.py"))
MOST_LINES, MOST_IN_FUNCTION = 400, 80
"""STYLE.md: never over."""


def project() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def pinned() -> dict[str, list[str]]:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins: dict[str, list[str]] = {}
    for line in lines:
        if line and not line.startswith("#"):
            name, _, version = line.partition("==")
            pins.setdefault(_normal(name), []).append(version)
    return pins


def _normal(name: str) -> str:
    return name.lower().replace("_", "-").replace(".", "-")


def test_the_layers_hold():
    done = subprocess.run([Path(sys.executable).with_name("lint-imports")], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_is_a_folder_two_configs_a_schedule_and_a_test(stage):
    # losses.py besides, where a loss is more than one of PyTorch's.
    for part in ("module", "data", "network", "inference"):
        assert (PACKAGE / "stages" / stage / f"{part}.py").exists(), part
    for group in ("model", "datamodule", "schedule"):
        assert (ROOT / "conf" / group / f"{stage}.yaml").exists(), group
    assert (ROOT / "tests/stages" / f"test_{stage}.py").exists()


def test_no_config_without_its_stage():
    for group in ("model", "datamodule", "schedule"):
        assert sorted(path.stem for path in (ROOT / "conf" / group).glob("*.yaml")) == STAGES


def test_the_chain_names_stages():
    needed = {name for needs in STAGE_INPUTS.values() for name in (*needs.required, *needs.optional)}
    assert {*CHAIN, *needed} <= set(STAGES)


def test_files_and_functions_are_short_and_documented():
    for path in SOURCES:
        text = path.read_text(encoding="utf-8")
        tree = ast.parse(text)
        assert text.count("\n") <= MOST_LINES, path
        assert ast.get_docstring(tree) or not text.strip(), path
        for node in ast.walk(tree):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                assert (node.end_lineno or 0) - node.lineno < MOST_IN_FUNCTION, f"{path}: {node.name}"


def test_nothing_unsafe():
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            where = f"{path}:{getattr(node, 'lineno', 0)}"
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                names = {alias.name for alias in node.names} | {getattr(node, "module", "")}
                assert not names & {"pickle", "dill", "joblib"}, where
            if isinstance(node, ast.Call):
                assert getattr(node.func, "id", "") not in {"eval", "exec"}, where
                unsafe = [k for k in node.keywords if k.arg == "weights_only"]
                assert all(getattr(k.value, "value", None) is not False for k in unsafe), where
            if isinstance(node, ast.ExceptHandler):
                assert node.type is not None, f"{where}: bare except"


def test_constraints_pin_every_dependency():
    found, pins = project(), pinned()
    wanted = found["dependencies"] + found["optional-dependencies"]["dev"]
    for requirement in wanted:
        name = requirement.partition("[")[0]
        for sign in "<>=!~":
            name = name.partition(sign)[0]
        assert _normal(name) in pins, name
    assert pins["torch"] == ["2.13.0"]


def test_the_version_is_the_same_everywhere():
    version = project()["version"]
    assert beavervision.__version__ == version
    assert f"\nversion: {version}\n" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"\n## [{version}]" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_no_index_is_named():
    for name in ("constraints.txt", "Makefile", "pyproject.toml", ".ci/run"):
        text = (ROOT / name).read_text(encoding="utf-8")
        assert "index-url" not in text
        assert "find-links" not in text


def test_make_help_lists_every_target():
    done = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True)
    for target in ("install", "demo", "test", "lint", "docs", "bench", "clean"):
        assert f"make {target} " in done.stdout


@pytest.mark.slow
def test_the_wheel_brings_conf_and_the_actor(tmp_path):
    build = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*build, "-w", tmp_path, ROOT], check=True, capture_output=True)
    (wheel,) = tmp_path.glob("beavervision-*.whl")
    place = tmp_path / "place"
    install = [sys.executable, "-m", "pip", "install", "--no-deps", "--no-index", "--target", place, wheel]
    subprocess.run(install, check=True, capture_output=True)
    for config in (ROOT / "conf").rglob("*.yaml"):
        inside = place / "beavervision/conf" / config.relative_to(ROOT / "conf")
        assert inside.read_bytes() == config.read_bytes()
    tracked = subprocess.run(["git", "ls-files", "src"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert not [name for name in tracked.stdout.split() if not (place / name.removeprefix("src/")).is_file()]
    # -I keeps the checkout's editable install and this folder out of the way.
    code = (
        f"import sys; sys.path.insert(0, {str(place)!r}); sys.argv = ['beavervision', 'train', '--cfg', 'job'];"
        "from beavervision.cli import console as cli; from beavervision.config import conf_folder;"
        "from beavervision.synthetic import actor_video, speech_audio;"
        "import json; print(json.dumps([str(conf_folder.conf_folder()), str(actor_video()), str(speech_audio())]));"
        "cli.main()"
    )
    done = subprocess.run([sys.executable, "-I", "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found, _, config = done.stdout.partition("\n")
    assert all(path.startswith(str(place)) and Path(path).exists() for path in json.loads(found))
    assert "_target_: lightning.Trainer" in config


def test_make_says_what_helps_where_no_python_fits(tmp_path):
    for python, told in (("no-such-python", "no-such-python is absent"), ("false", "false is absent")):
        done = subprocess.run(
            ["make", "install", f"PYTHON={python}", f"VENV={tmp_path / 'venv'}"],
            cwd=ROOT,
            capture_output=True,
            text=True,
        )
        assert done.returncode != 0
        assert told in done.stderr
        assert "uv venv --python 3.12" in done.stderr
        assert not (tmp_path / "venv").exists()


def test_the_image_installs_what_the_wheel_is_built_of():
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    copied = [
        line.split()[1:-1] for line in (ROOT / "Dockerfile").read_text("utf-8").splitlines() if line[:4] == "COPY"
    ]
    names = {name for line in copied for name in line}
    assert {"pyproject.toml", "constraints.txt", "README.md", "LICENSE", "conf", "src"} <= names
    assert all(f"!{name}" in ignored and (ROOT / name).exists() for name in names)
    compose = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
    for service in compose["services"].values():
        serve, *settings = service["command"]
        keys = {setting.partition("=")[0] for setting in settings}
        assert serve == "serve"
        assert "serve.tokens" in keys  # any address but this machine's own needs tokens
        config = yaml.safe_load((ROOT / "conf/serve.yaml").read_text(encoding="utf-8"))
        assert all(key in config or key.removeprefix("serve.") in config["serve"] for key in keys)
