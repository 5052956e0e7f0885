import numpy as np
import pytest
from faces import landmarks

from beavervision.preprocess.body import LOOK_EVERY, NECK_SHARE, body_square, complete_body_points
from beavervision.preprocess.crop import SquareCrop

N = 61


def looks(places, n=N):
    """Shoulders at x = 100 + place and 300 + place, looked for every LOOK_EVERY frames."""
    rows = np.full((n, 2, 3), np.nan)
    for i in range(0, n, LOOK_EVERY):
        rows[i] = [[100 + places[i], 400, 0.9], [300 + places[i], 400, 0.9]]
    return rows


def motion(steps):
    """A torso that goes `steps` px to the right from one frame to the next."""
    rows = np.tile(np.eye(2, 3), (len(steps), 1, 1))
    rows[:, 0, 2] = steps
    rows[0] = np.nan  # nothing is known of what was before the first frame
    return rows


STILL = motion(np.zeros(N))


def face(n=N):
    return np.stack([landmarks()] * n)


def test_motion_between_looks_is_followed_exactly():
    places = 20 * np.sin(np.arange(N) / 2.0)  # a swing in 12 frames: looks every 6 frames see nothing of it
    body = complete_body_points(looks(places), motion(np.diff(places, prepend=0)), face(), np.ones(N, bool))
    assert np.allclose(body[:, 0, 0], 100 + places, atol=1e-6)
    assert np.allclose(body[:, 1, 0], 300 + places, atol=1e-6)


def test_turning_moves_each_shoulder_its_own_way():
    angle = np.radians(0.2)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    middle = np.array([200.0, 400.0])
    steps = np.tile(np.column_stack([turn, middle - turn @ middle]), (N, 1, 1))
    rows, place = np.full((N, 2, 3), np.nan), np.array([[100.0, 400.0], [300.0, 400.0]])
    for i in range(N):
        if i % LOOK_EVERY == 0:
            rows[i] = np.column_stack([place, [0.9, 0.9]])
        place = (place - middle) @ turn.T + middle
    body = complete_body_points(rows, steps, face(), np.ones(N, bool))
    assert np.allclose(np.linalg.norm(body[:, 0, :2] - middle, axis=1), 100, atol=0.5)
    assert body[-1, 0, 1] - body[0, 0, 1] == pytest.approx(-100 * np.sin(angle * (N - 1)), abs=1.5)


def test_looks_that_tremble_are_steadied():
    rng = np.random.default_rng(0)
    body = complete_body_points(looks(rng.normal(0, 3, N)), STILL, face(), np.ones(N, bool))
    assert np.abs(np.diff(body[:, 0, 0])).max() < 0.3
    assert np.abs(body[:, 0, 0] - 100).max() < 3


def test_one_look_that_is_far_off_does_no_harm():
    rows = looks(np.zeros(N))
    rows[30, :, :2] += 80
    body = complete_body_points(rows, STILL, face(), np.ones(N, bool))
    assert np.allclose(body[:, 0, 0], 100, atol=1e-6)


def test_without_motion_the_looks_are_all_there_is():
    body = complete_body_points(looks(0.5 * np.arange(N)), np.full((N, 2, 3), np.nan), face(), np.ones(N, bool))
    assert np.allclose(body[18:-18, 0, 0], 100 + 0.5 * np.arange(N)[18:-18], atol=0.3)


def test_neck_lies_between_shoulders_and_eyes_whatever_the_jaw_does():
    faces = face()
    faces[5, 152] += [0, 40, 0]  # the mouth opens
    body = complete_body_points(looks(np.zeros(N)), STILL, faces, np.ones(N, bool))
    eyes = landmarks()[[33, 263], :2].mean(0)
    assert np.allclose(body[:, 2, :2], [200, 400] + NECK_SHARE * (eyes - [200, 400]), atol=1e-3)


def test_frames_that_are_not_visible_are_nan_and_nothing_else():
    visible = np.ones(N, bool)
    visible[[0, 7, 60]] = False
    body = complete_body_points(looks(np.zeros(N)), STILL, face(), visible)
    assert np.isnan(body[~visible]).all()
    assert np.isfinite(body[visible]).all()


def test_a_long_gap_is_not_bridged():
    rows = looks(np.zeros(N))
    rows[13:42] = np.nan
    body = complete_body_points(rows, STILL, face(), np.ones(N, bool))
    assert np.isfinite(body[:18]).all()
    assert np.isnan(body[19:36, 0]).all()


def test_a_body_never_found_is_nan():
    assert np.isnan(complete_body_points(np.full((N, 2, 3), np.nan), STILL, face(), np.ones(N, bool))).all()


@pytest.mark.parametrize(("x", "y"), [(0.0, 0.0), (640.0, 100.0), (1279.0, 719.0)])
def test_body_square_lies_in_the_frame(x, y):
    square = body_square(SquareCrop(x, y, 150.0), 1280, 720)
    assert square.side / 2 - 1e-6 <= square.x <= 1280 - square.side / 2 + 1e-6
    assert square.side == pytest.approx(450.0)


def test_body_square_is_never_larger_than_the_frame():
    assert body_square(SquareCrop(300.0, 300.0, 500.0), 600, 600).side == 600
