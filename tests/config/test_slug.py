from __future__ import annotations

from beavervision.config.slug import LONGEST, experiment_of_slug, run_slug

CHOICES = {"model": "radnerf_head", "experiment": None, "debug": None}


def slug(overrides=(), choices=CHOICES, stage="radnerf_head", frame="native-h512", seed=1) -> str:
    return run_slug(list(overrides), choices, stage, frame, seed)


def test_only_what_is_learnt_is_in_the_name():
    assert slug(["hardware=cpu", "trainer.max_steps=5", "data.name=me", "logger=csv"]) == "default-native-h512"


def test_order_on_the_command_line_does_not_matter():
    assert slug(["model.a=1", "datamodule.b=2"]) == slug(["datamodule.b=2", "model.a=1"])


def test_a_variant_an_experiment_and_a_seed_are_named():
    choices = {"model": "radnerf_head_triplane", "experiment": "demo"}
    assert slug(choices=choices, seed=3) == "demo-radnerf_head_triplane-native-h512-seed=3"
    assert experiment_of_slug(slug(choices=choices)) == "demo"


def test_odd_characters_make_no_two_runs_one():
    one, two = slug(["model.a=[1,2]"]), slug(["model.a={1,2}"])
    assert one != two
    assert "/" not in slug(["model.a=b/c"])


def test_a_long_name_is_cut_and_still_its_own():
    many = [f"model.key{i}={i}" for i in range(50)]
    assert len(slug(many)) < LONGEST + 10
    assert slug(many) != slug(many[:-1])


def test_debug_runs_are_marked():
    name = slug(choices={**CHOICES, "debug": "overfit", "experiment": "demo"})
    assert name.startswith("debug_overfit-demo")
    assert experiment_of_slug(name) == "demo"
