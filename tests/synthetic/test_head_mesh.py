import numpy as np
import pytest

from beavervision.face.gpmm import load_gpmm
from beavervision.synthetic.head_mesh import SCALP, SKIN, build_head


@pytest.fixture(scope="module")
def model():
    return load_gpmm()


@pytest.fixture(scope="module")
def head(model):
    return build_head(model.mean, levels=1)


def test_passes_through_the_face_in_every_expression(model, head):
    rng = np.random.default_rng(0)
    for _ in range(3):
        face = model.vertices(np.zeros(80), rng.normal(size=64))
        np.testing.assert_allclose(head.vertices(face)[:468], face, atol=1e-4)


def test_is_linear_in_the_face(model, head):
    rest, other = model.mean, model.vertices(np.zeros(80), model.semantic["jaw_open"])
    half = head.vertices((rest + other) / 2)
    np.testing.assert_allclose(half, (head.vertices(rest) + head.vertices(other)) / 2, atol=1e-4)


def test_is_a_whole_head(model, head):
    fine = head.vertices(model.mean)
    size = np.ptp(fine, axis=0)
    # an adult head: about 15 cm wide, 21 to 25 high, 18 to 22 deep
    assert 13 < size[0] < 16
    assert 19 < size[1] < 25
    assert 18 < size[2] < 23
    assert set(np.unique(head.region)) >= {SKIN, SCALP}


def test_skin_and_scalp_face_outwards(model, head):
    fine = head.vertices(model.mean)
    outside = np.isin(head.region, (SKIN, SCALP))
    a, b, c = (fine[head.triangles[outside][:, k]] for k in range(3))
    normal = np.cross(b - a, c - a)
    away = (a + b + c) / 3 - [0, -1, -6]
    assert (np.einsum("ij,ij->i", normal, away) > 0).mean() > 0.97  # all but the folds of lids, lips and nostrils
