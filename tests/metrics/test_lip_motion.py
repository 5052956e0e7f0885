import numpy as np
import pytest

from beavervision.metrics.lip_motion import (
    best_lag,
    block_resamples,
    bootstrap,
    closures_found,
    curve_correlation,
    interval,
    opening_ratio,
)


def test_correlation_by_hand():
    # deviations (-1, 0, 1) and (-1, 1, 0): sum of products 1, sizes sqrt(2) each
    assert curve_correlation(np.array([1.0, 2.0, 3.0]), np.array([4.0, 6.0, 5.0])) == pytest.approx(0.5)


def test_frames_that_are_not_judged_do_not_count():
    found, truth = np.array([1.0, 2.0, 3.0, 50.0]), np.array([4.0, 6.0, 5.0, np.nan])
    assert curve_correlation(found, truth) == pytest.approx(0.5)
    assert np.isnan(curve_correlation(found[:2], truth[:2]))
    assert np.isnan(curve_correlation(np.ones(4), found))


def test_opening_ratio_by_hand():
    # 0, 1, ..., 100: percentiles 5 and 95 are 5 and 95
    ramp = np.arange(101.0)
    assert opening_ratio(0.6 * ramp + 3, ramp) == pytest.approx(0.6)
    outlier = np.where(ramp == 100, 1e6, ramp)
    assert opening_ratio(ramp, outlier) == pytest.approx(1.0)
    assert np.isnan(opening_ratio(ramp, np.ones(101)))


@pytest.mark.parametrize("lag", [-7, -1, 0, 1, 7])
def test_lag_is_found_in_either_direction(lag):
    rng = np.random.default_rng(0)
    whole = rng.standard_normal(80)
    truth, found = whole[20:60].copy(), whole[20 - lag : 60 - lag]  # found[t] = truth[t - lag]
    truth[5] = np.nan
    assert best_lag(found, truth) == lag


def test_closures_by_hand():
    # range 0..10, shut below 1.5; closure 2:4 is met one frame late, 6:7 not at all, 9:10 is not judged
    opening = np.array([9.0, 9.0, 5.0, 5.0, 1.0, 9.0, 2.0, 9.0, np.nan, np.nan, np.nan])
    closures = [(2, 4), (6, 7), (9, 10)]
    assert closures_found(opening, closures, 0.0, 10.0) == (1, 2)
    assert closures_found(opening, closures, 0.0, 10.0, slack=0) == (0, 2)
    assert closures_found(opening, closures, 4.0, 10.0, slack=0) == (1, 2)  # shut below 4.9: 2.0 is


def test_resamples_are_whole_blocks():
    drawn = block_resamples(7, 3, resamples=50, seed=1)
    blocks = {(0, 1, 2), (3, 4, 5), (6,)}
    for frames in drawn:
        left = frames.tolist()
        while left:
            size = 1 if left[0] == 6 else 3
            assert tuple(left[:size]) in blocks
            left = left[size:]
    assert {tuple(frames) for frames in drawn} == {tuple(f) for f in block_resamples(7, 3, 50, 1)}
    assert len({tuple(frames) for frames in drawn}) > 5


def test_interval_covers_the_truth_as_often_as_it_says():
    rng = np.random.default_rng(0)
    # r of 200 independent pairs is 0.6; blocks of one: 95 % of the intervals contain it
    hits = 0
    for trial in range(60):
        a = rng.standard_normal(200)
        b = 0.6 * a + 0.8 * rng.standard_normal(200)
        low, high = interval(bootstrap(curve_correlation, a, b, block_resamples(200, 1, 150, trial)))
        hits += low < 0.6 < high
    assert 51 <= hits <= 60
    assert all(np.isnan(interval(np.full(3, np.nan))))
