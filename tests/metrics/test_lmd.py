import pytest
import torch

from beavervision.metrics.lmd import LandmarkDistance, landmark_distance


def test_by_hand():
    # distances 5 and 1 in the first frame (mean 3), 0 and 2 in the second (mean 1): mean 2
    truth = torch.zeros(2, 2, 2)
    found = torch.tensor([[[3.0, 4.0], [1.0, 0.0]], [[0.0, 0.0], [0.0, 2.0]]])
    assert float(landmark_distance(found, truth)) == pytest.approx(2.0)
    # scaled by 3 and 1: (3 / 3 + 1 / 1) / 2
    assert float(landmark_distance(found, truth, torch.tensor([3.0, 1.0]))) == pytest.approx(1.0)


def test_invisible_frames_are_left_out():
    found, truth = torch.ones(3, 4, 2), torch.zeros(3, 4, 2)
    truth[1] = torch.nan
    found[2] *= 3
    assert float(landmark_distance(found, truth)) == pytest.approx(2 * 2**0.5)


def test_class_equals_function_over_everything():
    torch.manual_seed(0)
    found, truth = torch.randn(2, 7, 68, 3)
    metric = LandmarkDistance()
    metric.update(found[:3], truth[:3])
    metric.update(found[3:], truth[3:])
    torch.testing.assert_close(metric.compute(), landmark_distance(found, truth))
