"""Face models by name."""

from __future__ import annotations

from difflib import get_close_matches

from beavervision.errors import BeaverError
from beavervision.face.gpmm import load_gpmm
from beavervision.face.model import FaceModel

PROVIDERS = {"gpmm": load_gpmm}
"""Name of a face model -> what loads it."""


def load_face_model(name: str = "gpmm") -> FaceModel:
    """Load a morphable face model.

    Args:
        name: `gpmm`, the one that ships with the package.

    Raises:
        BeaverError: when no face model has that name.
    """
    if name not in PROVIDERS:
        near = get_close_matches(name, PROVIDERS, 1)
        hint = f"did you mean {near[0]}" if near else f"choose one of {', '.join(PROVIDERS)}"
        raise BeaverError(f"face_model={name} does not exist; {hint}.")
    return PROVIDERS[name]()
