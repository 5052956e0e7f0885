import numpy as np
import pytest
import soundfile
from PIL import Image

from beavervision.errors import BeaverError
from beavervision.video.probe import probe


def test_facts(make_video):
    info = probe(make_video("a.mp4", [i / 25 for i in range(50)], size=(66, 50), audio=(0.0, 2.0)))
    assert (info.width, info.height, info.codec, info.rotation) == (66, 50, "h264", 0)
    assert info.fps == pytest.approx(25, abs=0.1)
    assert info.duration == pytest.approx(2, abs=0.02)
    assert (info.start, info.audio_start) == (0.0, 0.0)


def test_length_is_counted_where_the_header_is_silent(make_video):
    info = probe(make_video("a.mkv", [i / 25 for i in range(50)]))
    assert info.duration == pytest.approx(2, abs=0.02)
    assert info.audio_start is None


def test_missing(tmp_path):
    with pytest.raises(BeaverError, match="does not exist"):
        probe(tmp_path / "nothing.mp4")


def test_zero_length(tmp_path):
    (tmp_path / "a.mp4").touch()
    with pytest.raises(BeaverError, match="empty"):
        probe(tmp_path / "a.mp4")


def test_not_a_video(tmp_path):
    (tmp_path / "a.mp4").write_text("this is a letter, not a film")
    with pytest.raises(BeaverError, match="not a video"):
        probe(tmp_path / "a.mp4")


def test_picture(tmp_path):
    Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(tmp_path / "a.png")
    with pytest.raises(BeaverError, match="picture, not a video"):
        probe(tmp_path / "a.png")


def test_sound_only(tmp_path):
    soundfile.write(tmp_path / "a.wav", np.zeros(1600, np.float32), 16_000)
    with pytest.raises(BeaverError, match="no video stream"):
        probe(tmp_path / "a.wav")
