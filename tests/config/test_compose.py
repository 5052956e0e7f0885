"""Every file of conf/ composes, and what it names can be built."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir
from hydra.core.hydra_config import HydraConfig
from hydra.utils import get_class
from omegaconf import DictConfig, OmegaConf

from beavervision.config.build import build_callbacks, build_loggers, build_trainer, check_keys, validate_objects
from beavervision.config.conf_folder import conf_folder
from beavervision.config.hardware import resolve_hardware
from beavervision.config.resolvers import register_resolvers, stage_of_target
from beavervision.config.schemas import validate_nodes

CONF = conf_folder()
VERBS = sorted(path.stem for path in CONF.glob("*.yaml"))
INDIRECT = ("hydra", "experiment/stages", "sweep/stages", "datamodule", "schedule")
"""Groups that no user picks from: another choice brings them."""
INFER_ONLY = ("provenance=",)
EXPERIMENTS = sorted(path.stem for path in (CONF / "experiment").glob("*.yaml"))
GENERAL = ("audio2motion", "syncnet")
"""Stages that learn from many voices: experiment=general is theirs alone."""
MODELS = sorted(path.stem for path in (CONF / "model").glob("*.yaml"))


def options() -> list[str]:
    files = (path.relative_to(CONF) for path in CONF.glob("*/**/*.yaml"))
    pairs = ((str(path.parent), path.stem) for path in files)
    return sorted(f"{group}={option}" for group, option in pairs if not group.startswith(INDIRECT))


def composed(verb: str, *overrides: str) -> DictConfig:
    register_resolvers()
    with initialize_config_dir(str(CONF), version_base="1.3"):
        return compose(verb, overrides=list(overrides), return_hydra_config=True)


@pytest.fixture
def started(tmp_path):
    """Composes a config as the job sees it: with a folder of its own, and without Hydra's node."""

    def start(verb: str, *overrides: str) -> DictConfig:
        cfg = composed(verb, *overrides, f"hydra.runtime.output_dir={tmp_path}")
        HydraConfig.instance().set_config(cfg)
        OmegaConf.set_struct(cfg, value=False)
        del cfg["hydra"]
        return cfg

    yield start
    HydraConfig.instance().cfg = None


def targets(node: DictConfig) -> Iterator[DictConfig]:
    if "_target_" in node:
        yield node
    for key in node:
        if not OmegaConf.is_missing(node, key) and OmegaConf.is_dict(node[key]):
            yield from targets(node[key])


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_composes_and_fits_the_schemas(started, verb):
    cfg = started(verb)
    OmegaConf.resolve(cfg)
    validate_nodes(cfg)


@pytest.mark.parametrize("option", options())
def test_every_option_composes_and_what_it_names_can_be_built(started, option):
    cfg = started("infer" if option.startswith(INFER_ONLY) else "train", option)
    OmegaConf.resolve(cfg)
    validate_nodes(cfg)
    if "model" in cfg:
        validate_objects(cfg)
    for node in targets(cfg):
        assert callable(get_class(node._target_))
        check_keys(node, node._target_)


@pytest.mark.parametrize(
    ("experiment", "model"),
    [(e, m) for e in EXPERIMENTS for m in MODELS if e != "general" or m in GENERAL],
)
def test_every_experiment_has_numbers_for_every_stage(started, experiment, model):
    cfg = started("train", f"experiment={experiment}", f"model={model}")
    OmegaConf.resolve(cfg)
    validate_nodes(cfg)
    validate_objects(cfg)
    assert (CONF / "experiment/stages" / f"{experiment}_{model}.yaml").exists()
    assert cfg.run.slug.startswith(experiment)


@pytest.mark.parametrize("model", MODELS)
def test_a_model_brings_its_own_datamodule_and_schedule(model):
    cfg = composed("train", f"model={model}")
    assert stage_of_target(cfg.model._target_) == stage_of_target(cfg.datamodule._target_)
    assert cfg.hydra.runtime.choices.schedule == model
    assert cfg.trainer.max_steps == cfg.schedule.max_steps > 0


@pytest.mark.parametrize("trainer", ["default", "fast", "overfit"])
@pytest.mark.parametrize("hardware", ["auto", "cpu"])
def test_trainers_callbacks_and_loggers_are_built(started, tmp_path, trainer, hardware):
    cfg = started("train", f"trainer={trainer}", f"hardware={hardware}", "logger=many")
    resolve_hardware(cfg)
    built = build_trainer(cfg, build_callbacks(cfg), build_loggers(cfg))
    assert built.max_steps == cfg.trainer.max_steps
    assert len(built.loggers) == 3
    assert {Path(logger.save_dir) for logger in built.loggers} == {tmp_path}


def test_frames_are_the_canvases_that_their_names_say(started):
    from beavervision.config.schemas import frame_spec

    wanted = {"1x1": 1.0, "4x5": 0.8, "9x16": 0.5625, "16x9": 16 / 9, "native": None}
    for name, aspect in wanted.items():
        spec = frame_spec(started("train", f"frame={name}").frame)
        assert spec.name == name
        assert spec.aspect == (aspect if aspect is None else pytest.approx(aspect, abs=1e-3))
        assert spec.overrides == f"frame={name}"


def test_numbers_in_yaml_are_numbers():
    """1e-3 without a dot is text in YAML, 9:16 a number in base 60: neither may slip in."""
    for path in CONF.rglob("*.yaml"):
        for node in _leaves(OmegaConf.to_container(OmegaConf.load(path))):
            text = isinstance(node, str) and node.lower().replace("e-", "").replace("e", "").isdigit()
            assert not text or node.isdigit(), f"{path}: {node}"


def _leaves(node: object) -> Iterator[object]:
    children = node.values() if isinstance(node, dict) else node if isinstance(node, list) else None
    if children is None:
        yield node
        return
    for child in children:
        yield from _leaves(child)
