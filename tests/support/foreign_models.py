"""Files in the formats of foreign face models, made from the built-in one: complete, small, and free to write."""

import json

import numpy as np
from scipy.io import savemat

from beavervision.face.gpmm import load_gpmm

TURN = np.array([[0.0, 0.0, 1.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
SHIFT = np.array([3.0, -2.0, 8.0])
ICT_SHAPES = ("jaw_open", "blink_left", "blink_right", "lips_pucker", "lips_funnel", "mouth_stretch", "corners_up")


def foreign(scale, vertices=None):
    """Mean and modes of the built-in model in other axes, another unit and another order of vertices."""
    model = load_gpmm()
    order = np.arange(468) if vertices is None else vertices
    mean = (model.mean @ TURN + SHIFT) * scale
    bases = [(basis @ TURN * scale)[:, order] for basis in (model.id_basis, model.exp_basis)]
    places = np.argsort(order)
    return mean[order], *bases, places[model.triangles], places[model.landmarks68]


def columns(basis):
    """[K, V, 3] modes as the [3V, K] columns of MATLAB files."""
    return basis.reshape(len(basis), -1).T


def write_front(folder, mean=None, permutation=None):
    """BFM_model_front.mat, decimetres."""
    folder.mkdir(parents=True, exist_ok=True)
    own, identity, expression, triangles, keys = foreign(0.1, permutation)
    values = {"meanshape": (own if mean is None else mean).reshape(1, -1), "tri": triangles + 1}
    values |= {"idBase": columns(identity), "exBase": columns(expression), "keypoints": keys[None] + 1}
    savemat(folder / "BFM_model_front.mat", values)
    return folder


def write_parts(folder):
    """01_MorphableModel.mat (micrometres), Exp_Pca.bin and what goes with them: more vertices than the front has."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    mean, identity, expression, triangles, keys = foreign(1e4)
    front = np.sort(rng.choice(500, 468, replace=False))  # of the expressions' 500
    trim = np.sort(rng.choice(530, 500, replace=False))  # of the shape's 530
    shape = np.zeros((530, 3))
    shape[trim[front]] = mean
    modes = np.zeros((199, 530, 3))
    modes[:80, trim[front]] = identity
    deviation = rng.uniform(0.5, 2.0, 199)
    savemat(
        folder / "01_MorphableModel.mat",
        {"shapeMU": shape.reshape(-1, 1), "shapePC": columns(modes) / deviation, "shapeEV": deviation[:, None]},
    )
    moves = np.zeros((79, 500, 3), "<f4")
    spread = rng.uniform(0.5, 2.0, 79)
    moves[:64, front] = expression / spread[:64, None, None]
    with (folder / "Exp_Pca.bin").open("wb") as file:
        np.array([79], "<i4").tofile(file)
        np.zeros(1500, "<f4").tofile(file)
        moves.tofile(file)
    np.savetxt(folder / "std_exp.txt", spread)
    savemat(folder / "BFM_exp_idx.mat", {"trimIndex": trim[:, None] + 1})
    savemat(folder / "BFM_front_idx.mat", {"idx": front[:, None] + 1})
    savemat(folder / "facemodel_info.mat", {"tri": triangles + 1, "keypoints": keys[None] + 1})
    return folder


def write_ict(folder):
    """FaceXModel with two identity modes and a few expressions, and vertices of teeth behind those of the head."""
    inside = folder / "FaceXModel"
    inside.mkdir(parents=True, exist_ok=True)
    model = load_gpmm()
    mean, identity, expression, triangles, keys = foreign(1.0)
    shapes = {name: np.tensordot(model.semantic[name], expression, 1) for name in ICT_SHAPES}

    def write(name, vertices):
        lines = ["mtllib a.mtl", *(f"v {x:.9f} {y:.9f} {z:.9f}" for x, y, z in vertices), "vt 0.1 0.2"]
        lines += [f"f {a}/1 {b}/1 {c}/1" for a, b, c in triangles + 1]
        (inside / f"{name}.obj").write_text("\n".join(lines) + "\n", encoding="utf-8")

    write("generic_neutral_mesh", mean)
    for i in range(2):
        write(f"identity{i:03d}", mean + identity[i])
    for name, move in shapes.items():
        write(name, mean + move)
    notes = {"expressions": list(shapes), "idx_to_landmark_verts": keys.tolist()}
    (inside / "vertex_indices.json").write_text(json.dumps(notes), encoding="utf-8")
    return folder
