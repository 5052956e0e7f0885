"""Motion for other programs: every file is read back, glTF and BVH by parsers that are not ours."""

from __future__ import annotations

import csv
import io
import json

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

import beavervision as bv
from beavervision.artifacts.motion import Motion
from beavervision.export.animation import FaceAnimation
from beavervision.face.arkit_names import ARKIT_NAMES
from beavervision.face.gpmm import load_gpmm

FRAMES = 30
YAW, PITCH, ROLL = np.linspace(-40, 40, FRAMES), np.linspace(10, -5, FRAMES), np.linspace(0, 20, FRAMES)
JAW = np.linspace(0, 0.8, FRAMES)


@pytest.fixture(scope="module")
def animation():
    """A jaw that opens while the head turns from one side to the other and comes 3 cm nearer."""
    turn = Rotation.from_euler("YXZ", np.column_stack([YAW, PITCH, ROLL]), degrees=True).as_matrix()
    flip = np.diag([1.0, -1.0, -1.0])  # head space to the camera of a frontal face
    motion = Motion(
        JAW[:, None] * load_gpmm().semantic["jaw_open"],
        25.0,
        rotation=flip @ turn,
        translation=np.column_stack([np.zeros(FRAMES), np.full(FRAMES, 2.0), np.linspace(60, 57, FRAMES)]),
    )
    return FaceAnimation.of_motion(motion, np.r_[np.zeros(FRAMES - 1), 1.0])


def saved(animation, tmp_path, name):
    return animation.save(tmp_path / name)


def test_curves_as_csv_and_json_hold_the_known_motion(animation, tmp_path):
    rows = list(csv.DictReader(saved(animation, tmp_path, "a.csv").open(encoding="utf-8")))
    assert list(rows[0]) == ["time", *ARKIT_NAMES]
    np.testing.assert_allclose([float(row["jawOpen"]) for row in rows], JAW, atol=0.01)
    np.testing.assert_allclose([float(row["time"]) for row in rows], np.arange(FRAMES) / 25)
    assert [rows[i]["eyeBlinkLeft"] for i in (0, -1)] == ["0.00000", "1.00000"]
    read = json.loads(saved(animation, tmp_path, "a.json").read_text())
    assert (read["fps"], read["face_model"], len(read["names"])) == (25.0, "gpmm", 52)
    np.testing.assert_allclose(read["weights"], animation.weights, atol=1e-5)
    assert "tongueOut" in read["absent"]
    assert read["unexplained"] < 0.01


def test_poses_turn_and_move_as_the_head_does(animation, tmp_path):
    rows = list(csv.DictReader(saved(animation, tmp_path, "a.pose.csv").open(encoding="utf-8")))
    found = np.array([[float(row[name]) for name in ("yaw_deg", "pitch_deg", "roll_deg", "z_cm")] for row in rows])
    np.testing.assert_allclose(found, np.column_stack([YAW, PITCH, ROLL, np.linspace(0, 3, FRAMES)]), atol=1e-4)
    quaternions = np.array([[float(row[name]) for name in ("qx", "qy", "qz", "qw")] for row in rows])
    np.testing.assert_allclose(Rotation.from_quat(quaternions).as_matrix(), animation.rotation, atol=1e-5)


def test_bvh_is_read_by_another_parser(animation, tmp_path):
    text = saved(animation, tmp_path, "a.bvh").read_text()
    head, motion = text.split("MOTION\n")
    assert head.split()[:3] == ["HIERARCHY", "ROOT", "Head"]
    assert motion.startswith(f"Frames: {FRAMES}\nFrame Time: 0.04")
    table = np.loadtxt(io.StringIO(motion), skiprows=2)
    np.testing.assert_allclose(table[:, 3:], np.column_stack([YAW, PITCH, ROLL]), atol=1e-4)
    bvhio = pytest.importorskip("bvhio", reason="pip install 'beavervision[dev]'")
    head = bvhio.readAsHierarchy(str(tmp_path / "a.bvh"))
    for frame in (0, 9, FRAMES - 1):
        head.loadPose(frame)
        scalar, *vector = head.RotationWorld
        turn = Rotation.from_quat([*vector, scalar])
        np.testing.assert_allclose(turn.as_matrix(), animation.rotation[frame], atol=1e-4)
        np.testing.assert_allclose(list(head.PositionWorld), animation.translation[frame], atol=1e-4)


def test_gltf_is_read_by_another_parser_and_moves_the_mesh(animation, tmp_path):
    gltf = pytest.importorskip("pygltflib", reason="pip install 'beavervision[dev]'").GLTF2
    path = saved(animation, tmp_path, "a.glb")
    read = gltf().load(str(path))
    blob = read.binary_blob()

    def values(number):
        accessor = read.accessors[number]
        width = {"SCALAR": 1, "VEC3": 3, "VEC4": 4}[accessor.type]
        if accessor.bufferView is None:
            return np.zeros((accessor.count, width))
        start = read.bufferViews[accessor.bufferView].byteOffset
        kind = {5126: "<f4", 5123: "<u2"}[accessor.componentType]
        return np.frombuffer(blob, kind, accessor.count * width, start).reshape(-1, width)

    mesh, clip = read.meshes[0], read.animations[0]
    assert mesh.extras["targetNames"] == list(ARKIT_NAMES)
    curves = {channel.target.path: values(clip.samplers[channel.sampler].output) for channel in clip.channels}
    np.testing.assert_allclose(values(clip.samplers[0].input).ravel(), np.arange(FRAMES) / 25, atol=1e-6)
    weights = curves["weights"].reshape(FRAMES, 52)
    np.testing.assert_allclose(weights, animation.weights, atol=1e-6)
    np.testing.assert_allclose(Rotation.from_quat(curves["rotation"]).as_matrix(), animation.rotation, atol=1e-5)
    np.testing.assert_allclose(curves["translation"][-1], [0, 0, 0.03], atol=1e-6)  # metres
    primitive = mesh.primitives[0]
    points = values(primitive.attributes.POSITION)
    targets = np.stack([values(target["POSITION"]) for target in primitive.targets])
    model = load_gpmm()
    shut = (model.mean + JAW[-2] * np.tensordot(model.semantic["jaw_open"], model.exp_basis, 1)) / 100
    moved = points + np.tensordot(weights[-2], targets, 1)
    assert np.abs(moved - shut).max() < 2e-4
    np.testing.assert_array_equal(values(primitive.indices).ravel(), model.triangles.ravel())


def test_a_speech_alone_is_enough(root, tmp_path):
    speech = root / "src/beavervision/synthetic/data/speech.flac"
    found = bv.animate(speech, blink=0)
    assert (found.n_frames, found.fps, found.basis) == (210, 25.0, "gpmm")
    assert found.unexplained < 0.1
    jaw = found.weights[:, ARKIT_NAMES.index("jawOpen")]
    assert jaw.max() > 0.3
    np.testing.assert_array_equal(found.rotation[0], np.eye(3))
    blinks = bv.animate(speech, blink=20).weights[:, ARKIT_NAMES.index("eyeBlinkLeft")]
    assert blinks.max() > 0.9 > found.weights[:, ARKIT_NAMES.index("eyeBlinkLeft")].max()
    with pytest.raises(bv.ConfigError, match=r"a\.usd has none of the endings"):
        found.save(tmp_path / "a.usd")


def test_a_trained_person_gives_the_poses_of_the_footage(live_runs, root, tmp_path):
    found = bv.Avatar.load(live_runs / "mini").animate(root / "src/beavervision/synthetic/data/speech.flac")
    assert found.n_frames == 210
    assert np.isfinite(found.rotation).all()
    # The miniature actor looks about straight ahead, and is never still.
    angles = Rotation.from_matrix(found.rotation).magnitude()
    assert angles.max() < 0.6
    assert np.ptp(found.translation, 0).max() > 0.01
    np.testing.assert_allclose(found.translation[0], 0, atol=1e-9)
