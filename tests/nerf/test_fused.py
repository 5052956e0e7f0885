"""Networks computed at once: the layout of their weights, which sizes are fused, gradients in half precision."""

import itertools

import pytest
import torch

from beavervision.nerf import mlp
from beavervision.nerf.backends.fused import LOUDER, WIDTHS, FusedSizes, pack, run_fused
from beavervision.nerf.backends.registry import load_backend
from beavervision.nerf.mlp import RayMLP
from beavervision.nerf.precision import full_precision

CPU = torch.device("cpu")


def as_tiny_cuda_nn_reads(sizes, kind=torch.float32):
    """A network over packed weights as tiny-cuda-nn documents it: aligned to 16, row by row, inputs padded by ones."""
    inputs, out = -(-sizes.inputs // 16) * 16, -(-sizes.out // 16) * 16
    shapes = [(sizes.hidden, inputs), *[(sizes.hidden, sizes.hidden)] * (sizes.layers - 2), (out, sizes.hidden)]

    @full_precision
    def network(values, packed):
        x = torch.cat([values, values.new_ones(len(values), inputs - sizes.inputs)], 1).to(kind)
        matrices = packed.to(kind).split([a * b for a, b in shapes])
        for matrix, shape in zip(matrices, shapes, strict=True):
            x = x @ matrix.reshape(shape).T
            x = x if matrix is matrices[-1] else torch.relu(x)
        return x[:, : sizes.out]

    return network


class Reader:
    """A backend that fuses every size that fits."""

    def fused(self, sizes, device):
        return as_tiny_cuda_nn_reads(sizes) if sizes.fit else None


def test_packed_weights_by_hand():
    first, last = torch.arange(1.0, 33).reshape(16, 2), torch.arange(1.0, 49).reshape(3, 16)
    packed = pack([first, last])
    assert len(packed) == FusedSizes(inputs=2, hidden=16, layers=2, out=3).parameters == 512
    # 16 x 16: two inputs, fourteen of padding
    assert packed[:18].tolist() == [1, 2, *[0] * 14, 3, 4]
    assert packed[240:256].tolist() == [31, 32, *[0] * 14]
    # 16 x 16: three outputs, thirteen of padding
    assert packed[256:304].tolist() == list(range(1, 49))
    assert not packed[304:].any()


def test_matrices_between_lie_as_they_are():
    between = torch.arange(256.0).reshape(16, 16)
    packed = pack([torch.zeros(16, 16), between, torch.zeros(16, 16)])
    assert packed[256:512].tolist() == list(range(256))


@pytest.mark.parametrize(
    ("hidden", "layers", "fits"),
    [*((width, 2, True) for width in WIDTHS), (64, 5, True), (48, 2, False), (256, 3, False), (64, 1, False)],
)
def test_sizes_that_are_fused(hidden, layers, fits):
    assert FusedSizes(20, hidden, layers, 3).fit is fits


SIZES = [
    *((a, b, hidden, layers, 5) for hidden, layers, (a, b) in itertools.product((16, 64), (2, 4), ((3, 2), (16, 0)))),
    (32, 66, 64, 3, 2), (64, 2, 64, 3, 65), (64, 20, 64, 2, 3), (36, 0, 16, 2, 1), (1, 0, 128, 2, 17),
    (17, 15, 32, 3, 16),
]  # fmt: skip


@pytest.mark.parametrize(("of_sample", "of_ray", "hidden", "layers", "out"), SIZES)
def test_the_same_weights_give_the_same_values_and_gradients(of_sample, of_ray, hidden, layers, out, monkeypatch):
    torch.manual_seed(0)
    network = RayMLP(of_sample, of_ray, hidden, layers, out)
    samples = torch.randn(5, 3, of_sample, requires_grad=True)
    rays = torch.randn(5, of_ray, requires_grad=True) if of_ray else None
    wanted = network(samples, rays)
    inputs = [samples, *([rays] if of_ray else []), *network.parameters()]
    gradients = torch.autograd.grad(wanted.square().sum(), inputs)
    monkeypatch.setattr(mlp, "load_backend", lambda *_: Reader())
    with torch.autocast("cpu", torch.bfloat16):
        found = network(samples, rays)
    assert found.dtype is torch.float32  # it went through the reader, not through bfloat16 layers
    torch.testing.assert_close(found, wanted, rtol=1e-5, atol=1e-5)
    for ours, theirs in zip(torch.autograd.grad(found.square().sum(), inputs), gradients, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-4)


def test_one_row_of_rays_is_shared_by_all(monkeypatch):
    network = RayMLP(4, 3, 16, 3, 2)
    samples, ray = torch.randn(6, 2, 4), torch.randn(1, 3)
    wanted = network(samples, ray)
    monkeypatch.setattr(mlp, "load_backend", lambda *_: Reader())
    with torch.autocast("cpu", torch.bfloat16):
        torch.testing.assert_close(network(samples, ray), wanted)
        assert network(samples[:0], ray).shape == (0, 2, 2)


def test_what_does_not_fit_is_computed_layer_by_layer(monkeypatch):
    monkeypatch.setattr(mlp, "load_backend", lambda *_: Reader())
    with torch.autocast("cpu", torch.bfloat16):
        assert RayMLP(4, 3, 24, 3, 2)(torch.randn(6, 2, 4), torch.randn(6, 3)).dtype is torch.bfloat16


@pytest.mark.parametrize("backend", ["torch", "numba"])
def test_nothing_is_fused_on_a_cpu(backend):
    assert load_backend(backend, CPU).fused(FusedSizes(4, 16, 2, 3), CPU) is None


def test_small_gradients_survive_half_precision():
    torch.manual_seed(0)
    network, values = RayMLP(4, 0, 16, 3, 2), torch.randn(40, 4)
    weights = [layer.weight for layer in (network.first, *network.rest)]
    towards = torch.rand(40, 2) * 2e-8
    assert not towards.half().any()  # what a gradient of this size is without being made louder
    wanted = torch.autograd.grad(network(values[None])[0], weights, towards)
    assert LOUDER * float(towards.abs().max()) < 1
    half = as_tiny_cuda_nn_reads(network.sizes, torch.float16)
    found = torch.autograd.grad(run_fused(half, values, weights), weights, towards)
    for ours, theirs in zip(found, wanted, strict=True):
        assert float((ours - theirs).norm() / theirs.norm()) < 0.05
