import numpy as np
import pytest
import torch

from beavervision.face.landmarks import LIP_MID_LOWER, LIP_MID_UPPER
from beavervision.face.model_registry import load_face_model
from beavervision.stages.face_geometry import (
    LIP_PAIRS,
    LIP_POINTS,
    FaceGeometry,
    landmark_weights,
    lip_distance,
    lip_width,
)


@pytest.fixture(scope="module")
def face():
    return load_face_model()


@pytest.fixture(scope="module")
def geometry(face):
    return FaceGeometry(face)


def test_quadratic_form_is_the_weighted_landmark_error(face, geometry):
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((2, 5, 64))
    identity = np.zeros(80)
    x, y = (10 * face.vertices(identity, e)[:, face.landmarks468] for e in (a, b))
    expected = (landmark_weights()[:, None] * (x - y) ** 2).mean((1, 2))
    np.testing.assert_allclose(geometry.landmark_error(torch.from_numpy(a - b).float()), expected, rtol=1e-4)


def test_weights_of_the_table():
    weights = landmark_weights()
    # chin 152 is outline; 159 middle of an upper lid; 33 corner of an eye; 13 inner lip; 1 nose tip
    assert [weights[i] for i in (152, 159, 33, 13, 1)] == [0, 20, 3, 5, 1]


def test_gap_is_the_distance_of_the_inner_lips(face, geometry):
    expression = 0.5 * face.semantic["jaw_open"] + 0.2 * face.semantic["mouth_stretch"]
    mesh = face.vertices(np.zeros(80), expression)[face.landmarks468]
    lips = geometry.lips(torch.from_numpy(expression).float())
    np.testing.assert_allclose(lips, 10 * mesh[LIP_POINTS], atol=1e-3)
    expected = 10 * np.linalg.norm(mesh[LIP_MID_UPPER] - mesh[LIP_MID_LOWER])
    assert float(geometry.gap(lips)) == pytest.approx(expected, rel=1e-4)


def test_lip_gap_error_by_hand(face, geometry):
    error = 0.3 * face.semantic["jaw_open"]
    shift = 10 * np.tensordot(error, face.exp_basis, 1)[face.landmarks468]
    gaps = np.array([shift[u] - shift[v] for u, v in LIP_PAIRS])
    found = geometry.lip_gap_error(torch.from_numpy(error).float())
    assert float(found) == pytest.approx((gaps**2).sum(1).mean(), rel=1e-4)
    assert float(geometry.lip_gap_error(torch.from_numpy(face.semantic["blink_left"]).float())) < 1e-6


def test_width_is_the_distance_of_the_corners(face):
    expression = np.random.default_rng(1).standard_normal((3, 64))
    points = face.vertices(np.zeros(80), expression)[:, face.landmarks468]
    np.testing.assert_allclose(lip_width(face, expression), np.linalg.norm(points[:, 61] - points[:, 291], axis=-1))
    shape = face.semantic["jaw_open"]
    assert lip_distance(face, shape) - lip_distance(face, 0 * shape) > abs(
        lip_width(face, shape) - lip_width(face, 0 * shape)
    )
