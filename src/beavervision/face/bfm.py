"""The Basel Face Model 2009 with the expressions of 3DFace, from the user's own files.

Two forms are read, as GeneFace++ and Deep3DFaceReconstruction keep them in one folder: BFM_model_front.mat, or its
source files (01_MorphableModel.mat, Exp_Pca.bin and four small files). None of them may be redistributed; the model is
free for research and available from the University of Basel on request.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float, Int

from beavervision.errors import FaceModelError
from beavervision.face.correspondence import mesh_landmarks, named_shapes
from beavervision.face.head_frame import into_head_space
from beavervision.face.landmarks import N_MESH
from beavervision.face.morphable_model import FaceModel

FRONT = "BFM_model_front.mat"
PARTS = (
    "01_MorphableModel.mat",
    "Exp_Pca.bin",
    "std_exp.txt",
    "BFM_exp_idx.mat",
    "BFM_front_idx.mat",
    "facemodel_info.mat",
)
"""Source files of BFM_model_front.mat."""
MESH_INDEX = "index_mp468_from_mesh35709.npy"
"""GeneFace++'s vertex of each mesh landmark (-1 = none); used if the file exists."""
N_IDENTITY, N_EXPRESSION = 80, 64
PERMISSION = "ask for it at faces.dmi.unibas.ch (Basel Face Model 2009)"


@dataclass(frozen=True)
class _Raw:
    """The model as stored in its files."""

    mean: Float[np.ndarray, "V 3"]
    id_basis: Float[np.ndarray, "I V 3"]
    exp_basis: Float[np.ndarray, "E V 3"]
    triangles: Int[np.ndarray, "F 3"]
    landmarks68: Int[np.ndarray, 68]


def missing_bfm(folder: Path) -> list[str]:
    """Files that are missing in `folder`; empty when the model can be read."""
    if (folder / FRONT).is_file():
        return []
    lacking = [name for name in PARTS if not (folder / name).is_file()]
    return [FRONT] if len(lacking) == len(PARTS) else lacking


def load_bfm(folder: Path) -> FaceModel:
    """Read the Basel Face Model: 80 identity and 64 expression coefficients.

    Raises:
        FaceModelError: when a file is damaged.
    """
    from scipy.io.matlab import MatReadError

    front = (folder / FRONT).is_file()
    source = folder / (FRONT if front else PARTS[0])
    try:
        raw = _front(source) if front else _parts(folder)
    except (MatReadError, KeyError, ValueError, TypeError, IndexError, OSError) as error:
        raise FaceModelError(f"{source} or a file beside it cannot be read ({error}); copy it anew.") from None
    mean, id_basis, exp_basis = into_head_space(raw.mean, raw.id_basis, raw.exp_basis, raw.landmarks68, source)
    mesh = _mesh(folder, mean, exp_basis, raw.landmarks68)
    shapes = named_shapes(exp_basis, mesh, np.arange(N_MESH))
    return FaceModel("bfm", mean, id_basis, exp_basis, raw.triangles, mesh, raw.landmarks68, shapes)


def _mesh(folder: Path, mean: np.ndarray, exp_basis: np.ndarray, landmarks68: np.ndarray) -> Int[np.ndarray, 468]:
    """Vertices of the mesh landmarks: those of the folder's index, and our own where it has none."""
    mesh = mesh_landmarks(mean, exp_basis, landmarks68, len(mean))
    if (folder / MESH_INDEX).is_file():
        named = np.load(folder / MESH_INDEX, allow_pickle=False).ravel()[:N_MESH].astype(int)
        mesh = np.where((named >= 0) & (named < len(mean)), named, mesh)
    return mesh


def _modes(columns: np.ndarray) -> np.ndarray:
    """[3V, K] columns as [K, V, 3] modes."""
    return np.ascontiguousarray(columns.T.reshape(columns.shape[1], -1, 3), np.float32)


def _front(path: Path) -> _Raw:
    from scipy.io import loadmat

    found = loadmat(path, variable_names=["meanshape", "idBase", "exBase", "tri", "keypoints"])
    return _Raw(
        found["meanshape"].reshape(-1, 3).astype(float),
        _modes(found["idBase"][:, :N_IDENTITY]),
        _modes(found["exBase"][:, :N_EXPRESSION]),
        found["tri"].astype(np.int64) - 1,
        found["keypoints"].ravel().astype(np.int64) - 1,
    )


def _parts(folder: Path) -> _Raw:
    """Build the front part of the face from the source files, as Deep3DFaceReconstruction does."""
    from scipy.io import loadmat

    shape = loadmat(folder / PARTS[0], variable_names=["shapeMU", "shapePC", "shapeEV"])
    expression = _expression_modes(folder / PARTS[1], folder / PARTS[2])
    info = loadmat(folder / PARTS[5], variable_names=["tri", "keypoints"])
    in_expression = loadmat(folder / PARTS[4])["idx"].ravel().astype(int) - 1
    in_shape = loadmat(folder / PARTS[3])["trimIndex"].ravel().astype(int)[in_expression] - 1
    modes = (shape["shapePC"] * shape["shapeEV"].ravel())[:, :N_IDENTITY]
    return _Raw(
        shape["shapeMU"].reshape(-1, 3)[in_shape].astype(float),
        _modes(modes)[:, in_shape],
        expression[:, in_expression],
        info["tri"].astype(np.int64) - 1,
        info["keypoints"].ravel().astype(np.int64) - 1,
    )


def _expression_modes(path: Path, deviations: Path) -> Float[np.ndarray, "E V 3"]:
    """Read Exp_Pca.bin: the number of modes (int32), the mean [3V], the modes [K, 3V], all float32."""
    values = np.fromfile(path, "<f4", offset=4)
    count = int(np.fromfile(path, "<i4", 1)[0])
    modes = values.reshape(1 + count, -1, 3)[1 : 1 + N_EXPRESSION]
    return modes * np.loadtxt(deviations).ravel()[: len(modes), None, None].astype(np.float32)
