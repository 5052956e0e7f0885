import pytest
import torch

from beavervision.metrics.jitter import LandmarkJitter, landmark_jitter


def test_uniform_motion_has_none():
    time = torch.arange(10.0)
    assert float(landmark_jitter(time[:, None, None] * torch.randn(1, 5, 3))) == pytest.approx(0, abs=1e-5)


def test_by_hand():
    # x: 0, 3, 0 in one landmark, still in the other: second difference (-6, 0, 0), length 6; mean of 6 and 0
    landmarks = torch.zeros(3, 2, 3)
    landmarks[1, 0, 0] = 3.0
    assert float(landmark_jitter(landmarks)) == 3.0


def test_gaps_are_left_out():
    landmarks = torch.zeros(9, 1, 2)
    landmarks[4] = torch.nan
    landmarks[7, 0, 0] = 1.0  # triples (5,6,7) -> 1, (6,7,8) -> 2, and (0,1,2), (1,2,3) -> 0
    assert float(landmark_jitter(landmarks)) == pytest.approx(3 / 4)


def test_class_joins_stretches():
    torch.manual_seed(0)
    a, b = torch.randn(6, 4, 3), torch.randn(9, 4, 3)
    metric = LandmarkJitter()
    metric.update(a)
    metric.update(b)
    expected = (4 * landmark_jitter(a) + 7 * landmark_jitter(b)) / 11
    torch.testing.assert_close(metric.compute(), expected)
