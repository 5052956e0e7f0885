"""The tri-plane: what each plane sees, its size, and the field built on it."""

import pytest
import torch

from beavervision.errors import BeaverError
from beavervision.nerf.grid_layout import GridLayout
from beavervision.nerf.triplane import TriplaneEncoding
from beavervision.stages.radnerf_head.fields.registry import KINDS, make_field
from beavervision.stages.radnerf_head.module import HeadModule

SMALL = GridLayout(dims=2, levels=2, base=4, finest=8, features=1)


def test_each_plane_sees_two_coordinates_by_hand():
    encoding = TriplaneEncoding(GridLayout(dims=2, levels=1, base=3, finest=3, features=1), "torch")
    for grid in encoding.grids:
        grid.table.data = torch.arange(16.0)[:, None]  # value = a + 3 b on the lattice
    # positions x 2 + 0.5: x 1, y 1.5, z 2; planes xy: 1 + 4.5, yz: 1.5 + 6, xz: 1 + 6
    assert encoding(torch.tensor([[0.25, 0.5, 0.75]]))[0].tolist() == pytest.approx([5.5, 7.5, 7.0])


@pytest.mark.parametrize(("axis", "deaf"), [(0, 1), (1, 2), (2, 0)])
def test_a_plane_is_deaf_to_the_axis_it_looks_along(axis, deaf):
    encoding = TriplaneEncoding(SMALL, "torch", init=1.0)
    points = torch.full((2, 3), 0.4)
    points[1, axis] = 0.7
    a, b = encoding(points).reshape(2, 3, -1)
    assert [bool(torch.equal(a[plane], b[plane])) for plane in range(3)] == [plane == deaf for plane in range(3)]


def test_the_default_planes_hold_half_a_million_entries():
    field = make_field("triplane", 66, 2)
    entries = sum(parameter.numel() for name, parameter in field.named_parameters() if "_grid." in name)
    assert round(entries / 1e6, 2) == 0.49  # ER-NeRF


@pytest.mark.parametrize("kind", KINDS)
def test_backends_of_either_field_agree_in_values_and_gradients(kind):
    numbers = {"grid": {"levels": 3, "finest": 40, "log2_entries": 9}, "triplane": {"levels": 4, "base": 8}}[kind]
    points = torch.rand(6, 5, 3, generator=torch.Generator().manual_seed(0))
    points[0, 0], points[0, 1] = 0, 1
    results = []
    for backend in ("torch", "numba"):
        with torch.random.fork_rng():
            torch.manual_seed(0)
            field = make_field(kind, 10, 2, hidden=16, geometry=4, backend=backend, **numbers)
        condition = torch.randn(6, 10, generator=torch.Generator().manual_seed(1), requires_grad=True)
        density, features, moved = field(points, condition)
        (density.sum() + features.square().sum() + moved.sum()).backward()
        tables = [parameter.grad for name, parameter in field.named_parameters() if "_grid." in name]
        results.append([density, features, moved, condition.grad, *tables])
    for twin, kernel in zip(*results, strict=True):
        torch.testing.assert_close(kernel, twin, rtol=1e-4, atol=1e-6)


def test_the_condition_is_heard_only_through_the_attention():
    field = make_field("triplane", 10, 2, hidden=16, geometry=4, backend="torch", levels=2, base=4, finest=8)
    points, condition = torch.rand(1, 7, 3).expand(2, 7, 3), torch.randn(2, 10)
    assert not torch.equal(*field(points, condition)[0])
    torch.nn.init.zeros_(field.attention.rest[-1].weight)
    condition[:, -2:] = 0  # the eyes' attention is a sigmoid, never nothing
    assert torch.equal(*field(points, condition)[0])


def test_a_backend_is_changed_in_all_planes():
    field = make_field("triplane", 10, 2, backend="torch", levels=2)
    field.backend = "numba"
    assert [grid.backend for grid in field.position_grid.grids] == ["numba"] * 3


def test_an_unknown_kind_is_a_sentence():
    with pytest.raises(BeaverError, match=r"model\.field\.kind"):
        make_field("sphere", 10, 2)


def test_the_field_named_without_its_key_is_a_sentence():
    with pytest.raises(BeaverError, match=r"model\.field\.kind=triplane"):
        HeadModule(box=[0.0] * 6, n_codes=1, window=1, cells=4, size=(64, 64), field="triplane")
