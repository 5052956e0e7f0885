"""Shapes and batches that cross module borders.

Dimension names used throughout: B batch, T video frames, N audio samples or points, H height, W width,
V vertices, K keypoints, R rays, S samples per ray.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import IntEnum
from typing import Any, TypeVar

import torch
from jaxtyping import Bool, Float, Int, UInt8
from torch import Tensor

__all__ = ["Batch", "Bool", "Float", "Int", "Label", "Tensor", "UInt8", "VisibilityReason"]

BatchT = TypeVar("BatchT", bound="Batch")


class Label(IntEnum):
    """Class of a pixel, as stored in a clip's label maps."""

    BACKGROUND = 0
    HAIR = 1
    FACE = 2
    NECK = 3
    TORSO = 4
    HAND = 5
    OTHER = 6


class VisibilityReason(IntEnum):
    """Reason why a subject is visible or not in a frame."""

    VISIBLE = 0
    NO_FACE = 1
    OUT_OF_FRAME = 2
    TURNED_AWAY = 3
    BLURRED = 4
    CUT = 5


@dataclass
class Batch:
    """Base of the typed batches: `from_dict` is the only bridge from untyped to typed data."""

    @classmethod
    def from_dict(cls: type[BatchT], values: Mapping[str, Any]) -> BatchT:
        """Build the batch, refusing missing and unknown names.

        Raises:
            KeyError: when the names differ from the dataclass's fields.
        """
        names = {f.name for f in fields(cls)}
        if names != set(values):
            missing, unknown = sorted(names - set(values)), sorted(set(values) - names)
            raise KeyError(f"{cls.__name__}: missing {missing}, unknown {unknown}")
        return cls(**values)

    def describe(self) -> str | None:
        """Description of the batch's contents for error messages; None if there is none."""
        return None

    def to(self: BatchT, device: torch.device | str) -> BatchT:
        """Return the same batch with every tensor on `device`."""
        moved = {
            f.name: value.to(device) if isinstance(value := getattr(self, f.name), Tensor) else value
            for f in fields(self)
        }
        return type(self)(**moved)
