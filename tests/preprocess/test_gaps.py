import itertools

import numpy as np
import pytest

from beavervision.face.pose import rotation_from_euler
from beavervision.preprocess.landmark_smoothing import fill_gaps
from beavervision.types import VisibilityReason as Reason


def clip(visible, yaw=0.0, reason=Reason.NO_FACE):
    """A head that turns by `yaw` degrees and moves by (1, 2, 3) cm and (4, 4, 4, 4) px a frame."""
    visible = np.array([c == "x" for c in visible])
    t = np.arange(len(visible), dtype=float)
    rotation = rotation_from_euler(np.stack([np.radians(yaw) * t, 0 * t, 0 * t], -1))
    translation, box = t[:, None] * [1.0, 2.0, 3.0], np.repeat(4 * t[:, None], 4, 1)
    reasons = np.where(visible, Reason.VISIBLE, reason)
    for rows in (rotation, translation, box):
        rows[~visible] = np.nan
    return rotation, translation, box, visible, reasons


def flags(interpolated):
    return "".join("o" if flag else "." for flag in interpolated)


def test_a_gap_of_three_by_hand():
    rotation, translation, box, filled = fill_gaps(*clip("x...x", yaw=10), fps=25, longest=0.12)
    # a quarter, half and three quarters of the way: yaw 10, 20, 30 degrees; x 1, 2, 3 cm
    assert np.allclose(rotation, rotation_from_euler(np.radians([[10.0 * t, 0, 0] for t in range(5)])))
    assert np.allclose(translation, [[t, 2 * t, 3 * t] for t in range(5)])
    assert np.allclose(box[:, 0], [0, 4, 8, 12, 16])
    assert flags(filled) == ".ooo."


def test_slerp_takes_the_shorter_way_at_an_even_pace():
    rotation = rotation_from_euler(np.radians([[-80.0, 20, 10], [0, 0, 0], [0, 0, 0], [70.0, -30, 5]]))
    visible = np.array([True, False, False, True])
    zeros = np.zeros((4, 3)), np.zeros((4, 4))
    turned, *_ = fill_gaps(rotation, *zeros, visible, np.where(visible, 0, 1), 25, 1.0)
    steps = [np.arccos((np.trace(a.T @ b) - 1) / 2) for a, b in itertools.pairwise(turned)]
    assert steps == pytest.approx([steps[0]] * 3)
    assert sum(steps) == pytest.approx(np.arccos((np.trace(rotation[0].T @ rotation[3]) - 1) / 2))


@pytest.mark.parametrize(
    ("visible", "longest", "expected"),
    [
        ("x......x", 0.24, ".oooooo."),  # 6 frames are 0.24 s
        ("x.......x", 0.24, "........."),
        ("..xx..x..", 0.24, "....oo..."),  # the first and the last stay gaps
        ("x.x", 0.0, "..."),
        (".....", 1.0, "....."),
        ("xxxxx", 1.0, "....."),
        ("...x...", 1.0, "......."),
    ],
)
def test_which_gaps_are_filled(visible, longest, expected):
    arrays = clip(visible)
    *filled, interpolated = fill_gaps(*arrays, fps=25, longest=longest)
    assert flags(interpolated) == expected
    for rows in filled:
        known = np.isfinite(rows).reshape(len(rows), -1).all(1)
        assert np.array_equal(known, arrays[3] | interpolated)


@pytest.mark.parametrize("cut", [2, 3, 4])
def test_never_across_a_cut(cut):
    assert flags(fill_gaps(*clip("xx..xx"), fps=25, longest=1.0, firsts=[cut])[3]) == "......"


@pytest.mark.parametrize("cut", [1, 5])
def test_a_cut_elsewhere_does_not_matter(cut):
    assert flags(fill_gaps(*clip("xx..xx"), fps=25, longest=1.0, firsts=[cut])[3]) == "..oo.."


def test_never_over_frames_of_another_shot():
    assert flags(fill_gaps(*clip("xx..xx", reason=Reason.CUT), fps=25, longest=1.0)[3]) == "......"


def test_what_was_given_stays_as_it_is():
    arrays = clip("x.x")
    copies = [rows.copy() for rows in arrays]
    fill_gaps(*arrays, fps=25, longest=1.0)
    assert all(np.array_equal(a, b, equal_nan=True) for a, b in zip(arrays[:3], copies[:3], strict=True))
