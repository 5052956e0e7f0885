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


def write_ict(folder, named=None):
    """FaceXModel with two identity modes and a few expressions, and vertices of teeth behind those of the head.

    `named` gives the built-in shapes other names: built-in name -> name of the file.
    """
    inside = folder / "FaceXModel"
    inside.mkdir(parents=True, exist_ok=True)
    model = load_gpmm()
    mean, identity, expression, triangles, keys = foreign(1.0)
    named = {name: name for name in ICT_SHAPES} if named is None else named
    shapes = {name: np.tensordot(model.semantic[own], expression, 1) for own, name in named.items()}

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


GNM_TEETH = 20


def write_gnm(folder, shuffle_jaw=True, **changes):
    """gnm_head.npz in metres and head_sparse_68.txt as published: landmarks inside triangles, a jaw in another order.

    Teeth stand before the skin, as no order of the parts is promised. `changes` replaces arrays; None leaves one out.
    """
    folder.mkdir(parents=True, exist_ok=True)
    model = load_gpmm()
    axes = 0.01  # GNM's axes are those of head space, its unit is the metre

    def behind_teeth(whole):
        teeth = np.zeros((*whole.shape[:-2], GNM_TEETH, 3))
        return np.concatenate([teeth, whole * axes], -2).astype(np.float32)

    mean, count = behind_teeth(model.mean + np.array([0, 160, 5])), GNM_TEETH + 468
    identity, expression = behind_teeth(model.id_basis[:3]), behind_teeth(model.exp_basis)
    groups = np.zeros((2, count), np.float32)
    groups[0, GNM_TEETH:], groups[1, :GNM_TEETH] = 1, 1
    values = {
        "version": "3.0",
        "variant": "head",
        "template_vertex_positions": mean,
        "template_joint_positions": np.zeros((4, 3)),
        "vertex_identity_basis": identity,
        "joint_identity_basis": np.zeros((3, 4, 3)),
        "expression_basis": expression,
        "identity_names": [f"head_{i:03d}" for i in range(3)],
        "joint_names": ["neck", "head", "left_eye", "right_eye"],
        "expression_names": [f"lower_face_region_{i:03d}" for i in range(64)],
        "joint_parent_indices": np.array([0, 0, 1, 1]),
        "skinning_weights": np.zeros((4, count)),
        "triangles": model.triangles + GNM_TEETH,
        "vertex_groups": groups,
        "vertex_group_names": ["skin", "upper_teeth_and_gums"],
        **changes,
    }
    np.savez(folder / "gnm_head.npz", **{name: value for name, value in values.items() if value is not None})
    order = np.r_[0, 1, 6, 5, 4, 3, 2, 7:68] if shuffle_jaw else np.arange(68)
    rows = []
    for key in model.landmarks68[order]:
        triangle = next(corners for corners in model.triangles if key in corners)
        rows.append([value for corner in triangle for value in (corner + GNM_TEETH, 0.98 if corner == key else 0.01)])
    np.savetxt(folder / "head_sparse_68.txt", rows, fmt="%g")
    return folder
