"""Two processes with gloo compute what one computes on the same batch."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import together
import torch
from corpora import write_speech_corpus
from lightning.fabric.plugins.environments.lightning import find_free_network_port
from speech_clips import write_speech_clip
from stage_training import export, fit

from beavervision.data.sampling import ResumableSampler
from beavervision.errors import BeaverError
from beavervision.stages.distributed import SharedBatchNorm, local_share, noise_like, weighted_mean
from beavervision.synthetic.miniature import miniature_clip


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    """What the stages train on: two clips, and bundles of a barely trained audio2motion and head."""
    folder = tmp_path_factory.mktemp("together")
    write_speech_clip(folder / together.SPEECH, n_frames=80)
    miniature_clip(folder / together.FILM, n_frames=12)
    write_speech_corpus((folder / together.CORPUS).parent, {"ann": [60, 12], "bob": [30]})
    for name in (together.MOTION, together.HEAD):
        module, data = together.STAGES[name](folder)
        fit(module, data, 1)
        export(folder / name, module, data)
    return folder


@pytest.fixture(scope="module")
def of_two(place) -> dict[str, list[float]]:
    """Losses of every stage, trained by two processes."""
    out = place / "losses.json"
    port = str(find_free_network_port())
    shared = {"WORLD_SIZE": "2", "NODE_RANK": "0", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
    command = [sys.executable, together.__file__, str(place), str(out)]
    processes = [
        subprocess.Popen(
            command, env={**os.environ, **shared, "LOCAL_RANK": str(i)}, stderr=subprocess.PIPE, stdout=subprocess.PIPE
        )
        for i in range(2)
    ]
    told = [process.communicate(timeout=300)[1].decode() for process in processes]
    assert [process.returncode for process in processes] == [0, 0], "\n".join(text[-3000:] for text in told)
    return json.loads(out.read_text())


@pytest.mark.slow
@pytest.mark.parametrize("stage", together.STAGES)
def test_two_processes_have_the_loss_curve_of_one(place, of_two, stage):
    alone = together.losses(stage, place)
    assert len(alone) == together.STEPS
    assert len(set(alone)) > 1
    assert of_two[stage] == pytest.approx(alone, rel=2e-4)


def test_draws_are_shared_out_without_gap_or_overlap():
    both = [list(ResumableSampler(12, first=4, batch=4, own=local_share(4, "batch", rank, 2))) for rank in (0, 1)]
    assert both == [[4, 5, 8, 9], [6, 7, 10, 11]]


def test_a_batch_that_cannot_be_shared_is_refused():
    with pytest.raises(BeaverError, match=r"datamodule\.frames=16 cannot be shared equally by 3 devices"):
        local_share(16, "datamodule.frames", 0, 3)


def test_alone_everything_is_as_without_ranks():
    # (1 x 1 + 3 x 3) / (1 + 3) = 2.5
    assert weighted_mean(torch.tensor([1.0, 3.0]), torch.tensor([1.0, 3.0])) == 2.5
    assert weighted_mean(torch.ones(2), torch.zeros(2)) == 0
    torch.manual_seed(0)
    expected = torch.randn(3, 2)
    torch.manual_seed(0)
    torch.testing.assert_close(noise_like(torch.zeros(3, 2)), expected)
    x = torch.randn(4, 5, 6)
    torch.testing.assert_close(SharedBatchNorm(5)(x), torch.nn.BatchNorm1d(5)(x))
