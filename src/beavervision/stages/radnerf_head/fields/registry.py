"""Registry of the head's fields by name."""

from __future__ import annotations

from typing import Any

from beavervision.errors import ConfigError
from beavervision.stages.radnerf_head.fields.ambient import AmbientField
from beavervision.stages.radnerf_head.fields.triplane import TriplaneField

KINDS = {"grid": AmbientField, "triplane": TriplaneField}
"""Fields with the same signature: density, features and deformation of points under a condition."""


def make_field(kind: str, width: int, eye_width: int, **numbers: Any) -> AmbientField | TriplaneField:
    """Build the field named by `model.field.kind`.

    Args:
        kind: "grid" or "triplane".
        width: width of the condition, whose last `eye_width` values are those of the eyes.
        eye_width: number of these values.
        numbers: further keyword arguments of the field.

    Raises:
        ConfigError: when the name is unknown.
    """
    if kind not in KINDS:
        raise ConfigError(f"There is no field {kind}; set model.field.kind to one of {', '.join(KINDS)}.")
    return KINDS[kind](width, eye_width, **numbers)
