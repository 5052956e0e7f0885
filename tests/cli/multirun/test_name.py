from __future__ import annotations

from pathlib import Path

from beavervision.config.resolvers import register_resolvers
from beavervision.config.sweep_name import SweepPlan


def plan(*arguments: str, verb: str = "train") -> SweepPlan:
    register_resolvers()
    found = SweepPlan.of(verb, ["-m", "paths.runs=/runs", *arguments])
    assert found is not None
    return found


def test_the_ready_sweep_the_stage_and_the_experiment_are_the_name():
    found = plan("model=radnerf_head", "data=demo", "sweep=framing", "experiment=demo")
    assert found.folder == Path("/runs/demo/sweeps/framing-radnerf_head-demo")
    assert "experiment=demo" in found.fixed


def test_order_length_and_hardware_make_no_other_sweep():
    one = plan("model=radnerf_head", "frame=1x1,9x16", "seed=1,2")
    how = ("trainer.max_steps=9", "hardware=cpu", "hydra/launcher=ray")
    two = plan("seed=1,2", *how, "frame=1x1,9x16", "model=radnerf_head")
    assert one.name == two.name == "radnerf_head-frame=1x1,9x16-seed=1,2"


def test_what_varies_is_not_fixed():
    found = plan("model=audio2motion,postnet", "seed=1,2", "data.name=me", "data=myvideo")
    assert found.name == "audio2motion,postnet-seed=1,2"
    assert set(found.fixed) == {"paths.runs=/runs", "data.name=me", "data=myvideo"}
    assert found.folder.parents[1] == Path("/runs/me")
    # Hydra's sweeper writes dictionaries without blanks, for one.
    assert found.varying(["data.name= me", "model=postnet", "seed=2"]) == ["model=postnet", "seed=2"]


def test_several_clips_have_their_table_beside_them():
    found = plan("data=myvideo", "data.name=anna,ben", verb="prepare")
    assert found.folder == Path("/runs/sweeps/prepare-data.name=anna,ben")


def test_what_cannot_be_composed_has_no_plan():
    assert SweepPlan.of("train", ["-m", "model=postnett"]) is None
    assert SweepPlan.of("train", ["-m", "frame={"]) is None
