"""Curves and faces as pictures: where things stand, and what is left blank."""

from __future__ import annotations

import numpy as np
import pytest

from beavervision.face.model_registry import load_face_model
from beavervision.stages.visualization.landmark_video import (
    SIDE,
    draw_face,
    landmark_video,
    landmarks_of,
    mouth_opening,
)
from beavervision.stages.visualization.media import Curves
from beavervision.stages.visualization.plot import (
    BOTTOM,
    COLOURS,
    HEIGHT,
    LEFT,
    NARROWEST,
    RIGHT,
    TOP,
    WAVE,
    WIDEST,
    draw_curves,
    ticks,
)


def coloured(picture: np.ndarray, colour: tuple[int, int, int], box: tuple[slice, slice]) -> np.ndarray:
    """(row, column) of the pixels of one colour."""
    return np.argwhere((picture == colour).all(-1)[box])


INSIDE = (slice(TOP, HEIGHT), slice(LEFT + 1, NARROWEST))


def test_a_rising_line_runs_from_corner_to_corner():
    found = coloured(draw_curves(Curves("a", np.arange(5.0), {"up": np.arange(5.0)})), COLOURS[0], INSIDE)
    height, width = HEIGHT - TOP - BOTTOM, NARROWEST - LEFT - RIGHT
    first, last = found[found[:, 1].argmin()], found[found[:, 1].argmax()]
    np.testing.assert_allclose(first, [height, 0], atol=4)
    np.testing.assert_allclose(last, [0, width], atol=4)


def test_a_gap_is_left_blank():
    values = np.array([0.0, 1.0, np.nan, 1.0, 0.0])
    found = coloured(draw_curves(Curves("a", np.arange(5.0), {"gap": values})), COLOURS[0], INSIDE)
    share = found[:, 1] / (NARROWEST - LEFT - RIGHT)
    assert not ((share > 0.3) & (share < 0.7)).any()
    assert (share < 0.25).any()
    assert (share > 0.75).any()


@pytest.mark.parametrize("values", [np.full(3, np.nan), np.zeros(3)])
def test_lines_without_extent_are_drawn(values):
    assert draw_curves(Curves("a", np.arange(3.0), {"flat": values})).shape == (HEIGHT, NARROWEST, 3)


def test_many_points_get_room_up_to_a_screen_s():
    # 3 px a point and the margins of 64 + 16
    for points, width in ((100, NARROWEST), (500, 1580), (5000, WIDEST)):
        assert draw_curves(Curves("a", np.arange(points), {"up": np.arange(points)})).shape == (HEIGHT, width, 3)


def test_the_sound_stands_behind_its_own_time():
    # loud in the second half only: the envelope is seen there, about the middle's height
    sound = np.r_[np.zeros(8000), np.ones(8000)]
    picture = draw_curves(Curves("a", np.arange(3.0), {"none": np.full(3, np.nan)}, sound=sound))
    found = coloured(picture, WAVE, INSIDE)
    share = found[:, 1] / (NARROWEST - LEFT - RIGHT)
    assert ((share < 0.49) <= (np.abs(found[:, 0] - (HEIGHT - TOP - BOTTOM) / 2) < 2)).all()
    assert np.ptp(found[share > 0.51][:, 0]) > 0.7 * (HEIGHT - TOP - BOTTOM)


def test_ticks_are_round():
    assert ticks(0.0, 1.0) == [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
    # A fifth of 0.015 is 0.003; the next round step is 0.005.
    assert ticks(-0.004, 0.011) == [0.0, 0.005, 0.01]
    assert len(ticks(1234.0, 1235.0)) >= 2


def test_the_mouth_opens_in_millimetres():
    face = load_face_model()
    still = landmarks_of(np.zeros((1, 68, 3)), face)
    np.testing.assert_allclose(still[0], face.mean[face.landmarks68])
    # The lower lip's middle 0.5 cm down: condition -5 (tenths) in y.
    condition = np.zeros((1, 68, 3))
    condition[0, 66, 1] = -5.0
    gap = still[0, 62] - still[0, 66]
    expected = 10 * np.linalg.norm(gap + np.array([0, 0.5, 0]))
    assert mouth_opening(landmarks_of(condition, face))[0] == pytest.approx(expected)


def test_faces_stand_side_by_side_and_unseen_ones_stay_empty():
    face = load_face_model()
    points = landmarks_of(np.zeros((2, 68, 3)), face)
    unseen = np.full_like(points, np.nan)
    film = landmark_video("faces", {"footage": unseen, "predicted": points}, 25.0, np.zeros(1280, np.float32))
    frames = list(film.frames)
    assert [frame.shape for frame in frames] == [(SIDE, 2 * SIDE, 3)] * 2
    empty, drawn = frames[0][30:, :SIDE], frames[0][30:, SIDE:]
    assert (empty == empty[0, 0]).all()
    # Drawn in the middle: the outline's sides lie equally far from the panel's.
    columns = np.flatnonzero((drawn != drawn[0, 0]).any((0, 2)))
    assert columns[0] == pytest.approx(SIDE - 1 - columns[-1], abs=3)
    assert draw_face(points[0]).std() > 1
