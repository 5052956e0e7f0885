"""The head's field by name."""

from __future__ import annotations

from typing import Any

from beavervision.errors import ConfigError
from beavervision.stages.radnerf_head.fields.ambient import AmbientField
from beavervision.stages.radnerf_head.fields.triplane import TriplaneField

KINDS = {"grid": AmbientField, "triplane": TriplaneField}
"""Fields with the same call: density, features, and how the face moves them, of points under a condition."""


def make_field(kind: str, width: int, eye_width: int, **numbers: Any) -> AmbientField | TriplaneField:
    """The field that `model.field.kind` names.

    Args:
        kind: "grid" or "triplane".
        width: of the condition, whose last `eye_width` numbers are the eyes'.
        eye_width: of these.
        numbers: further arguments of the field.

    Raises:
        ConfigError: when there is no such field.
    """
    if kind not in KINDS:
        raise ConfigError(f"There is no field {kind}; set model.field.kind to one of {', '.join(KINDS)}.")
    return KINDS[kind](width, eye_width, **numbers)
