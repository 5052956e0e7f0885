import pytest
import torch

from beavervision.metrics.mouth import ClosureRecall, closure_recall, spoken_closures

# shut for two frames between open ones, then a long rest
TRUTH = torch.tensor([1.0, 0.8, 0.05, 0.05, 0.9, 1.0, *([0.0] * 20)])


def test_spoken_closures_are_not_rest():
    # frames 2 and 3 lie between open ones; frames 6-9 lie within 4 frames of the open frame 5
    assert spoken_closures(TRUTH, 0.0, 1.0).nonzero()[:, 0].tolist() == [2, 3, 6, 7, 8, 9]


def test_recall_counts_runs():
    # two runs; this mouth shuts in neither of the first run's frames (nor one beside them), but at the rest
    found = torch.where(torch.arange(26) < 6, torch.tensor(0.5), torch.tensor(0.0))
    assert float(closure_recall(found, TRUTH, 0.0, 1.0)) == 0.5
    assert float(closure_recall(TRUTH, TRUTH, 0.0, 1.0)) == 1.0


def test_one_frame_late_counts_two_do_not():
    late = TRUTH.clone()
    late[:5] = torch.tensor([1.0, 0.8, 0.8, 0.8, 0.0])
    assert float(closure_recall(late, TRUTH, 0.0, 1.0)) == 1.0
    assert float(closure_recall(late, TRUTH, 0.0, 1.0, slack=0)) == 0.5


def test_no_closure_is_no_number():
    assert torch.isnan(closure_recall(torch.ones(9), torch.ones(9), 0.0, 1.0))


def test_class_joins_stretches_by_their_number_of_closures():
    metric = ClosureRecall(0.0, 1.0)
    metric.update(torch.where(torch.arange(26) < 6, 0.5, 0.0), TRUTH)  # 1 of 2
    metric.update(torch.tensor([1.0, 0.0, 1.0]), torch.tensor([1.0, 0.0, 1.0]))  # 1 of 1
    metric.update(torch.ones(9), torch.ones(9))  # none
    assert float(metric.compute()) == pytest.approx(2 / 3)
