"""Occupancy: the running maximum by hand."""

import torch

from beavervision.nerf.occupancy_grid import THRESHOLD, OccupancyGrid, dilate_cells, mark_cells


def everywhere(value):
    return lambda points: torch.full((len(points),), value)


def chance():
    return torch.Generator().manual_seed(0)


def test_a_cell_remembers_the_largest_density_of_any_condition_and_forgets_slowly():
    grid = OccupancyGrid(2)
    grid.refresh(everywhere(4.0), 1.0, chance())
    assert float(grid.density.min()) == 4.0
    grid.refresh(everywhere(1.0), 1.0, chance())
    torch.testing.assert_close(grid.density, torch.full((2, 2, 2), 3.8))  # 0.95 x 4 > 1
    for _ in range(30):
        grid.refresh(everywhere(1.0), 1.0, chance())
    torch.testing.assert_close(grid.density, torch.full((2, 2, 2), 1.0))


def test_what_one_condition_fills_stays_occupied_under_the_others():
    grid = OccupancyGrid(4)
    grid.refresh(lambda p: torch.where(p[:, 0] < 0.5, 20.0, 0.0), 1.0, chance())
    grid.refresh(lambda p: torch.where(p[:, 1] < 0.5, 20.0, 0.0), 1.0, chance())
    expected = torch.zeros(4, 4, 4, dtype=torch.bool)
    expected[:2] = expected[:, :2] = True
    assert torch.equal(grid.occupied, expected)


def test_the_threshold_is_the_mean_but_never_above_the_bound():
    grid = OccupancyGrid(2)
    grid.refresh(lambda p: torch.where(p[:, 0] < 0.5, 0.3, 0.1), 1.0, chance())  # mean 0.2
    assert grid.occupied[0].all()
    assert not grid.occupied[1].any()
    dense = OccupancyGrid(2)
    dense.refresh(lambda p: torch.where(p[:, 0] < 0.5, 50.0, THRESHOLD * 1.1), 1.0, chance())
    assert dense.occupied.all()


def test_only_possible_cells_are_asked_and_occupied():
    grid = OccupancyGrid(4)
    hull = torch.zeros(4, 4, 4, dtype=torch.bool)
    hull[1:3, 1:3, 1:3] = True
    grid.restrict(hull)
    asked = []
    grid.refresh(lambda p: asked.append(p) or torch.full((len(p),), 9.0), 1.0, chance())
    assert torch.equal(mark_cells(asked[0], 4), hull)
    assert torch.equal(grid.occupied, hull)


def test_a_dead_field_does_not_empty_the_grid():
    grid = OccupancyGrid(2)
    grid.refresh(everywhere(0.0), 1.0, chance())
    assert grid.occupied.all()


def test_a_share_asks_about_that_many_and_the_rest_stays_occupied():
    grid = OccupancyGrid(16)
    asked = []
    grid.refresh(lambda p: asked.append(len(p)) or torch.rand(len(p)) * 1e-3, 0.25, chance())
    assert 900 < asked[0] < 1150  # 1024 +- 4.5 standard deviations
    assert int(grid.occupied.sum()) >= 4096 - asked[0]
    assert int(grid.occupied.sum()) < 4096


def test_marking_and_growing():
    grid = mark_cells(torch.tensor([[0.5, 0.5, 0.5], [1.0, 1.0, 1.0]]), 5)
    assert grid.nonzero().tolist() == [[2, 2, 2], [4, 4, 4]]
    assert int(dilate_cells(grid).sum()) == 27 + 8 - 1  # two cubes, one of them cut by the corner, one cell shared
