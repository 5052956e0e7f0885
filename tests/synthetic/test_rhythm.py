import numpy as np

from beavervision.synthetic.curves import Moment, blink_curve, smooth_noise

FPS = 25


def test_moment_rises_and_falls():
    time = np.array([0.9, 1.0, 1.25, 1.5, 2.0, 2.75, 3.0, 3.1])
    # ramps of half a second: half way up at 1.25 and down at 2.75
    np.testing.assert_allclose(Moment(1.0, 3.0).progress(time, 0.5), [0, 0, 0.5, 1, 1, 0.5, 0, 0])


def test_blinks_shut_and_reopen():
    curve = blink_curve(500, FPS, np.random.default_rng(0))
    starts = np.flatnonzero((curve[1:] > 0) & (curve[:-1] == 0))
    assert 4 <= len(starts) <= 9  # about every 3.2 s in 20 s
    assert curve.max() == 1
    assert curve[-1] == 0


def test_noise_has_unit_peak_and_a_seed():
    a, b = (smooth_noise(200, FPS, 1.0, np.random.default_rng(3)) for _ in range(2))
    np.testing.assert_array_equal(a, b)
    assert np.abs(a).max() == 1
