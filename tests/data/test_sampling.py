import lightning
import pytest
import torch
from torch.utils.data import DataLoader

from beavervision.data.sampling import (
    RandomAccessDataset,
    ResumableLoader,
    ResumableSampler,
    sample_rng,
    step_noise,
)
from beavervision.stages.dataloaders import resumable_loader


def test_epochs_count_on():
    sampler = ResumableSampler(4)
    assert list(sampler) == [0, 1, 2, 3]
    sampler.set_epoch(2)
    assert list(sampler) == [8, 9, 10, 11]


def test_a_resumed_epoch_goes_on_where_it_stopped():
    sampler = ResumableSampler(4, first=6)
    sampler.set_epoch(1)
    assert list(sampler) == [6, 7]
    sampler.set_epoch(2)
    assert list(sampler) == [8, 9, 10, 11]


@pytest.mark.parametrize("workers", [0, 2])
def test_workers_do_not_change_the_order(workers):
    loader = ResumableLoader(range(100), 2, sampler=ResumableSampler(6, first=2), num_workers=workers)
    assert isinstance(loader, DataLoader)
    assert [batch.tolist() for batch in loader] == [[2, 3], [4, 5]]


def test_draws_differ_and_repeat():
    assert sample_rng(1, 7).random() == sample_rng(1, 7).random()
    assert len({sample_rng(seed, draw).random() for seed in (1, 2) for draw in (7, 8)}) == 4


def test_step_noise_leaves_the_global_generator_alone():
    torch.manual_seed(0)
    expected = torch.rand(2)
    torch.manual_seed(0)
    first = torch.rand(1)
    with step_noise(1, 5):
        noise = torch.rand(3)
    torch.testing.assert_close(torch.cat([first, torch.rand(1)]), expected)
    with step_noise(1, 5):
        torch.testing.assert_close(torch.rand(3), noise)
    with step_noise(1, 6):
        assert not torch.equal(torch.rand(3), noise)


def test_overfitting_repeats_the_first_batches():
    """What `debug=overfit` does: Lightning puts its own sampler over the dataset, and stops after two batches."""

    class Numbers(RandomAccessDataset):
        def __getitem__(self, draw):
            return torch.tensor([float(draw)])

    class Line(lightning.LightningModule):
        def __init__(self):
            super().__init__()
            self.weight, self.seen = torch.nn.Parameter(torch.zeros(1)), []

        def training_step(self, batch, _):
            self.seen.append(batch.flatten().tolist())
            return (self.weight * batch).sum()

        def configure_optimizers(self):
            return torch.optim.SGD(self.parameters(), 0.1)

    line = Line()
    loader = resumable_loader(Numbers(), torch.stack, 2, 100, 0, None)
    quiet = dict.fromkeys(("logger", "enable_checkpointing", "enable_progress_bar", "enable_model_summary"), False)
    lightning.Trainer(accelerator="cpu", max_steps=4, max_epochs=-1, overfit_batches=2, **quiet).fit(line, loader)
    assert line.seen == [[0.0, 1.0], [2.0, 3.0], [0.0, 1.0], [2.0, 3.0]]
