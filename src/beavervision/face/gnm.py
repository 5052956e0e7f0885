"""Google's GNM Head v3 (Apache-2.0), from the user's copy of its files: head, eyeballs, teeth and tongue.

Two files are read as they are published: gnm_head.npz with the model's arrays, and head_sparse_68.txt with its 68
landmarks. docs/reference/face_models.md says where their format was read.
"""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float, Int

from beavervision.errors import FaceModelError
from beavervision.face.correspondence import mesh_landmarks, named_shapes
from beavervision.face.head_frame import into_head_space
from beavervision.face.landmarks import N_MESH
from beavervision.face.morphable_model import FaceModel

MODEL, LANDMARKS = "gnm_head.npz", "head_sparse_68.txt"
INSIDE = {
    MODEL: ("", "v3_0", "data/versions/v3_0", "gnm/shape/data/versions/v3_0"),
    LANDMARKS: ("", "data/landmarks", "gnm/shape/data/landmarks"),
}
"""Folders in which either file may be, from the user's folder: itself, the weights' folder, gnm/shape, a checkout."""
ARRAYS = (
    "version",
    "variant",
    "template_vertex_positions",
    "vertex_identity_basis",
    "expression_basis",
    "triangles",
    "vertex_groups",
    "vertex_group_names",
)
"""Arrays that are used; those of the skeleton are not: the pose of the head is fitted, and eyes do not turn."""
SKIN = ("skin", "skin_exterior")
"""Vertex groups that hold the skin; the first one that the file has is taken."""
N_JAW = 17
MAX_BYTES = 4 << 30
"""Largest size of the unpacked arrays; those of version 3.0 have 150 MB."""
PERMISSION = "get GNM Head v3 from github.com/google/GNM (Apache-2.0): gnm_head.npz and head_sparse_68.txt"


def missing_gnm(folder: Path) -> list[str]:
    """Files that are missing in `folder`; empty when the model can be read."""
    return [name for name in INSIDE if _find(folder, name) is None]


def load_gnm(folder: Path) -> FaceModel:
    """Read GNM Head: 253 identity and 383 expression coefficients in version 3.0.

    Its 68 landmarks lie inside triangles; each becomes a vertex of its own behind those of the mesh.

    Raises:
        FaceModelError: when a file is damaged, or of another version.
    """
    source, marks = (_find(folder, name) or folder / name for name in INSIDE)
    arrays = _arrays(source)
    corners, weights = _landmarks(marks, len(arrays["template_vertex_positions"]))
    is_skin = _skin(arrays, source)
    # Skin first: the mesh landmarks are looked for there, not on teeth and eyeballs.
    order = np.argsort(~is_skin, kind="stable")
    place = np.argsort(order)
    keys = len(order) + np.arange(len(corners))
    mean, id_basis, exp_basis = (
        np.concatenate([whole[..., order, :], (whole[..., corners, :] * weights[..., None]).sum(-2)], -2)
        for whole in (
            arrays["template_vertex_positions"].astype(float),
            arrays["vertex_identity_basis"],
            arrays["expression_basis"],
        )
    )
    keys = keys[_from_right_to_left(mean[keys])]
    mean, id_basis, exp_basis = into_head_space(mean, id_basis, exp_basis, keys, source)
    mesh = mesh_landmarks(mean, exp_basis, keys, int(is_skin.sum()))
    shapes = named_shapes(exp_basis, mesh, np.arange(N_MESH))
    return FaceModel("gnm", mean, id_basis, exp_basis, place[arrays["triangles"]], mesh, keys, shapes)


def _find(folder: Path, name: str) -> Path | None:
    found = [folder / inside / name for inside in INSIDE[name]]
    return next((path for path in found if path.is_file()), None)


def _arrays(path: Path) -> dict[str, np.ndarray]:
    """The arrays of gnm_head.npz, with the shapes that its loader documents."""
    try:
        with zipfile.ZipFile(path) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > MAX_BYTES:
                raise FaceModelError(f"{path} unpacks to more than {MAX_BYTES >> 30} GB; copy it anew.")
        with np.load(path, allow_pickle=False) as file:
            found = {name: file[name] for name in ARRAYS}
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise FaceModelError(f"{path} cannot be read ({error}); copy it anew.") from None
    version, variant = str(found["version"]), str(found["variant"])
    if version.partition(".")[0] != "3" or variant != "head":
        raise FaceModelError(f"{path} is GNM {variant} {version}; take version 3 of the head.")
    count = len(found["template_vertex_positions"])
    shapes = {
        "template_vertex_positions": (count, 3),
        "vertex_identity_basis": (len(found["vertex_identity_basis"]), count, 3),
        "expression_basis": (len(found["expression_basis"]), count, 3),
        "triangles": (len(found["triangles"]), 3),
        "vertex_groups": (len(found["vertex_group_names"]), count),
    }
    for name, shape in shapes.items():
        if found[name].shape != shape:
            raise FaceModelError(f"{path}: {name} is {found[name].shape} and should be {shape}; copy it anew.")
    found["triangles"] = found["triangles"].astype(np.int64)
    if not (found["triangles"].min(initial=0) >= 0 and found["triangles"].max(initial=0) < count):
        raise FaceModelError(f"{path}: triangles name vertices beyond the {count} of the mesh; copy it anew.")
    return found


def _landmarks(path: Path, count: int) -> tuple[Int[np.ndarray, "68 3"], Float[np.ndarray, "68 3"]]:
    """Triangle and weights of each landmark: 68 lines of three vertices, each followed by its weight."""
    try:
        rows = np.loadtxt(path, ndmin=2)
    except (OSError, ValueError) as error:
        raise FaceModelError(f"{path} cannot be read ({error}); copy it anew.") from None
    if rows.shape != (68, 6) or not (rows[:, ::2].min() >= 0 and rows[:, ::2].max() < count):
        raise FaceModelError(f"{path} does not place 68 landmarks on the {count} vertices of {MODEL}; copy it anew.")
    return rows[:, ::2].astype(np.int64), rows[:, 1::2]


def _skin(arrays: Mapping[str, np.ndarray], source: Path) -> Bool[np.ndarray, "V"]:
    """Which vertices are skin."""
    names = [str(name) for name in arrays["vertex_group_names"]]
    group = next((name for name in SKIN if name in names), None)
    if group is None:
        raise FaceModelError(f"{source} has no vertex group {SKIN[0]}; copy it anew.")
    return arrays["vertex_groups"][names.index(group)] > 0.5


def _from_right_to_left(points: Float[np.ndarray, "68 3"]) -> Int[np.ndarray, 68]:
    """Order in which the jaw runs from the subject's right ear over the chin to the left one, as in iBUG's scheme.

    The published file has some points of the jaw in another order. Axes are GNM's: x to the subject's left, y up.
    """
    jaw = points[:N_JAW] - points[27:48].mean(0)
    angle = np.arctan2(jaw[:, 0], -jaw[:, 1])
    return np.r_[np.argsort(angle, kind="stable"), N_JAW : len(points)]
