"""The grid encoding: its layout against tiny-cuda-nn's rules, values worked by hand, backends against each other."""

import shutil

import numpy as np
import pytest
import torch

from beavervision.errors import BeaverError
from beavervision.nerf.backends import numba_grid, registry
from beavervision.nerf.backends.numba import kernel_levels
from beavervision.nerf.backends.registry import load_backend, resolve
from beavervision.nerf.backends.torch import TorchBackend, entry_index, levels_of
from beavervision.nerf.grid import GridEncoding
from beavervision.nerf.grid_layout import GridLayout

LAYOUTS = [
    GridLayout(dims=3, levels=4, base=4, finest=64, log2_entries=10),
    GridLayout(dims=2, levels=5, base=4, finest=100, log2_entries=8, features=4),
    GridLayout(dims=3, levels=3, base=4, finest=30, kind="tiled"),
    GridLayout(dims=3, levels=1, base=8, finest=8, features=1),
    GridLayout(dims=2, levels=12, base=64, finest=512, log2_entries=14, features=1),  # a plane of the tri-plane
    GridLayout(dims=3, levels=2, base=2, finest=3, features=3),
]


def test_levels_grow_geometrically():
    layout = GridLayout(dims=3, levels=3, base=4, finest=16, log2_entries=10)
    # b = 2: scales 4-1, 8-1, 16-1; ceil(scale) + 1 points a side
    assert layout.scales.tolist() == [3, 7, 15]
    assert layout.resolutions.tolist() == [4, 8, 16]
    # 64, 512, then 4096 bounded by 2^10
    assert layout.entries.tolist() == [64, 512, 1024]
    assert layout.offsets.tolist() == [0, 64, 576, 1600]
    assert layout.hashed.tolist() == [False, False, True]


def test_dense_levels_round_up_to_eight_entries():
    layout = GridLayout(dims=3, levels=1, base=5, finest=5)
    assert layout.entries.tolist() == [128]  # 125 -> 128


def test_tiled_levels_are_bounded_by_the_base():
    layout = GridLayout(dims=3, levels=2, base=4, finest=30, kind="tiled")
    assert layout.entries.tolist() == [64, 64]
    assert not layout.hashed.any()
    # side 30: 30 <= 64 but 900 > 64, so z no longer counts
    assert layout.strides.tolist() == [[1, 4, 16], [1, 30, 0]]


def test_dense_index_runs_x_fastest_and_wraps_at_the_end():
    layout = GridLayout(dims=3, levels=1, base=4, finest=4)
    cells = torch.tensor([[0, 0, 0], [3, 0, 0], [0, 1, 0], [1, 2, 3], [4, 3, 3], [4, 4, 4]])
    # x + 4 y + 16 z modulo 64
    assert entry_index(cells, levels_of(layout)[0]).tolist() == [0, 3, 4, 57, 0, 20]


def test_hash_index_of_known_cells():
    layout = GridLayout(dims=3, levels=1, base=100, finest=100, log2_entries=16)
    cells = torch.tensor([[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 1], [7, 50, 99]])
    expected = []
    for x, y, z in cells.tolist():
        mixed = np.uint32(x) ^ np.uint32(y * 2654435761 % 2**32) ^ np.uint32(z * 805459861 % 2**32)
        expected.append(int(mixed) % 65536)
    assert expected[:3] == [1, 31153, 22421]
    assert entry_index(cells, levels_of(layout)[0]).tolist() == expected


def test_interpolation_by_hand():
    encoding = GridEncoding(GridLayout(dims=2, levels=1, base=3, finest=3, features=1), "torch")
    encoding.table.data = torch.arange(16.0)[:, None]  # value = x + 3 y on the lattice
    points = torch.tensor([[0.25, 0.5], [0.0, 0.0], [0.125, 0.75]])
    # position = p * 2 + 0.5: (1, 1.5) -> 1 + 4.5; (0.5, 0.5) -> 0.5 + 1.5; (0.75, 2) -> 0.75 + 6
    assert encoding(points)[:, 0].tolist() == pytest.approx([5.5, 2.0, 6.75])


@pytest.mark.parametrize("layout", LAYOUTS)
def test_numba_equals_torch_in_values_and_gradients(layout):
    encodings = {name: GridEncoding(layout, name, seed=3) for name in ("torch", "numba")}
    points = torch.rand(300, layout.dims, generator=torch.Generator().manual_seed(0))
    points[0], points[1] = 0, 1  # both ends belong to the domain
    points[2] = torch.linspace(0, 1, layout.dims)
    results = {}
    for name, encoding in encodings.items():
        encoding.table.data *= 1e4
        p = points.clone().requires_grad_()
        features = encoding(p)
        (features * torch.linspace(-1, 1, features.numel()).reshape(features.shape)).sum().backward()
        results[name] = (features.detach(), encoding.table.grad, p.grad)
    for a, b in zip(*results.values(), strict=True):
        torch.testing.assert_close(b, a, rtol=1e-5, atol=1e-5 * float(a.abs().max()))


def test_backends_agree_in_single_precision_at_full_size():
    layout = GridLayout(dims=3)
    values = [GridEncoding(layout, name)(torch.rand(2000, 3, generator=torch.Generator().manual_seed(1)))
              for name in ("torch", "numba")]  # fmt: skip
    torch.testing.assert_close(*values, rtol=0, atol=1e-9)


@pytest.mark.parametrize(
    "layout",
    [
        GridLayout(dims=3, levels=2, base=2, finest=5, log2_entries=5),
        GridLayout(dims=2, levels=3, base=3, finest=9, log2_entries=5),
        GridLayout(dims=3, levels=2, base=2, finest=5, kind="tiled"),
    ],
)
def test_gradcheck(layout):
    encoding = GridEncoding(layout, "torch").double()
    # keep clear of lattice planes, where the interpolation has kinks
    points = torch.rand(3, layout.dims, dtype=torch.float64, generator=torch.Generator().manual_seed(5))
    points = points.requires_grad_()
    table = (encoding.table.detach() * 1e4).requires_grad_()
    backend = load_backend("torch", points.device)
    assert torch.autograd.gradcheck(lambda p, t: backend.encode(p, t, layout), (points, table))


def test_same_bits_every_time():
    encoding = GridEncoding(GridLayout(dims=3, levels=8), "numba")
    points = torch.rand(20000, 3)
    grads = []
    for _ in range(2):
        encoding.table.grad = None
        encoding(points).square().sum().backward()
        grads.append(encoding.table.grad)
    assert torch.equal(*grads)


@pytest.mark.parametrize(
    ("bad", "why"),
    [(float("nan"), "not finite"), (float("inf"), "not finite"), (-float("inf"), "not finite"),
     (1.001, "outside"), (-1e-6, "outside")],
)  # fmt: skip
@pytest.mark.parametrize("backend", ["torch", "numba"])
def test_points_without_a_cell_are_refused(bad, why, backend):
    points = torch.tensor([[0.5, bad, 0.5]])
    with pytest.raises(ValueError, match=why):
        GridEncoding(GridLayout(dims=3, levels=2), backend)(points)


@pytest.mark.parametrize("count", [1, 255, 256, 257, 1000])
def test_chunks_and_blocks_leave_no_point_out(count):
    """Whatever the number of points and of the threads that share them, each is computed as if it were alone."""
    layout = GridLayout(dims=3, levels=3, base=4, finest=30, log2_entries=8)
    points = torch.rand(count, 3, generator=torch.Generator().manual_seed(count)).numpy()
    table = np.random.default_rng(0).normal(size=(int(layout.offsets[-1]), 2)).astype(np.float32)
    expected = TorchBackend().encode(torch.from_numpy(points), torch.from_numpy(table), layout).numpy()
    for threads in (1, 3):
        found = np.full_like(expected, np.nan)
        levels = kernel_levels(layout, points.dtype)
        numba_grid.encode(points, table, *levels, numba_grid.block_size(count, threads), found)
        np.testing.assert_allclose(found, expected, atol=1e-5)


def test_a_block_is_whole_chunks_and_every_thread_has_one():
    assert numba_grid.block_size(10**7, 2) == numba_grid.BLOCK
    assert numba_grid.block_size(1000, 2) == 512  # 500 each, in chunks of 256
    assert numba_grid.block_size(1, 8) == numba_grid.CHUNK


def test_no_points_give_no_features():
    for backend in ("torch", "numba"):
        assert GridEncoding(GridLayout(dims=3, levels=2), backend)(torch.zeros(0, 3)).shape == (0, 4)


def test_backend_names():
    cpu = torch.device("cpu")
    assert resolve("auto", cpu) == "numba"
    assert resolve("torch", cpu) == "torch"
    with pytest.raises(BeaverError, match="cuda9"):
        resolve("cuda9", cpu)
    with pytest.raises(BeaverError, match="needs CUDA"):
        resolve("tinycudann", cpu)
    assert resolve("compile", cpu) == "compile"


@pytest.mark.parametrize(
    ("there", "chosen"),
    [({"tinycudann", "triton"}, "tinycudann"), ({"triton"}, "compile"), (set(), "torch")],
)
def test_cuda_takes_the_fastest_that_is_installed(there, chosen, monkeypatch):
    monkeypatch.setattr(registry, "find_spec", lambda name: name if name in there else None)
    assert resolve("auto", torch.device("cuda")) == chosen


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("g++") is None, reason="torch.compile needs a C++ compiler")
def test_the_compiled_twin_equals_torch_for_any_number_of_points():
    layout = GridLayout(dims=3, levels=2, base=4, finest=24, log2_entries=9)
    for count in (40, 70):
        points = torch.rand(count, 3, generator=torch.Generator().manual_seed(count))
        points[0], points[1] = 0, 1
        assert_same_as_torch("compile", layout, points)


@pytest.mark.gpu
@pytest.mark.parametrize("layout", [LAYOUTS[0], LAYOUTS[4], GridLayout(dims=3)])
def test_the_compiled_twin_equals_torch_on_a_gpu(layout):
    pytest.importorskip("triton")
    assert_same_as_torch("compile", layout, torch.rand(1000, layout.dims, device="cuda"), rtol=1e-4)


def assert_same_as_torch(backend, layout, points, rtol=1e-5):
    """Features, gradients of the table and of the points."""
    results = []
    for name in ("torch", backend):
        encoding = GridEncoding(layout, name, seed=3, init=1.0).to(points.device)
        place = points.clone().requires_grad_()
        features = encoding(place)
        features.square().sum().backward()
        results.append((features.detach(), encoding.table.grad, place.grad))
    for twin, other in zip(*results, strict=True):
        torch.testing.assert_close(other, twin, rtol=rtol, atol=rtol * float(twin.abs().max()))
