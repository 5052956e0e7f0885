import numpy as np

from beavervision.face.temporal_smoothing import acceleration, coupled_step, descend, steady, windows


def test_steady_frames_have_both_neighbours():
    assert steady(np.array([0, 1, 2, 3, 7, 8, 9, 20])).tolist() == [0, 1, 1, 0, 0, 1, 0, 0]
    assert steady(np.array([5])).tolist() == [False]


def test_acceleration_by_hand():
    values = np.array([[0.0], [1.0], [4.0], [5.0]])
    # 1 - (0 + 4) / 2 = -1; 4 - (1 + 5) / 2 = 1; the ends have no neighbours.
    np.testing.assert_allclose(acceleration(values, np.array([False, True, True, False]))[:, 0], [0, -1, 1, 0])


def test_coupled_step_solves_the_dense_system():
    rng = np.random.default_rng(0)
    frames, size = 7, 3
    root = rng.normal(size=(frames, size, size))
    hessian = root @ root.transpose(0, 2, 1) + np.eye(size)
    gradient, now = rng.normal(size=(2, frames, size))
    pull = rng.random((frames, size))
    pull[[0, 3, -1]] = 0.0
    dense = np.zeros((frames * size, frames * size))
    right = gradient.copy().ravel()
    for t in range(frames):
        dense[t * size : (t + 1) * size, t * size : (t + 1) * size] += hessian[t]
    for t in range(1, frames - 1):
        for c in range(size):
            row = np.zeros(frames * size)
            row[[(t - 1) * size + c, t * size + c, (t + 1) * size + c]] = -0.5, 1.0, -0.5
            dense += pull[t, c] * np.outer(row, row)
            right += pull[t, c] * now[t, c] * row
    expected = -np.linalg.solve(dense, right).reshape(frames, size)
    np.testing.assert_allclose(coupled_step(hessian, gradient, now, pull), expected, rtol=1e-9)


def test_windows_keep_every_frame_once():
    for count in (1, 399, 401, 1234):
        kept = np.concatenate([np.arange(rows.start, rows.stop)[keep] for rows, keep in windows(count)])
        np.testing.assert_array_equal(kept, np.arange(count))
        assert max(rows.stop - rows.start for rows, _ in windows(count)) <= 448


def test_jitter_is_smoothed_and_a_closure_stays():
    rng = np.random.default_rng(0)
    truth = 2.0 + np.sin(np.arange(80) / 12.0)
    truth[40:42] = 0.0  # a lip closure of two frames
    seen = (truth + 0.1 * rng.normal(size=80))[:, None]
    here = steady(np.arange(80))
    change = descend(
        lambda x: (np.full((80, 1, 1), 100.0), 100.0 * x),
        lambda x: float(50.0 * (x**2).sum()),
        lambda x: acceleration(seen + x, here),
        here,
        np.array([0.02]),
        rounds=10,
    )
    found = (seen + change)[:, 0]
    calm = np.r_[2:37, 45:78]
    assert np.abs(found - truth)[calm].mean() < 0.7 * np.abs(seen[:, 0] - truth)[calm].mean()
    assert found[40:42].max() < 0.25
    assert found[[38, 43]].min() > 1.5
