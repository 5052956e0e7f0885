"""What a stage's numbers may be: the tables name keys that there are, and the shipped numbers are allowed."""

import pytest
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from beavervision.config.conf_folder import conf_folder
from beavervision.config.resolvers import register_resolvers
from beavervision.errors import BeaverError
from beavervision.stages.hparam_bounds import SHARE, check_bounds, integer
from beavervision.stages.radnerf_head.limits import DATA, MODEL


@pytest.fixture(scope="module")
def shipped():
    register_resolvers()
    with initialize_config_dir(str(conf_folder()), version_base="1.3"):
        cfg = compose("train", overrides=["model=radnerf_head"])
    return {name: OmegaConf.to_container(cfg[name], resolve=True) for name in ("model", "datamodule")}


@pytest.mark.parametrize(("node", "limits"), [("model", MODEL), ("datamodule", DATA)])
def test_every_limited_key_is_in_the_config_and_what_is_shipped_is_allowed(shipped, node, limits):
    cfg = OmegaConf.create(shipped[node])
    assert [key for key in limits if OmegaConf.select(cfg, key, default="absent") == "absent"] == []
    check_bounds(shipped[node], limits, node)


@pytest.mark.parametrize("value", [-1, 0, 1.5, "three", True, float("nan"), float("inf")])
def test_what_does_not_count_things_is_refused(value):
    with pytest.raises(BeaverError, match=r"model\.fast\.rows=.* cannot be; give a whole number from 1 on\."):
        check_bounds({"fast": {"rows": value}}, {"fast.rows": integer()}, "model")


def test_ends_are_allowed_and_so_is_what_is_null_or_left_out():
    for value in (0, 1, 0.5, None):
        check_bounds({"share": value}, {"share": SHARE, "inner.share": SHARE}, "model")
