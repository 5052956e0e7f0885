import numpy as np
import pytest
from faces import landmarks

from beavervision.preprocess.body import LOOK_EVERY, NECK_SHARE, body_square, complete
from beavervision.preprocess.square import Square

N = 31


def looks(places, n=N):
    """Shoulders at x = 100 + place and 300 + place, looked for every LOOK_EVERY frames."""
    rows = np.full((n, 2, 3), np.nan)
    for i in range(0, n, LOOK_EVERY):
        rows[i] = [[100 + places[i], 400, 0.9], [300 + places[i], 400, 0.9]]
    return rows


def face(n=N):
    return np.stack([landmarks()] * n)


def test_even_motion_is_filled_in_exactly_away_from_the_ends():
    body = complete(looks(2.0 * np.arange(N)), face(), np.ones(N, bool))
    assert np.allclose(body[9:-9, 0, 0], 100 + 2.0 * np.arange(N)[9:-9], atol=0.2)


def test_neck_lies_a_third_of_the_way_to_the_chin():
    body = complete(looks(np.zeros(N)), face(), np.ones(N, bool))
    chin = landmarks()[152, :2]
    assert np.allclose(body[5, 2, :2], [200, 400] + NECK_SHARE * (chin - [200, 400]), atol=1e-3)


def test_frames_that_are_not_visible_are_nan_and_nothing_else():
    visible = np.ones(N, bool)
    visible[[0, 7, 30]] = False
    body = complete(looks(np.zeros(N)), face(), visible)
    assert np.isnan(body[~visible]).all()
    assert np.isfinite(body[visible]).all()


def test_a_long_gap_is_not_bridged():
    rows = looks(np.zeros(N))
    rows[9:24] = np.nan
    body = complete(rows, face(), np.ones(N, bool))
    assert np.isfinite(body[:7]).all()
    assert np.isnan(body[13:18, 0]).all()


def test_a_body_never_found_is_nan():
    assert np.isnan(complete(np.full((N, 2, 3), np.nan), face(), np.ones(N, bool))).all()


@pytest.mark.parametrize(("x", "y"), [(0.0, 0.0), (640.0, 100.0), (1279.0, 719.0)])
def test_body_square_lies_in_the_frame(x, y):
    square = body_square(Square(x, y, 150.0), 1280, 720)
    assert square.side / 2 - 1e-6 <= square.x <= 1280 - square.side / 2 + 1e-6
    assert square.side == pytest.approx(450.0)


def test_body_square_is_never_larger_than_the_frame():
    assert body_square(Square(300.0, 300.0, 500.0), 600, 600).side == 600
