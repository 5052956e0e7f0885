"""Threads that each do whole frames, or parts of one: no part of the work waits for another."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property

import torch


class FrameThreads:
    """Does something for each of several frames, on all of torch's threads at once.

    A frame is some hundred small operations. Split over the cores one by one, each ends with the cores waiting for
    each other, and torch's pool and numba's, which are two, take turns in keeping a core from each other while they
    wait. A frame a thread, on as many cores as its share comes to, has nothing to wait for.

    Args:
        compiled: whether numba's kernels are part of it.
    """

    def __init__(self, *, compiled: bool) -> None:
        self._compiled, self._cores = compiled, torch.get_num_threads()

    def each(self, count: int, do: Callable[[int], None]) -> None:
        """Call `do` with 0 .. count - 1; in this thread where there is one core or one frame.

        Whether it is inference holds for the threads too; autocast and gradients are theirs to set.
        """
        done, do = 0, _as_here(do)
        if count > 1 and self._cores > 1 and self._compiled and several_may_compute() is None:
            do(0)
            done = 1
        if count - done <= 1 or self._cores == 1 or (self._compiled and not several_may_compute()):
            for i in range(done, count):
                do(i)
            return
        for _ in self._pool.map(do, range(done, count)):
            pass
        # The threads' number is what torch gives to every thread that comes after.
        torch.set_num_threads(self._cores)

    @cached_property
    def _pool(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(self._cores, "frame", self._alone)

    def _alone(self) -> None:
        """Let this thread compute on one core."""
        torch.set_num_threads(1)
        if self._compiled:
            import numba

            numba.set_num_threads(1)


def _as_here(do: Callable[[int], None]) -> Callable[[int], None]:
    """`do` in any thread as in this one: only inference may write what it made (Lightning's validation)."""
    inference = torch.is_inference_mode_enabled()

    def in_thread(i: int) -> None:
        with torch.inference_mode(inference):
            do(i)

    return in_thread


def several_may_compute() -> bool | None:
    """Whether several threads may call numba's kernels at once; None as long as none was called.

    They may with OpenMP and TBB. Numba's own pool, which it takes where neither is (some Macs), ends the process.
    """
    import numba

    try:
        layer = numba.threading_layer()  # pyright: ignore[reportPrivateImportUsage]  # documented, but not in __all__
        return layer != "workqueue"
    except ValueError:
        return None
