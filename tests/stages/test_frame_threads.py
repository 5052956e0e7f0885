"""Threads for frames: each once, and only one of them where numba's pool could not bear more."""

import threading

import pytest
import torch

from beavervision.stages.radnerf_head import frame_threads
from beavervision.stages.radnerf_head.frame_threads import FrameThreads


@pytest.fixture
def two_cores():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def done_by(count, *, compiled):
    """Which thread did what."""
    by = {}
    FrameThreads(compiled=compiled).each(count, lambda i: by.setdefault(i, []).append(threading.current_thread()))
    assert all(len(threads) == 1 for threads in by.values())
    assert sorted(by) == list(range(count))
    return [by[i][0] is threading.main_thread() for i in range(count)]


@pytest.mark.parametrize(
    ("layer", "here"),
    [(True, [False] * 5), (False, [True] * 5), (None, [True] * 5)],  # None: not known even after the first
)
def test_kernels_are_called_by_several_only_where_that_is_safe(two_cores, monkeypatch, layer, here):
    monkeypatch.setattr(frame_threads, "several_may_compute", lambda: layer)
    assert done_by(5, compiled=True) == here
    assert torch.get_num_threads() == 2


def test_the_first_frame_starts_the_kernels_threads(two_cores, monkeypatch):
    known = iter([None, True])
    monkeypatch.setattr(frame_threads, "several_may_compute", lambda: next(known))
    assert done_by(4, compiled=True) == [True, False, False, False]


def test_without_kernels_nobody_asks(two_cores):
    assert done_by(3, compiled=False) == [False] * 3
    assert done_by(1, compiled=False) == [True]
    assert done_by(0, compiled=False) == []


def test_threads_write_what_was_made_in_inference(two_cores):
    with torch.inference_mode():
        out = torch.zeros(4)
        FrameThreads(compiled=False).each(4, lambda i: out[i].fill_(i + 1))
    assert out.tolist() == [1, 2, 3, 4]
