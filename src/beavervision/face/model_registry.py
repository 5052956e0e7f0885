"""Registry of face models: the built-in one, those with user-supplied files, and those of other packages."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache, partial
from importlib.metadata import entry_points
from pathlib import Path

from beavervision.errors import FaceModelError
from beavervision.face import bfm, gnm, ict
from beavervision.face.gpmm import load_gpmm
from beavervision.face.morphable_model import FaceModel

GROUP = "beavervision.face_models"
"""Entry point group of other packages: name of a face model -> function that loads it."""


@dataclass(frozen=True)
class Provider:
    """A face model whose files are in a folder of the user's."""

    load: Callable[[Path], FaceModel]
    missing: Callable[[Path], list[str]]
    permission: str
    """Where to request the files."""


OWN_FILES = {
    "bfm": Provider(bfm.load_bfm, bfm.missing_bfm, bfm.PERMISSION),
    "ict": Provider(ict.load_ict, ict.missing_ict, ict.PERMISSION),
    "gnm": Provider(gnm.load_gnm, gnm.missing_gnm, gnm.PERMISSION),
}
"""Name of each face model with user-supplied files -> its provider."""


def folder_variable(name: str) -> str:
    """Environment variable of a model's folder; worker processes and later commands read it."""
    return f"BEAVERVISION_{name.upper()}"


def remember_folder(name: str, folder: Path) -> None:
    """Set a face model's folder for this process and its child processes."""
    os.environ[folder_variable(name)] = str(Path(folder).absolute())


def load_face_model(name: str = "gpmm") -> FaceModel:
    """Load a morphable face model.

    Args:
        name: `gpmm`, the built-in one; `bfm`, `ict` or `gnm`, whose folder was set by `remember_folder` or by the
            environment (BEAVERVISION_BFM, BEAVERVISION_ICT, BEAVERVISION_GNM); or the name of another package's model.

    Raises:
        FaceModelError: when the name is unknown, or the model's files are missing.
    """
    if name in PROVIDERS:
        return PROVIDERS[name]()
    outside = {entry.name: entry for entry in entry_points(group=GROUP)}
    if name in outside:
        return outside[name].load()()
    known = [*PROVIDERS, *outside]
    near = get_close_matches(name, known, 1)
    hint = f"did you mean {near[0]}" if near else f"choose one of {', '.join(known)}"
    raise FaceModelError(f"face_model={name} does not exist; {hint}.")


def _folder(name: str) -> Path:
    """Folder that contains all files of a model."""
    provider, variable = OWN_FILES[name], folder_variable(name)
    given = os.environ.get(variable)
    if not given:
        raise FaceModelError(
            f"face_model={name} (also that of a clip or bundle made with it) needs files that are not ours to ship; "
            f"{provider.permission}, then add face_model={name} face_model.folder=<its folder> or set {variable}."
        )
    folder = Path(given)
    lacking = provider.missing(folder)
    if lacking:
        raise FaceModelError(f"{folder} lacks {', '.join(lacking[:3])} of face model {name}; {provider.permission}.")
    return folder


def _own(name: str) -> FaceModel:
    return _load(name, _folder(name))


@cache
def _load(name: str, folder: Path) -> FaceModel:
    return OWN_FILES[name].load(folder)


PROVIDERS: dict[str, Callable[[], FaceModel]] = {"gpmm": load_gpmm, **{n: partial(_own, n) for n in OWN_FILES}}
"""Name of each face model -> function that loads it."""
