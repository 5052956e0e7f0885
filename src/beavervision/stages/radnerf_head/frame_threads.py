"""Thread pool for frames: each thread computes whole frames, or parts of one, without synchronisation in between."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property

import torch


class FrameThreads:
    """Runs a function for each of several frames, on all of torch's threads at once.

    A frame is about a hundred small operations. If each is split over the cores, all cores wait for each other after
    every operation, and torch's and numba's thread pools compete for cores while they wait. With one frame per thread
    there is no waiting.

    Args:
        compiled: whether the function calls numba's kernels.
    """

    def __init__(self, *, compiled: bool) -> None:
        self._compiled, self._cores = compiled, torch.get_num_threads()

    def each(self, count: int, do: Callable[[int], None]) -> None:
        """Call `do` with 0 .. count - 1; in this thread if there is one core or one frame.

        Inference mode is passed on to the threads; autocast and gradients have to be set in `do`.
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
        # torch applies the number of threads to every thread that is started later.
        torch.set_num_threads(self._cores)

    @cached_property
    def _pool(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(self._cores, "frame", self._alone)

    def _alone(self) -> None:
        """Limit this thread to one core."""
        torch.set_num_threads(1)
        if self._compiled:
            import numba

            numba.set_num_threads(1)


def _as_here(do: Callable[[int], None]) -> Callable[[int], None]:
    """Wrap `do` in the inference mode of this thread, without which other threads may not write to its tensors."""
    inference = torch.is_inference_mode_enabled()

    def in_thread(i: int) -> None:
        with torch.inference_mode(inference):
            do(i)

    return in_thread


def several_may_compute() -> bool | None:
    """Whether several threads may call numba's kernels at once; None until one was called.

    They may with OpenMP and TBB. Numba's own pool, its fallback (some Macs), aborts the process.
    """
    import numba

    try:
        layer = numba.threading_layer()  # pyright: ignore[reportPrivateImportUsage]  # documented, but not in __all__
        return layer != "workqueue"
    except ValueError:
        return None
