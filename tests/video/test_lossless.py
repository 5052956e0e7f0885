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
