"""ICT-FaceKit's light model, from the user's copy of its repository (MIT licence; Li et al., CVPR 2020).

The FaceXModel folder holds a neutral mesh, one OBJ for each identity mode and each expression, and
vertex_indices.json with the expressions' names and the 68 landmarks.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
from jaxtyping import Float, Int

from beavervision.errors import FaceModelError
from beavervision.face.arkit_names import ARKIT_NAMES
from beavervision.face.correspondence import mesh_landmarks, named_shapes
from beavervision.face.head_frame import into_head_space
from beavervision.face.landmarks import N_MESH
from beavervision.face.morphable_model import FaceModel

NEUTRAL, INDICES, INSIDE = "generic_neutral_mesh.obj", "vertex_indices.json", "FaceXModel"
N_IDENTITY = 80
N_FACE, N_HEAD = 9409, 11248
"""Numbers of vertices: those of the face come first, then head and neck; mouth, teeth and eyeballs follow and are
omitted."""
ACTIVATION = 0.3
"""Standard deviation of an expression's activation (0 .. 1), so that a coefficient of 1 is a typical activation."""
PERMISSION = "get ICT-FaceKit from github.com/ICT-VGL/ICT-FaceKit (MIT licence)"


def model_folder(folder: Path) -> Path:
    """The FaceXModel folder, given that folder or its parent."""
    return folder / INSIDE if (folder / INSIDE).is_dir() else folder


def missing_ict(folder: Path) -> list[str]:
    """Files that are missing in `folder`; empty when the model can be read."""
    folder = model_folder(folder)
    lacking = [name for name in (NEUTRAL, INDICES, "identity000.obj") if not (folder / name).is_file()]
    if lacking:
        return lacking
    return [f"{name}.obj" for name in _indices(folder)["expressions"] if not (folder / f"{name}.obj").is_file()]


def load_ict(folder: Path) -> FaceModel:
    """Read ICT's face model: up to 80 identity coefficients, and one for each of its 53 expressions.

    Raises:
        FaceModelError: when a file is damaged.
    """
    folder = model_folder(folder)
    indices = _indices(folder)
    identities = sorted(folder.glob("identity[0-9][0-9][0-9].obj"))[:N_IDENTITY]
    neutral = _vertices(folder / NEUTRAL)
    modes = np.stack([_vertices(path, len(neutral)) - neutral for path in identities])
    shapes = [_vertices(folder / f"{name}.obj", len(neutral)) - neutral for name in indices["expressions"]]
    keys = np.array(indices["idx_to_landmark_verts"], np.int64)
    mean, id_basis, exp_basis = into_head_space(neutral, modes, ACTIVATION * np.stack(shapes), keys, folder / NEUTRAL)
    mesh = mesh_landmarks(mean, exp_basis, keys, N_FACE)
    names = named_shapes(exp_basis, mesh, np.arange(N_MESH))
    triangles, arkit = _triangles(folder / NEUTRAL, len(mean)), _arkit(indices["expressions"])
    return FaceModel("ict", mean, id_basis, exp_basis, triangles, mesh, keys, names, arkit)


def _arkit(expressions: Sequence[str]) -> dict[str, Float[np.ndarray, "E"]]:
    """Coefficients of ARKit's shapes: ICT names them with _L and _R, and halves browInnerUp and cheekPuff."""
    found: dict[str, np.ndarray] = {}
    for i, name in enumerate(expressions):
        stem, _, side = name.partition("_")
        word = {"L": "Left", "R": "Right"}.get(side, "")
        target = next((one for one in (stem, stem + word) if one in ARKIT_NAMES), None)
        if target is not None:
            found.setdefault(target, np.zeros(len(expressions)))[i] = 1 / ACTIVATION
    return found


def _indices(folder: Path) -> dict[str, list]:
    try:
        found = json.loads((folder / INDICES).read_text(encoding="utf-8"))
        keys = found["idx_to_landmark_verts"]
        if len(keys) != 68 or not found["expressions"]:
            raise FaceModelError(f"{folder / INDICES} does not name 68 landmarks and the expressions; copy it anew.")
    except (OSError, ValueError, KeyError) as error:
        raise FaceModelError(f"{folder / INDICES} cannot be read ({error}); copy it anew.") from None
    return found


def _vertices(path: Path, count: int | None = None) -> Float[np.ndarray, "V 3"]:
    """Read the vertices of face, head and neck from an OBJ file."""
    rows = []
    try:
        with path.open(encoding="utf-8") as file:
            for line in file:
                if line.startswith("v "):
                    rows.append(line.split()[1:4])
                    if len(rows) == N_HEAD:
                        break
        found = np.array(rows, np.float64).reshape(-1, 3)
    except (OSError, ValueError) as error:
        raise FaceModelError(f"{path} cannot be read ({error}); copy it anew.") from None
    if count is not None and len(found) != count:
        raise FaceModelError(f"{path} has {len(found)} vertices of the head, {NEUTRAL} has {count}; copy it anew.")
    return found


def _triangles(path: Path, count: int) -> Int[np.ndarray, "F 3"]:
    """Read the polygons between the kept vertices as triangles."""
    found = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("f "):
            corners = [int(word.split("/")[0]) - 1 for word in line.split()[1:]]
            if max(corners) < count:
                found += [(corners[0], b, c) for b, c in pairwise(corners[1:])]
    return np.array(found, np.int64).reshape(-1, 3)
