import numpy as np
import pytest

from beavervision.preprocess.face_detection import overlap, tiles


def test_overlap_by_hand():
    # 2x2 boxes shifted by 1: shared 1x2 = 2, together 4 + 4 - 2 = 6
    assert overlap(np.array([0, 0, 2, 2.0]), np.array([1, 0, 3, 2.0])) == pytest.approx(2 / 6)


def test_overlap_of_boxes_apart_is_nothing():
    assert overlap(np.array([0, 0, 1, 1.0]), np.array([2, 2, 3, 3.0])) == 0.0


@pytest.mark.parametrize(("width", "height", "share"), [(1280, 720, 1.0), (1080, 1920, 0.5), (333, 100, 0.5)])
def test_tiles_show_every_face_smaller_than_half_a_tile_whole(width, height, share):
    side = share * min(width, height)
    rng, squares = np.random.default_rng(0), list(tiles(width, height, side))
    for _ in range(200):
        face = side / 2
        x, y = rng.uniform(0, width - face), rng.uniform(0, height - face)
        whole = [
            s
            for s in squares
            if s.x - side / 2 <= x + 1e-6
            and x + face <= s.x + side / 2 + 1e-6
            and s.y - side / 2 <= y + 1e-6
            and y + face <= s.y + side / 2 + 1e-6
        ]
        assert whole, (x, y)


def test_a_square_frame_is_one_tile():
    (tile,) = tiles(512, 512, 512)
    assert (tile.x, tile.y, tile.side) == (256, 256, 512)
