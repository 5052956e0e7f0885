import numpy as np
import pytest

from beavervision.video.lossless import GrayWriter, read_gray


@pytest.mark.parametrize(("width", "height"), [(64, 48), (47, 33)])
def test_every_value_returns(tmp_path, width, height):
    pictures = np.random.default_rng(0).integers(0, 256, (12, height, width), dtype=np.uint8)
    with GrayWriter(tmp_path / "a.mkv", width, height, 25) as writer:
        for picture in pictures:
            writer.write(picture)
    np.testing.assert_array_equal(np.stack(list(read_gray(tmp_path / "a.mkv"))), pictures)


def test_failure_leaves_nothing(tmp_path):
    def fail():
        with GrayWriter(tmp_path / "a.mkv", 8, 8, 25) as writer:
            writer.write(np.zeros((8, 8), np.uint8))
            writer.write(np.zeros((9, 8), np.uint8))

    with pytest.raises(ValueError, match="9, 8"):
        fail()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("fps", [25, 29.97, 30])
def test_begins_anywhere(tmp_path, fps):
    with GrayWriter(tmp_path / "a.mkv", 16, 8, fps) as writer:
        for i in range(90):
            writer.write(np.full((8, 16), i, np.uint8))
    for first in (0, 1, 7, 50, 89):
        assert [int(p[0, 0]) for p in read_gray(tmp_path / "a.mkv", first)] == list(range(first, 90))


def test_same_pictures_are_the_same_bytes(tmp_path):
    for name in ("a.mkv", "b.mkv"):
        with GrayWriter(tmp_path / name, 16, 8, 25) as writer:
            writer.write(np.arange(128, dtype=np.uint8).reshape(8, 16))
    assert (tmp_path / "a.mkv").read_bytes() == (tmp_path / "b.mkv").read_bytes()
