from dataclasses import dataclass

import pytest
import torch

from beavervision.types import Batch


@dataclass
class Example(Batch):
    value: torch.Tensor
    name: str


def test_from_dict_names_what_is_wrong():
    with pytest.raises(KeyError, match=r"missing \['name'\], unknown \['nam'\]"):
        Example.from_dict({"value": torch.ones(1), "nam": "a"})


def test_to_moves_tensors_only():
    moved = Example.from_dict({"value": torch.ones(1), "name": "a"}).to("meta")
    assert moved.value.device.type == "meta"
    assert moved.name == "a"
