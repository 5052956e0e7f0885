import numpy as np
import pytest

from beavervision.compositing.detail_transfer import landmark_flow, outside_lips, transfer_detail

SQUARE = np.array([[8.0, 8.0], [40.0, 8.0], [40.0, 40.0], [8.0, 40.0], [24.0, 24.0]])


def face(opening: float) -> np.ndarray:
    """Landmarks of which only the mouth matters: 20 px wide about (32, 32), inner lips `opening` px apart."""
    points = np.zeros((68, 2))
    points[48], points[54] = (22, 32), (42, 32)
    x = [22, 27, 32, 37, 42, 37, 32, 27]
    y = 32 + opening / 2 * np.array([0, -1, -1, -1, 0, 1, 1, 1])
    points[60:68] = np.column_stack([x, y])
    return points


def test_a_shift_is_a_shift_everywhere():
    # All landmarks lie 3 px further right and 2 px higher: pixel q shows what stood at q + (-3, 2).
    flow = landmark_flow(SQUARE, SQUARE + np.array([3, -2]), (48, 48), smoothing=0)
    np.testing.assert_allclose(flow, np.broadcast_to([-3, 2], flow.shape), atol=1e-4)


def test_an_affine_motion_is_met_between_the_landmarks():
    # Doubled about (24, 24): pixel q comes from 24 + (q - 24) / 2, so it moves by (24 - q) / 2.
    flow = landmark_flow(SQUARE, 24 + 2 * (SQUARE - 24), (48, 48), smoothing=0)
    np.testing.assert_allclose(flow[10, 30], (24 - np.array([30.5, 10.5])) / 2, atol=1e-4)


def test_the_flow_passes_through_landmarks_and_leaves_fixed_points():
    new = SQUARE.copy()
    new[4] += [0, 6]  # the point in the middle goes down by 6
    border = np.array([[0.0, 0], [48, 0], [48, 48], [0, 48]])
    flow = landmark_flow(SQUARE, new, (48, 48), fixed=border, step=1, smoothing=0)
    # Between pixels 29 and 30 (centres at +0.5) lies y = 30, where the point is now.
    np.testing.assert_allclose(flow[29:31, 23:25].mean((0, 1)), [0, -6], atol=0.1)
    assert np.abs(flow[0, 0]).max() < 0.5
    coarse = landmark_flow(SQUARE, new, (48, 48), fixed=border, step=4, smoothing=0)
    assert np.abs(coarse - flow).max() < 0.7


def test_lips_that_meet_pull_no_flow_apart():
    own, new = face(10), face(0)
    flow = landmark_flow(own[60:68], new[60:68], (64, 64), fixed=np.array([[0.0, 0], [64, 0], [64, 64], [0, 64]]))
    assert np.isfinite(flow).all()
    assert np.abs(flow).max() < 10


def test_detail_is_not_used_inside_the_lips():
    share = outside_lips(face(0), face(10), (64, 64))
    assert share[32, 32] == 0  # between the new lips
    assert share[35, 32] == 0
    assert share[32, 5] == 1
    # The hull ends at y = 37; mouths are 20 px wide, so 5 % of it, 1 px, is left out besides, then 2 px are soft.
    assert share[37, 32] == 0
    assert 0 < share[39, 32] < 1
    assert share[41, 32] == 1


def test_detail_moves_with_the_flow():
    footage = np.full((8, 8, 3), 100, np.uint8)
    footage[3, 3] = 130  # a mole that the renderer does not know
    plain = np.full((8, 8, 3), 100, np.float32)
    brighter = plain + 20
    flow = np.zeros((8, 8, 2), np.float32)
    flow[..., 0] = -2  # two pixels to the right
    made = transfer_detail(brighter, plain, footage, flow, np.ones((8, 8), np.float32))
    assert made[3, 5] == pytest.approx(150)  # 120 and the mole's 30
    assert made[3, 3] == pytest.approx(120)


def test_where_nothing_moves_the_footage_stays():
    rng = np.random.default_rng(0)
    footage = rng.integers(0, 256, (8, 8, 3), dtype=np.uint8)
    rendered = rng.uniform(0, 255, (8, 8, 3)).astype(np.float32)
    still = landmark_flow(SQUARE, SQUARE, (8, 8))
    share = np.ones((8, 8), np.float32)
    share[0] = 0
    made = transfer_detail(rendered, rendered, footage, still, share)
    np.testing.assert_allclose(made[1:], footage[1:], atol=1e-4)
    np.testing.assert_allclose(made[0], rendered[0], atol=1e-4)  # no detail there
    covered = np.ones((8, 8), np.float32)
    covered[4] = 0  # a hand
    made = transfer_detail(rendered, rendered, footage, still, share, covered)
    np.testing.assert_allclose(made[4], rendered[4], atol=1e-4)
