from __future__ import annotations

import os
from pathlib import Path

import pytest
from stub_artifacts import stub_bundle

from beavervision.artifacts.manifest import MANIFEST
from beavervision.errors import BeaverError
from beavervision.workflows.upstream import BundleQuery, find_upstream, newest_bundle, trained_subjects


@pytest.fixture
def bundle(tmp_path):
    """Makes a finished bundle that is `age` seconds old; returns its folder."""

    def make(stage: str, slug: str, age: int, **facts: str | int) -> Path:
        folder = tmp_path / "anna" / stage / slug / "bundle"
        stub_bundle(folder, stage, **facts)
        os.utime(folder / MANIFEST, (1e9 - age, 1e9 - age))
        return folder

    return make


def test_the_newest_of_the_same_experiment_is_taken(tmp_path, bundle):
    bundle("audio2motion", "demo", 30)
    newer = bundle("audio2motion", "demo-seed=2", 20)
    newest = bundle("audio2motion", "default", 10)
    assert newest_bundle("audio2motion", BundleQuery(tmp_path, "anna", "demo")) == newer
    assert newest_bundle("audio2motion", BundleQuery(tmp_path, "anna", "cpu_quick")) == newest
    assert newest_bundle("audio2motion", BundleQuery(tmp_path, "anna")) == newest


def test_a_renderer_needs_the_same_canvas(tmp_path, bundle):
    square = bundle("radnerf_head", "default-1x1", 20, frame="1x1-h256")
    bundle("radnerf_head", "default-9x16", 10, frame="9x16-h256")
    assert find_upstream("radnerf_torso", BundleQuery(tmp_path, "anna", frame="1x1-h256")) == {"radnerf_head": square}


def test_bundles_of_the_same_person_are_taken(tmp_path, bundle):
    first = bundle("radnerf_head", "default-1x1", 20, frame="1x1-h256", subject=0)
    second = bundle("radnerf_head", "default-1x1-subject=1", 10, frame="1x1-h256", subject=1)
    for subject, folder in enumerate((first, second)):
        assert newest_bundle("radnerf_head", BundleQuery(tmp_path, "anna", subject=subject)) == folder
    assert newest_bundle("radnerf_head", BundleQuery(tmp_path, "anna", subject=2)) is None
    assert trained_subjects("radnerf_head", BundleQuery(tmp_path, "anna")) == [0, 1]


def test_a_bundle_of_nobody_in_particular_is_everybodys(tmp_path, bundle):
    corpus = bundle("audio2motion", "default", 10)
    assert newest_bundle("audio2motion", BundleQuery(tmp_path, "anna", subject=1)) == corpus


def test_the_missing_bundle_of_a_second_person_is_named_with_its_command(tmp_path):
    with pytest.raises(BeaverError, match=r"of subject 1; make it with: .* datamodule\.subject=1"):
        find_upstream("radnerf_torso", BundleQuery(tmp_path, "anna", subject=1))


def test_the_missing_head_of_a_canvas_is_named_with_its_command(tmp_path):
    with pytest.raises(BeaverError, match=r"model=radnerf_head .* frame=1x1 frame\.height=256$"):
        find_upstream(
            "radnerf_torso", BundleQuery(tmp_path, "anna", None, "1x1-h256", canvas=" frame=1x1 frame.height=256")
        )


def test_debug_and_unfinished_runs_do_not_count(tmp_path, bundle):
    bundle("audio2motion", "debug_overfit-default", 10)
    (tmp_path / "anna/audio2motion/default/bundle").mkdir(parents=True)
    assert newest_bundle("audio2motion", BundleQuery(tmp_path, "anna")) is None


def test_optional_bundles_may_be_missing(tmp_path, bundle):
    a2m = bundle("audio2motion", "default", 10)
    assert find_upstream("postnet", BundleQuery(tmp_path, "anna")) == {"audio2motion": a2m}
    expert = bundle("syncnet", "default", 10)
    assert find_upstream("postnet", BundleQuery(tmp_path, "anna")) == {"audio2motion": a2m, "syncnet": expert}


@pytest.mark.parametrize(
    ("clip", "experiment", "command"),
    [
        ("anna", "default", "python train.py model=radnerf_head data=myvideo data.name=anna"),
        ("demo", "demo", "python train.py model=radnerf_head data=demo"),
    ],
)
def test_a_missing_one_is_named_with_its_command(tmp_path, clip, experiment, command):
    with pytest.raises(BeaverError) as error:
        find_upstream("radnerf_torso", BundleQuery(tmp_path, clip, experiment, "native-h512"))
    assert command in str(error.value)
    assert ("experiment=demo" in str(error.value)) == (experiment == "demo")
