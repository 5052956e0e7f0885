"""LPIPS with a network of chance, as torchmetrics computes it; where its weights come from."""

import pytest
import torch
from torch import nn
from torchmetrics.functional.image import lpips as theirs

from beavervision.errors import BeaverError
from beavervision.metrics.lpips import CACHED, Lpips


def alexnet():
    """torchvision's AlexNet up to its last convolution."""

    def pool():
        return nn.MaxPool2d(3, 2)

    return nn.Sequential(
        nn.Conv2d(3, 64, 11, 4, 2), nn.ReLU(), pool(), nn.Conv2d(64, 192, 5, padding=2), nn.ReLU(), pool(),
        nn.Conv2d(192, 384, 3, padding=1), nn.ReLU(), nn.Conv2d(384, 256, 3, padding=1), nn.ReLU(),
        nn.Conv2d(256, 256, 3, padding=1), nn.ReLU(),
    )  # fmt: skip


@pytest.fixture(scope="module")
def network():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return alexnet()


@pytest.fixture(scope="module")
def file(network, tmp_path_factory):
    path = tmp_path_factory.mktemp("torch") / "hub" / "checkpoints" / CACHED
    path.parent.mkdir(parents=True)
    torch.save({f"features.{name}": value for name, value in network.state_dict().items()}, path)
    return path


@pytest.fixture
def pair():
    return torch.rand(2, 3, 3, 40, 48, generator=torch.Generator().manual_seed(1))


def test_it_is_torchmetrics_lpips(network, file, pair, monkeypatch):
    monkeypatch.setattr(theirs, "_get_tv_model_features", lambda *_: network)
    expected = theirs._LPIPS(pnet_rand=True)(*pair, normalize=True).flatten()
    torch.testing.assert_close(Lpips.from_file(file)(*pair), expected)


def test_equal_pictures_have_no_distance_and_others_a_slope(file, pair):
    found = Lpips.from_file(file)
    assert found(pair[0], pair[0]).tolist() == [0.0] * 3
    with torch.autocast("cpu", torch.bfloat16):
        half = found(*pair)
    assert torch.equal(half, found(*pair))
    shown = pair[0].clone().requires_grad_()
    found(shown, pair[1]).sum().backward()
    assert bool(shown.grad.isfinite().all())
    assert float(shown.grad.abs().sum()) > 0
    assert not any(value.requires_grad for value in found.parameters())


def test_the_cache_is_looked_into_and_nothing_else(file, tmp_path, monkeypatch):
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(file.parents[1]))
    assert Lpips.found() is not None
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    assert Lpips.found() is None
    assert Lpips.found(file) is not None


def test_files_that_are_missing_or_something_else_are_refused(tmp_path):
    with pytest.raises(BeaverError, match="does not exist; give torchvision's alexnet"):
        Lpips.found(tmp_path / "none.pth")
    torch.save({"features.0.weight": torch.zeros(1)}, tmp_path / "other.pth")
    with pytest.raises(BeaverError, match="does not hold AlexNet's weights"):
        Lpips.found(tmp_path / "other.pth")
