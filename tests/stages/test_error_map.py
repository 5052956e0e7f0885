"""Where a training still errs, by hand: cells, their running means, and what is drawn from them."""

from types import SimpleNamespace

import numpy as np
import torch

from beavervision.stages.radnerf_head.error_map import CELLS, FLOOR, ErrorMap
from beavervision.stages.radnerf_head.targets import PixelTarget

SIZE = (64, 32)
"""Cells of 4 x 2 pixels."""


def pixels_of(frames, places, ignored=()):
    """A batch of these pixels (column, row) of these frames."""
    kinds = torch.full((len(frames), len(places[0])), int(PixelTarget.HEAD), dtype=torch.uint8)
    for at in ignored:
        kinds[at] = int(PixelTarget.IGNORED)
    return SimpleNamespace(frame=torch.tensor(frames), pixels=torch.tensor(places) + 0.5, target=kinds)


def test_a_cell_keeps_the_running_mean_of_its_pixels():
    errors = ErrorMap(3, SIZE, 0.75)
    batch = pixels_of([2], [[[4.0, 2.0], [7.0, 3.0], [63.0, 31.0], [0.0, 0.0]]], ignored=[(0, 3)])
    errors.update(batch, torch.tensor([0.25, 0.75, 1.0, 9.0]))
    # a quarter of the mean of the two pixels of cell (1, 1), of the last cell's only one; the ignored one is not heard
    assert float(errors.cells[2, CELLS + 1]) == 0.125
    assert float(errors.cells[2, -1]) == 0.25
    assert int((errors.cells != 0).sum()) == 2
    errors.update(pixels_of([2], [[[5.0, 2.0]]]), torch.tensor([0.5]))
    assert float(errors.cells[2, CELLS + 1]) == 0.125 * 0.75 + 0.5 * 0.25
    assert float(errors.cells[2, -1]) == 0.25  # not seen, not forgotten


def test_a_frame_drawn_twice_is_one_frame():
    errors = ErrorMap(2, SIZE, 0.5)
    errors.update(pixels_of([1, 1], [[[0.0, 0.0]], [[1.0, 1.0]]]), torch.tensor([1.0, 0.5]))
    assert float(errors.cells[1, 0]) == 0.375


def test_pixels_are_drawn_where_errors_are_and_no_cell_is_given_up():
    errors = ErrorMap(2, SIZE, 0.9)
    bad = 3 * CELLS + 5  # columns 20 to 23, rows 6 and 7
    errors.cells[0, bad] = 1.0
    at_bad, anywhere = errors.choose(pixels_of([0, 1], [[], []]), 4000, [1, 7, 1])
    inside = (at_bad >= [20, 6]).all(1) & (at_bad < [24, 8]).all(1)
    # the cell's 1 beside 255 floors of FLOOR / 256
    assert abs(inside.mean() - 1 / (1 + 255 * FLOOR / 256)) < 0.02
    assert (np.ptp(at_bad[inside], 0) == [3, 1]).all()
    cells = np.bincount(anywhere[:, 1] // 2 * CELLS + anywhere[:, 0] // 4, minlength=CELLS**2)
    assert cells.min() > 0  # a frame that was never seen is drawn from evenly
    assert (anywhere >= 0).all()
    assert (anywhere < SIZE).all()


def test_what_is_drawn_follows_from_the_seed():
    errors, batch = ErrorMap(1, SIZE, 0.9), pixels_of([0], [[]])
    first, again, later = (errors.choose(batch, 20, [1, step, 1])[0] for step in (4, 4, 5))
    assert (first == again).all()
    assert (first != later).any()
