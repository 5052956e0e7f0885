import random

import pytest
import torch

from beavervision.errors import TrainingError
from beavervision.workflows.resume import require_checkpoint

CONTENT = {"state_dict": {"weight": torch.arange(1000.0)}, "global_step": 3, "loops": {}}


@pytest.fixture
def checkpoint(tmp_path):
    path = tmp_path / "last.ckpt"
    torch.save(CONTENT, path)
    return path


def test_a_checkpoint_is_accepted(checkpoint):
    require_checkpoint(checkpoint)


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.99])
def test_a_cut_one_is_refused(checkpoint, share):
    content = checkpoint.read_bytes()
    checkpoint.write_bytes(content[: int(share * len(content))])
    with pytest.raises(TrainingError, match=r"last.ckpt is damaged; resume=false"):
        require_checkpoint(checkpoint)


def test_noise_in_its_structure_ends_in_one_sentence_or_none(checkpoint):
    good, draw = checkpoint.read_bytes(), random.Random(1)
    refused = 0
    for _ in range(60):
        content = bytearray(good)
        for _ in range(8):
            content[draw.randrange(len(content))] = draw.randrange(256)
        checkpoint.write_bytes(content)
        try:
            require_checkpoint(checkpoint)
        except TrainingError:
            refused += 1
    assert refused > 0


@pytest.mark.parametrize("content", [[1, 2], {"state_dict": {}}, {"weights": torch.zeros(3)}])
def test_other_files_of_torch_are_refused(checkpoint, content):
    torch.save(content, checkpoint)
    with pytest.raises(TrainingError, match="is damaged"):
        require_checkpoint(checkpoint)


def test_code_in_the_file_is_not_run(tmp_path, checkpoint):
    class Trap:
        def __reduce__(self):
            return (open, (str(tmp_path / "trap"), "w"))

    torch.save({**CONTENT, "trap": Trap()}, checkpoint)
    with pytest.raises(TrainingError, match="is damaged"):
        require_checkpoint(checkpoint)
    assert not (tmp_path / "trap").exists()
