from __future__ import annotations

import pytest

from beavervision.config.schemas import DataSettings
from beavervision.workflows.preparation_record import PreparationRecord


@pytest.fixture
def video(tmp_path):
    path = tmp_path / "me.mp4"
    path.write_bytes(b"1")
    return path


@pytest.fixture
def trimmed(video) -> PreparationRecord:
    """A clip made of seconds 3 to 20 of the video."""
    return PreparationRecord.of(video, DataSettings("me", str(video), start=3.0, end=20.0), "gpmm")


def test_the_name_alone_is_enough_later(trimmed):
    assert trimmed.serves(DataSettings("me"), "gpmm", set())


def test_other_settings_prepare_again(trimmed, video):
    assert trimmed.serves(DataSettings("me", str(video)), "gpmm", {"video"})
    assert not trimmed.serves(DataSettings("me", start=4.0), "gpmm", {"start"})
    assert not trimmed.serves(DataSettings("me", start=0.0), "gpmm", {"start"})
    assert not trimmed.serves(DataSettings("me", fps=30.0), "gpmm", set())
    assert not trimmed.serves(DataSettings("me"), "bfm", set())


def test_other_footage_prepares_again(trimmed, video):
    assert not trimmed.serves(DataSettings("me", str(video.parent / "other.mp4")), "gpmm", {"video"})
    video.write_bytes(b"22")
    assert not trimmed.serves(DataSettings("me", str(video)), "gpmm", {"video"})


def test_what_nobody_asked_for_stays(trimmed, video):
    filled = trimmed.fill(DataSettings("me", fps=30.0), {"fps"})
    assert (filled.video, filled.fps, filled.start, filled.end) == (str(video), 30.0, 3.0, 20.0)
    other = trimmed.fill(DataSettings("me", "other.mp4"), {"video"})
    assert (other.start, other.end) == (0.0, None)


def test_it_is_read_as_written(trimmed, tmp_path):
    clip = tmp_path / "runs/me/clip"
    clip.mkdir(parents=True)
    trimmed.write(clip)
    assert PreparationRecord.read(clip) == trimmed
    assert PreparationRecord.read(tmp_path / "nowhere/clip") is None
