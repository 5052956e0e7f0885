from __future__ import annotations

from datetime import timedelta

import pytest
from omegaconf import OmegaConf

from beavervision.config.schemas import DataSettings, parse_duration, typed_node
from beavervision.errors import BeaverError


@pytest.mark.parametrize(
    ("written", "seconds"),
    [("00:10:00", 600), ("10:00", 600), ("01:00:00:01", 86401), (90, 90), ("2.5", 2.5), ({"hours": 1}, 3600)],
)
def test_durations_as_people_write_them(written, seconds):
    assert parse_duration(written) == timedelta(seconds=seconds)


def test_no_limit_is_none():
    assert parse_duration(None) is None


@pytest.mark.parametrize("written", ["soon", "1:2:3:4:5", {"fortnights": 1}])
def test_anything_else_is_a_sentence(written):
    with pytest.raises(BeaverError, match="00:10:00"):
        parse_duration(written)


def test_an_unquoted_off_is_the_word():
    cfg = OmegaConf.create({"data": {"name": "a", "deinterlace": False, "rotate": 90}})
    settings = typed_node(cfg, "data", DataSettings)
    assert (settings.deinterlace, settings.rotate, settings.audio_track) == ("off", "90", "auto")
