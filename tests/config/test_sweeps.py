"""Ready sweeps and launchers: every stage has its numbers, and they are numbers of that stage."""

from __future__ import annotations

import pytest
from hydra import compose, initialize_config_dir
from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.plugins import Plugins
from omegaconf import DictConfig, OmegaConf

from beavervision.config.build import validate_objects
from beavervision.config.conf_folder import conf_folder
from beavervision.config.resolvers import register_resolvers
from hydra_plugins.beavervision.variants import Variants

CONF = conf_folder()
MODELS = sorted(path.stem for path in (CONF / "model").glob("*.yaml"))
LAUNCHERS = sorted(path.stem for path in (CONF / "hydra/launcher").glob("*.yaml"))


def composed(*overrides: str) -> DictConfig:
    register_resolvers()
    with initialize_config_dir(str(CONF), version_base="1.3"):
        return compose("train", overrides=list(overrides), return_hydra_config=True)


@pytest.mark.parametrize("model", MODELS)
def test_every_number_that_a_sweep_changes_is_one_of_the_stage(model):
    own, swept = composed(f"model={model}"), []
    for name in ("lr", "search", "ablation"):
        sweeper = composed(f"sweep={name}", f"model={model}").hydra.sweeper
        params = [f"{key}={value}" for key, value in sweeper.params.items()]
        parsed = OverridesParser.create().parse_overrides(params)
        assert all(override.is_sweep_override() for override in parsed)
        changed = [f"{key}={OmegaConf.select(own, key, throw_on_missing=True)}" for key in sweeper.params]
        assert not any(line.endswith("=None") for line in changed)
        variants = [one for variant in sweeper.get("variants", {}).values() for one in variant]
        assert changed or len(sweeper.variants) > 1
        swept += changed + variants
    cfg = composed(f"model={model}", *swept, "hydra.runtime.output_dir=nowhere")
    HydraConfig.instance().set_config(cfg)
    try:
        validate_objects(cfg)
    finally:
        HydraConfig.instance().cfg = None


@pytest.mark.parametrize("launcher", LAUNCHERS)
def test_every_launcher_is_a_plugin_that_can_be_built(launcher, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4,6")
    cfg = composed(f"hydra/launcher={launcher}")
    built = Plugins.instance()._instantiate(cfg.hydra.launcher)
    assert type(built).__module__.startswith("hydra_plugins.beavervision")
    if launcher == "local_gpus":
        assert built.devices == ["4", "6"]


def test_slurm_brings_its_launcher():
    pytest.importorskip("hydra_plugins.hydra_submitit_launcher")
    launcher = composed("hardware=slurm").hydra.launcher
    assert launcher._target_.endswith("SlurmLauncher")
    assert launcher.max_num_timeout > 0


def test_variants_take_place_for_every_combination():
    parsed = OverridesParser.create().parse_overrides(["seed=1,2", "model=audio2motion"])
    assert Variants({"as_it_is": [], "no_pitch": ["model.pitch=false"]}, {}).jobs(parsed) == [
        ["seed=1", "model=audio2motion"],
        ["seed=1", "model=audio2motion", "model.pitch=false"],
        ["seed=2", "model=audio2motion"],
        ["seed=2", "model=audio2motion", "model.pitch=false"],
    ]
