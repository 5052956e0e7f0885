"""A stage that another package brings, by its entry point."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from beavervision.artifacts.bundle import Bundle
from beavervision.config.plugins import Plugin, plugin_folders, plugins
from beavervision.config.stage_graph import is_renderer, stage_inputs
from beavervision.errors import BeaverError
from beavervision.face import model_registry
from beavervision.face.gpmm import load_gpmm

SUPPORT = Path(__file__).parents[1] / "support"
PLUGIN = """
from beavervision.config.plugins import Plugin, StageInputs
PLUGIN = Plugin(needs={"echo": StageInputs(required=("ridge",))}, renderers=("mirror",))
"""


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Installs a package `outside_pack` with the given code and entry points."""

    def put(code: str = PLUGIN, entries: str = "[beavervision.plugins]\npack = outside_pack:PLUGIN\n") -> None:
        package, info = tmp_path / "site/outside_pack", tmp_path / "site/outside_pack-1.0.dist-info"
        info.mkdir(parents=True)
        package.mkdir()
        (package / "__init__.py").write_text(code)
        shutil.copytree(SUPPORT / "outside_conf", package / "conf")
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: outside_pack\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(entries)
        monkeypatch.delitem(sys.modules, "outside_pack", raising=False)
        monkeypatch.syspath_prepend(str(tmp_path / "site"))
        monkeypatch.syspath_prepend(str(SUPPORT / "outside"))

    return put


def test_a_plugin_tells_what_its_stages_are(install):
    before = set(plugins())
    install()
    assert set(plugins()) - before == {"pack"}
    assert isinstance(plugins()["pack"], Plugin)
    assert stage_inputs("echo").required == ("ridge",)
    assert stage_inputs("ridge").required == ()
    assert is_renderer("mirror")
    assert not is_renderer("echo")


def test_its_configs_are_found_without_importing_it(install):
    install(code="raise ImportError('too early')")
    assert plugin_folders()["pack"].name == "conf"
    assert "outside_pack" not in sys.modules


def test_its_stage_trains_like_ours(install, verb, runs):
    install()
    arguments = ("model=ridge", "data=myvideo", "data.name=anna", f"paths.runs={runs}", "trainer.max_steps=5")
    assert verb("train", *arguments, "logger=csv") == 0
    assert Bundle.load(runs / "anna/ridge/default/bundle", "ridge").metrics["steps"] == 5


def test_a_misspelt_key_of_it_is_told(install, verb, runs, capsys):
    install()
    assert verb("train", "model=ridge", "data=myvideo", "data.name=anna", f"paths.runs={runs}", "model.lrr=1") == 2
    assert "did you mean model.lr" in capsys.readouterr().err


@pytest.mark.parametrize(("code", "says"), [("import nowhere", "cannot be loaded"), ("PLUGIN = 3", "is no Plugin")])
def test_a_broken_plugin_is_named(install, code, says):
    install(code=code)
    with pytest.raises(BeaverError, match=rf"plugin pack .*{says}"):
        plugins()


def test_a_face_model_from_another_package(install):
    entries = "[beavervision.face_models]\ntwin = beavervision.face.gpmm:load_gpmm\n"
    install(entries=entries)
    assert model_registry.load_face_model("twin") is load_gpmm()
    with pytest.raises(BeaverError, match="did you mean twin"):
        model_registry.load_face_model("twinn")
