import numpy as np
import pytest
from footage import write_footage

from beavervision.errors import BeaverError
from beavervision.preprocess.ingest import clip_sound, open_source
from beavervision.preprocess.options import PrepareOptions


def click(sound):
    """Sample at which the click begins."""
    return int(np.flatnonzero(np.abs(sound.samples) > 0.3)[0])


@pytest.mark.parametrize(
    ("picture_at", "sound_at", "start", "expected"),
    [
        (0.0, 0.0, 0.0, 0.8),  # both begin together
        (0.0, 0.4, 0.0, 0.8),  # sound begins late: silence goes before it
        (0.4, 0.0, 0.0, 0.8),  # picture begins late: time zero is the sound's
        (0.0, 0.0, 0.4, 0.4),  # trimmed
        (0.0, 0.4, 0.2, 0.6),  # both
    ],
)
def test_sound_is_in_step_with_frame_zero(tmp_path, picture_at, sound_at, start, expected):
    video = write_footage(tmp_path / "a.mkv", 2.0, picture_at=picture_at, click_at=0.8, sound_at=sound_at)
    sound = clip_sound(open_source(video, PrepareOptions("a", start=start)))
    assert click(sound) == pytest.approx(16_000 * expected, abs=32)


def test_sound_is_as_long_as_the_frames(tmp_path):
    source = open_source(write_footage(tmp_path / "a.mkv", 2.0, click_at=0.5), PrepareOptions("a", start=0.2, end=1.0))
    assert source.n_frames == 20
    assert len(clip_sound(source).samples) == 20 * 640


def test_sound_that_ends_early_is_followed_by_silence(tmp_path):
    source = open_source(write_footage(tmp_path / "a.mkv", 2.0, click_at=1.0, sound_at=0.9), PrepareOptions("a"))
    assert len(clip_sound(source).samples) == source.n_frames * 640


def test_footage_without_sound_has_none(tmp_path):
    assert clip_sound(open_source(write_footage(tmp_path / "a.mp4"), PrepareOptions("a"))) is None


def test_frames_are_as_many_as_said_and_times_follow(tmp_path):
    source = open_source(write_footage(tmp_path / "a.mp4", 1.0), PrepareOptions("a", fps=10.0))
    assert [frame.index for frame in source.frames(range(10))] == list(range(source.n_frames))
    assert [frame.index for frame in source.frames(range(4, 7))] == [4, 5, 6]
    assert source.times == pytest.approx(np.arange(10) / 10)


def test_footage_is_named_by_absolute_path_and_content(tmp_path, monkeypatch):
    write_footage(tmp_path / "a.mp4")
    monkeypatch.chdir(tmp_path)
    source = open_source("a.mp4", PrepareOptions("a"))
    assert source.path == tmp_path / "a.mp4"
    assert len(source.sha256) == 64


def test_a_start_behind_the_end_is_an_error_that_names_the_key(tmp_path):
    video = write_footage(tmp_path / "a.mp4")
    with pytest.raises(BeaverError, match=r"data\.start=5"):
        open_source(video, PrepareOptions("a", start=5.0))
