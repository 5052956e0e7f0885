from __future__ import annotations

import pytest

from beavervision.errors import BeaverError
from beavervision.workflows.error_reporting import error_message, is_user_error


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (MemoryError(), "There is not enough memory (MemoryError)"),
        (RuntimeError("CUDA out of memory. Tried to allocate 2 GiB.\nSee documentation"), "Tried to allocate 2 GiB)"),
        (RuntimeError("[enforce fail at alloc_cpu] DefaultCPUAllocator: can't allocate memory"), "datamodule.rays="),
        (OSError(28, "No space left on device", "runs/me"), "runs/me: No space left on device; free some space"),
        (RuntimeError("PytorchStreamWriter failed writing file"), "A checkpoint cannot be written"),
        (BeaverError("me.mp4 has no sound; give another."), "me.mp4 has no sound"),
    ],
)
def test_what_the_user_can_mend_is_a_sentence(error, said):
    assert is_user_error(error)
    assert said in error_message(error)


@pytest.mark.parametrize("error", [RuntimeError("shapes differ"), ValueError("no"), OSError(9, "Bad file descriptor")])
def test_what_is_our_fault_is_none(error):
    assert not is_user_error(error)
