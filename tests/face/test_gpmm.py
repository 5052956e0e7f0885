import numpy as np
import pytest

from beavervision.face import landmarks as lm
from beavervision.face.gpmm import DATA, EYEBALL_CENTRES, EYEBALL_RADIUS, load_gpmm
from beavervision.face.morphable_model import CONDITION_SCALE

FLIP = np.array([-1.0, 1.0, 1.0])
MESH_MIRROR = lm.MIRROR[: lm.N_MESH]
NAMES = {
    *("jaw_open", "lips_press", "lips_pucker", "lips_funnel", "mouth_stretch", "corners_up", "corners_down"),
    *("upper_lip_raise", "lower_lip_drop", "cheek_puff", "brow_up_inner", "brow_up_outer", "brow_down"),
    *("blink_left", "blink_right", "wide_left", "wide_right"),
}


@pytest.fixture(scope="module")
def model():
    return load_gpmm()


def shape(model, name, amount=1.0):
    return model.vertices(np.zeros(80), amount * model.semantic[name])


def lip_gap(vertices):
    return np.linalg.norm(vertices[lm.LIP_MID_UPPER] - vertices[lm.LIP_MID_LOWER])


def lid_gap(vertices, side):
    return np.linalg.norm(vertices[lm.LID_MID_UPPER[side]] - vertices[lm.LID_MID_LOWER[side]])


def test_sizes(model):
    assert model.mean.shape == (468, 3)
    assert model.id_basis.shape == (80, 468, 3)
    assert model.exp_basis.shape == (64, 468, 3)
    assert DATA.stat().st_size <= 1_000_000


def test_mean_face_is_symmetric_and_faces_z(model):
    np.testing.assert_allclose(model.mean[MESH_MIRROR] * FLIP, model.mean, atol=1e-6)
    corner = model.mean[lm.SKIN_TRIANGLES]
    normal = np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0])
    assert normal[:, 2].sum() > 0
    assert model.mean[4, 2] == model.mean[:, 2].max()  # the tip of the nose
    assert model.mean[33, 0] < 0 < model.mean[263, 0]


def test_mean_face_has_the_measures_of_a_face(model):
    mean = model.mean
    # Adult averages (Farkas 1994): mouth 4.7 to 5.5 cm wide, palpebral fissure 2.6 to 3.2 cm, face 12.5 to 14.5 cm.
    assert 4.7 < np.linalg.norm(mean[61] - mean[291]) < 5.5
    assert 2.6 < np.linalg.norm(mean[33] - mean[133]) < 3.2
    assert 12.5 < mean[:, 0].max() - mean[:, 0].min() < 14.5
    assert lip_gap(mean) < 1e-4


def test_lids_lie_on_the_eyeballs_and_stay_off_them_when_they_shut(model):
    for amount in np.linspace(0, 1, 5):
        vertices = shape(model, "blink_right", amount)
        middle = np.concatenate([lm.UPPER_LIDS[0, 1:7], lm.LOWER_LIDS[0, 1:6]])
        distance = np.linalg.norm(vertices[middle] - EYEBALL_CENTRES[0], axis=1)
        assert (distance > EYEBALL_RADIUS).all()
        assert (distance < EYEBALL_RADIUS + 0.16).all()


def test_every_named_shape_is_there(model):
    assert set(model.semantic) >= NAMES
    assert all(c.shape == (64,) for c in model.semantic.values())


def test_expression_basis_is_orthogonal(model):
    flat = model.exp_basis.reshape(64, -1)
    gram = flat @ flat.T
    size = np.sqrt(np.diag(gram))
    np.testing.assert_allclose(gram / size / size[:, None], np.eye(64), atol=1e-5)


def test_identity_carries_no_shift_turn_or_scale(model):
    points = model.mean
    moves = [np.tile(a, (468, 1)) for a in np.eye(3)] + [np.cross(a, points) for a in np.eye(3)] + [points]
    for move in moves:
        along = np.tensordot(model.id_basis, move / np.linalg.norm(move), 2)
        assert np.abs(along).max() < 1e-5
    deviation = np.sqrt((model.id_basis**2).sum((0, 2)))
    assert 0.2 < deviation.mean() < 0.7


def test_jaw_opens_the_mouth_and_nothing_above_the_nose(model):
    opened = shape(model, "jaw_open")
    assert 2.0 < lip_gap(opened) < 3.2
    above = model.mean[:, 1] > -2.0
    assert np.abs(opened - model.mean)[above].max() < 0.02
    # The chin goes down and back: it turns about a hinge behind it.
    assert opened[152, 1] < model.mean[152, 1] - 1.5
    assert opened[152, 2] < model.mean[152, 2] - 1.0


@pytest.mark.parametrize(("name", "side"), [("blink_right", 0), ("blink_left", 1)])
def test_blink_shuts_one_eye_only(model, name, side):
    shut = shape(model, name)
    assert lid_gap(shut, side) < 1e-3
    assert lid_gap(shut, 1 - side) == pytest.approx(lid_gap(model.mean, 1 - side), abs=1e-4)


def test_wide_opens_the_eye(model):
    assert lid_gap(shape(model, "wide_left"), 1) > lid_gap(model.mean, 1) + 0.2


def test_left_and_right_shapes_mirror_each_other(model):
    for name in ("blink", "wide", "squint"):
        left, right = shape(model, f"{name}_left"), shape(model, f"{name}_right")
        np.testing.assert_allclose(left[MESH_MIRROR] * FLIP, right, atol=1e-4)


def test_lips_do_what_their_names_say(model):
    width = np.linalg.norm(model.mean[61] - model.mean[291])

    def mouth_width(name):
        vertices = shape(model, name)
        return np.linalg.norm(vertices[61] - vertices[291])

    assert mouth_width("lips_pucker") < 0.75 * width
    assert mouth_width("mouth_stretch") > 1.2 * width
    assert lip_gap(shape(model, "lips_funnel")) > 0.8
    assert lip_gap(shape(model, "lips_press")) < 0.02
    assert shape(model, "corners_up")[61, 1] > model.mean[61, 1] + 0.4
    assert shape(model, "corners_down")[61, 1] < model.mean[61, 1] - 0.4
    assert shape(model, "upper_lip_raise")[13, 1] > model.mean[13, 1] + 0.3
    assert shape(model, "lower_lip_drop")[14, 1] < model.mean[14, 1] - 0.4
    # Pressed lips show less red.
    red = np.linalg.norm(model.mean[0] - model.mean[13])
    pressed = shape(model, "lips_press")
    assert np.linalg.norm(pressed[0] - pressed[13]) < 0.8 * red


def test_condition_is_ten_times_the_offset_of_the_68(model):
    expression = model.semantic["jaw_open"]
    condition = model.condition68(np.zeros(80), expression)
    expected = CONDITION_SCALE * (model.vertices(np.zeros(80), expression) - model.mean)[lm.IBUG68]
    np.testing.assert_allclose(condition, expected, atol=1e-9)
