import numpy as np
import pytest

from beavervision.metrics.gaps import gap_pixels, neck_gap_pixels, neck_pixels

JAW = np.array([[6.0, 9.0], [10.0, 12.0], [14.0, 9.0]])
"""A V from corner to corner; its line at pixel centres 6.5, 7.5, .. is 9.375, 10.125, 10.875, 11.625 and back."""
COLLAR = 18.0


def drawn() -> np.ndarray:
    alpha = np.zeros((30, 20), np.uint8)
    alpha[2:12, 6:14] = 255  # head
    alpha[12:18, 8:12] = 255  # neck
    alpha[18:, 2:18] = 255  # shoulders
    return alpha


def neck(rim: float = 0.0) -> np.ndarray:
    return neck_pixels(JAW, COLLAR, drawn() > 0, rim)


def test_the_neck_by_hand():
    where = neck()
    # Rows whose centres lie below the line: from 9.5, 10.5, 11.5, 12.5 on in the columns 6 .. 9, and back.
    assert where.any(0).nonzero()[0].tolist() == list(range(6, 14))
    assert where.argmax(0)[6:14].tolist() == [9, 10, 11, 12, 12, 11, 10, 9]
    # To row 11 the head is as wide as the jaw, from row 12 to 17 there is the neck alone: 6 rows in 4 columns.
    assert where.sum() == 2 * (3 + 2 + 1 + 0) + 6 * 4
    # The line between footage's outline and background does not count: the neck loses a column on either side.
    assert neck(rim=1.0)[14].nonzero()[0].tolist() == [9, 10]


@pytest.mark.parametrize(
    ("columns", "gap"),
    [
        (slice(9, 11), 2),  # a hole
        (slice(None), 2),  # a slit right across: its two pixels in the core
        (slice(8, 9), 0),  # a neck a pixel too narrow
        (slice(8, 10), 1),  # a notch that reaches the core
    ],
)
def test_background_in_the_neck_is_a_gap(columns: slice, gap: int):
    alpha = drawn()
    assert neck_gap_pixels(alpha, neck(), neck(rim=1.0)) == 0
    alpha[14, columns] = 100
    assert neck_gap_pixels(alpha, neck(), neck(rim=1.0)) == gap


def test_what_is_not_the_neck_is_no_gap_of_it():
    alpha = drawn()
    alpha[5, 9] = alpha[25, 9] = 0  # an eye, and a button
    assert (gap_pixels(alpha), neck_gap_pixels(alpha, neck(), neck(rim=1.0))) == (2, 0)


def test_below_a_chin_turned_aside_the_background_is_right():
    """The head juts out over the neck: between chin and shoulder, where the footage shows no person, nothing lacks."""
    alpha = drawn()
    where = neck_pixels(JAW + np.array([4, 0]), COLLAR, alpha > 0, 0)
    assert neck_gap_pixels(alpha, where, where) == 0
    assert where[13, 12:].sum() == 0


def test_gaps_of_a_drawn_person():
    alpha = drawn()
    assert gap_pixels(alpha) == 0  # beside the neck is outside
    alpha[14, 9:11] = 100
    assert gap_pixels(alpha) == 2
    alpha[14] = 0  # the head is off: its 80 pixels, and the 8 of the neck that stay with it
    assert gap_pixels(alpha) == 80 + 2 * 4
    assert gap_pixels(np.zeros((5, 5), np.uint8)) == 0
