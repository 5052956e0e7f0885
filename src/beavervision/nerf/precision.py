"""Where half precision has no place."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

import torch

P = ParamSpec("P")
ResultT = TypeVar("ResultT")


def exact(function: Callable[P, ResultT]) -> Callable[P, ResultT]:
    """Let a function compute in its inputs' precision, whatever autocast does around it.

    Autocast takes every matrix product for a layer; a rotation in bfloat16 moves a ray by pixels.
    """

    @wraps(function)
    def exactly(*args: P.args, **kwargs: P.kwargs) -> ResultT:
        with torch.autocast("cpu", enabled=False), torch.autocast("cuda", enabled=False):
            return function(*args, **kwargs)

    return exactly
