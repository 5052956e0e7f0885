import numpy as np
import pytest

from beavervision.metrics.film_comparison import FEWEST, FilmComparison, face_square, mean_gradient

EVERYWHERE = np.ones((8, 8), bool)


def stripes(step: int) -> np.ndarray:
    """Columns of 0 and `step`, 8 x 8."""
    return np.tile(np.array([0, step], np.uint8)[None, :, None], (8, 4, 3))


def test_gradient_by_hand():
    # Horizontal neighbours differ by 100, vertical ones not at all.
    assert mean_gradient(stripes(100), EVERYWHERE) == 100
    one_column = np.zeros((8, 8), bool)
    one_column[:, 3] = True
    assert mean_gradient(stripes(100), one_column) == 0


def test_a_blurred_film_has_half_the_gradient():
    comparison = FilmComparison()
    comparison.add(0, stripes(50), stripes(100), EVERYWHERE)
    assert comparison.compute() == {"gradient": 0.5, "gradient_footage": 100.0}


def test_flicker_counts_consecutive_frames_only():
    comparison = FilmComparison()
    flat = [np.full((8, 8, 3), value, np.uint8) for value in (10, 14, 30)]
    comparison.add(0, flat[0], flat[0], EVERYWHERE)
    comparison.add(1, flat[1], flat[0] + 2, EVERYWHERE)  # 4 against 2
    comparison.add(5, flat[2], flat[0], EVERYWHERE)
    figures = comparison.compute()
    assert (figures["flicker"], figures["flicker_footage"]) == (2.0, 2.0)


def test_a_mouth_that_opens_half_as_far():
    comparison = FilmComparison()
    for i, own in enumerate(np.linspace(0, 0.4, FEWEST)):
        comparison.add(2 * i, stripes(50), stripes(50), EVERYWHERE, (own / 2, own), (3.0, 2.0))
    figures = comparison.compute()
    assert figures["opening"] == pytest.approx(0.5)
    assert figures["opening_footage"] == pytest.approx(0.38)  # 95th percentile
    assert figures["mouth_r"] == pytest.approx(1)
    assert (figures["seam"], figures["seam_footage"]) == (1.5, 2.0)


def test_what_cannot_be_measured_is_left_out():
    comparison = FilmComparison()
    comparison.add(0, stripes(50), stripes(50), np.zeros((8, 8), bool), (0.1, 0.2), (np.nan, np.nan))
    assert comparison.compute() == {}


def test_a_face_square_is_the_box_and_nothing_else():
    picture = np.zeros((20, 30, 3), np.uint8)
    picture[5:15, 10:20] = 200
    assert (face_square(picture, np.array([10.0, 5, 20, 15]), 16) == 200).all()
    assert face_square(picture, np.array([40.0, 5, 50, 15]), 16) is None
