import numpy as np
import pytest

from beavervision.face.gpmm import load_gpmm
from beavervision.face.landmarks import EYES, IRISES, LIPS_INNER, UPPER_LIDS
from beavervision.face.pose import rotation_from_euler
from beavervision.synthetic.actor import Actor, actor_identity
from beavervision.synthetic.annotation import hidden_landmarks
from beavervision.synthetic.eyes import gaze_rotation, iris_landmarks
from beavervision.synthetic.miniature import NEAR
from beavervision.synthetic.performance import Pose
from beavervision.types import Label

MODEL = load_gpmm()


@pytest.fixture(scope="module")
def actor():
    return Actor(actor_identity(), width=240, height=180, strands=1200, levels=1, texels_per_cm=16)


def pose(shapes=None, euler=(0.0, 0.0, 0.0), **more):
    expression = sum((w * MODEL.semantic[s] for s, w in (shapes or {}).items()), np.zeros(64))
    return Pose(expression, rotation_from_euler(np.radians(euler)), NEAR, body_translation=NEAR, **more)


def at(picture, pixels):
    column, row = np.floor(pixels).astype(int).T
    return picture[row, column].astype(float)


def test_landmarks_project_where_the_model_says(actor):
    turned = pose({"jaw_open": 0.5}, (20, -5, 3))
    points = MODEL.vertices(actor.identity, turned.expression) @ turned.rotation.T + turned.translation
    focal = 1.5 * 240
    expected = points[:, :2] / points[:, 2:] * focal + [120, 90]
    np.testing.assert_allclose(actor.pixels(turned)[:468], expected, atol=1e-9)


def test_the_mouth_opens_dark(actor):
    shut, wide = pose(), pose({"jaw_open": 0.8})
    middle = actor.pixels(wide)[LIPS_INNER].mean(axis=0, keepdims=True)
    assert at(actor.photograph(shut).rgb, middle).mean() > 2 * at(actor.photograph(wide).rgb, middle).mean()


def test_lids_cover_the_iris(actor):
    awake, blink = pose(), pose({"blink_left": 1.0, "blink_right": 1.0})
    pupils = actor.pixels(awake)[IRISES[:, 0]]
    assert at(actor.photograph(awake).rgb, pupils).mean() < 0.6 * at(actor.photograph(blink).rgb, pupils).mean()


def test_gaze_moves_the_iris_as_the_truth_says():
    centres = np.array([[-3.15, 0, 0], [3.15, 0, 0]])
    straight = iris_landmarks(centres, gaze_rotation(0, 0))
    left_up = iris_landmarks(centres, gaze_rotation(0.3, 0.2))
    moved = (left_up - straight)[[0, 5]]
    assert (moved[:, 0] > 0.2).all()  # to the subject's left
    assert (moved[:, 1] > 0.1).all()
    np.testing.assert_allclose(straight[[0, 5], :2], centres[:, :2], atol=1e-12)


def test_eyes_sit_behind_their_lids(actor):
    lids = actor.rest[EYES]
    distance = np.linalg.norm(lids - actor.eye_centres[:, None], axis=2)
    middle = [np.flatnonzero(EYES[0] == UPPER_LIDS[0, 4])[0]]
    assert (distance[:, middle] > 1.15).all()
    assert (distance < 2.3).all()


def test_a_hand_hides_landmarks(actor):
    raised = pose(hand_rotation=rotation_from_euler(np.zeros(3)), hand_translation=NEAR + np.array([0.0, 9.0, -10.0]))
    pictures = [actor.photograph(p) for p in (pose(), raised)]
    assert (pictures[0].labels == Label.HAND).sum() == 0
    assert (pictures[1].labels == Label.HAND).sum() > 300
    hidden = [hidden_landmarks(actor.pixels(pose()), picture.labels) for picture in pictures]
    assert hidden[0] == 0
    assert hidden[1] > 20


def test_breath_moves_the_jumper_and_not_the_head(actor):
    out, drawn = (actor.photograph(pose(breath=b)) for b in (0.0, 1.0))
    changed = (out.rgb.astype(int) - drawn.rgb).astype(bool).any(axis=2)
    torso = (out.labels == Label.TORSO) & (drawn.labels == Label.TORSO)
    assert changed[torso].mean() > 0.5
    face_rows = slice(0, int(actor.pixels(pose())[152, 1]) - 6)
    face = out.labels[face_rows] == Label.FACE
    assert changed[face_rows][face].mean() < 0.02


def test_same_pose_same_bytes(actor):
    turned = pose({"jaw_open": 0.3}, (-15, 4, 2))
    first = actor.photograph(turned).rgb
    actor.photograph(pose())
    np.testing.assert_array_equal(first, actor.photograph(turned).rgb)
