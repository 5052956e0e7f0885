"""The condition's scale: statistics of training frames, windows at the ends, gaps."""

import numpy as np
import pytest

from beavervision.nerf.condition_normalizer import FLOOR, ConditionNormalizer, fill_gaps, frame_windows


def test_normalised_training_frames_have_mean_zero_and_unit_spread():
    raw = np.random.default_rng(0).normal(3.0, 2.0, (500, 68, 3))
    values = ConditionNormalizer.from_training_frames(raw).normalise(raw, clamp=False)
    assert np.abs(values.mean(0)).max() < 1e-5
    assert values.std(0) == pytest.approx(np.ones(204), abs=1e-4)


def test_a_landmark_that_hardly_moves_is_not_blown_up():
    raw = np.random.default_rng(0).normal(0.0, 1.0, (500, 68, 3))
    raw[:, 0] *= 1e-6
    values = ConditionNormalizer.from_training_frames(raw).normalise(raw, clamp=False)
    assert np.abs(values[:, :3]).max() < 1e-4 / FLOOR


def test_driven_motion_is_held_to_the_quantiles():
    raw = np.linspace(0, 1, 101)[:, None, None] * np.ones((101, 68, 3))
    scale = ConditionNormalizer.from_training_frames(raw)
    assert (scale.low[0, 0], scale.high[0, 0]) == pytest.approx((0.03, 0.97))
    wild = np.full((1, 68, 3), 7.0)
    np.testing.assert_allclose(scale.normalise(wild, clamp=True), scale.normalise(raw[97:98], clamp=False), atol=1e-6)


def test_windows_repeat_the_ends():
    values = np.arange(6.0)[:, None]
    windows = frame_windows(values, np.array([0, 3, 5]), 5)
    assert windows.shape == (3, 5, 1, 1)
    assert windows[:, :, 0, 0].tolist() == [[0, 0, 0, 1, 2], [1, 2, 3, 4, 5], [3, 4, 5, 5, 5]]


def test_gaps_are_filled_from_both_sides():
    values = np.array([np.nan, 1.0, np.nan, np.nan, 4.0, np.nan])[:, None] * np.ones(2)
    assert fill_gaps(values)[:, 0].tolist() == [1, 1, 2, 3, 4, 4]
    with pytest.raises(ValueError, match="no frame"):
        fill_gaps(np.full((3, 2), np.nan))
