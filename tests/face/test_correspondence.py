import numpy as np

from beavervision.face.correspondence import mesh_landmarks, named_shapes
from beavervision.face.gpmm import load_gpmm
from beavervision.face.landmarks import IBUG68, LIPS_INNER

OWN = load_gpmm()
EVERY = np.arange(468)


def test_another_persons_mesh_is_matched_vertex_by_vertex():
    rng = np.random.default_rng(0)
    mean = OWN.vertices(rng.normal(size=80) * 0.5, np.zeros(64))
    found = mesh_landmarks(mean, OWN.exp_basis, IBUG68, 468)
    np.testing.assert_array_equal(found[IBUG68], IBUG68)
    miss = np.linalg.norm(mean[found] - mean, axis=1)
    assert (found == EVERY).mean() > 0.7
    assert np.percentile(miss, 95) < 0.6  # its neighbour, at most
    # Lips that touch are told apart by how they move.
    upper, lower = LIPS_INNER[1:10], LIPS_INNER[11:]
    assert not np.isin(found[upper], lower).any()
    assert not np.isin(found[lower], upper).any()


def test_vertices_behind_the_skin_are_never_landmarks():
    mean = np.concatenate([OWN.mean, OWN.mean])
    basis = np.concatenate([OWN.exp_basis, OWN.exp_basis], 1)
    assert mesh_landmarks(mean, basis, IBUG68, 468).max() < 468


def test_a_basis_of_the_same_span_imitates_every_shape():
    mix = np.linalg.qr(np.random.default_rng(1).normal(size=(64, 64)))[0]
    basis = np.tensordot(mix, OWN.exp_basis, 1)
    for name, coefficients in named_shapes(basis, EVERY, EVERY).items():
        moved = np.tensordot(coefficients, basis, 1)
        np.testing.assert_allclose(moved, np.tensordot(OWN.semantic[name], OWN.exp_basis, 1), atol=0.1)
