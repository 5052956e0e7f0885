"""Face models by name."""

from __future__ import annotations

from difflib import get_close_matches
from importlib.metadata import entry_points

from beavervision.errors import BeaverError
from beavervision.face.gpmm import load_gpmm
from beavervision.face.model import FaceModel

PROVIDERS = {"gpmm": load_gpmm}
"""Name of a face model -> what loads it."""
GROUP = "beavervision.face_models"
"""Entry points of other packages: name of a face model -> function that loads it."""


def load_face_model(name: str = "gpmm") -> FaceModel:
    """Load a morphable face model.

    Args:
        name: `gpmm`, the one that ships with the package, or one that another package brings.

    Raises:
        BeaverError: when no face model has that name.
    """
    if name in PROVIDERS:
        return PROVIDERS[name]()
    outside = {entry.name: entry for entry in entry_points(group=GROUP)}
    if name in outside:
        return outside[name].load()()
    known = [*PROVIDERS, *outside]
    near = get_close_matches(name, known, 1)
    hint = f"did you mean {near[0]}" if near else f"choose one of {', '.join(known)}"
    raise BeaverError(f"face_model={name} does not exist; {hint}.")
