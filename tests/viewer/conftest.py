"""Somebody with a small clip and a head of small networks."""

from pathlib import Path

import pytest
from small_people import train_person

from beavervision.artifacts.clip import Clip
from beavervision.synthetic.miniature import miniature_clip


@pytest.fixture(scope="session")
def person(tmp_path_factory) -> Path:
    """Folder of somebody with a clip of twelve frames and a head of small networks."""
    runs = tmp_path_factory.mktemp("view") / "runs"
    (runs / "mini").mkdir(parents=True)
    miniature_clip(runs / "mini" / "clip", n_frames=12, width=96, height=72)
    train_person(runs, "mini", stages=("radnerf_head",))
    return runs / "mini"


@pytest.fixture(scope="session")
def clip(person) -> Clip:
    return Clip.load(person / "clip")
