import numpy as np
import pytest

from beavervision.synthetic.signed_distance import carve, cone, ellipsoid, surface, union


def volume(vertices, triangles):
    a, b, c = (vertices[triangles[:, k]] for k in range(3))
    return np.einsum("ij,ij->i", a, np.cross(b, c)).sum() / 6


def test_sphere_has_its_volume_and_faces_outwards():
    vertices, triangles = surface(ellipsoid((0.1, 0, 0), (1, 1, 1)), (-2, -2, -2), (2, 2, 2), 0.1)
    assert volume(vertices, triangles) == pytest.approx(4 / 3 * np.pi, rel=0.02)
    np.testing.assert_allclose(np.linalg.norm(vertices - [0.1, 0, 0], axis=1), 1, atol=0.01)


def test_surface_is_closed():
    _, triangles = surface(cone((0, -1, 0), (0, 1, 0), 0.5, 0.3), (-2, -2, -2), (2, 2, 2), 0.17)
    sides = np.sort(np.stack([triangles, np.roll(triangles, -1, 1)], -1).reshape(-1, 2), axis=1)
    assert (np.unique(sides, axis=0, return_counts=True)[1] == 2).all()


def test_capsule_distance():
    field = cone((0, 0, 0), (0, 2, 0), 0.5, 0.5)
    # beside the middle, above the end, on the surface
    np.testing.assert_allclose(field(np.array([[2.0, 1, 0], [0, 4, 0], [0.5, 1, 0]])), [1.5, 1.5, 0])


def test_union_and_carve_far_from_the_seam():
    a, b = ellipsoid((0, 0, 0), (1, 1, 1)), ellipsoid((5, 0, 0), (1, 1, 1))
    at = np.array([[1.5, 0.0, 0.0], [5.0, 0, 0]])
    np.testing.assert_allclose(union([a, b], 0.2)(at), np.minimum(a(at), b(at)))
    assert carve(a, ellipsoid((0, 0, 0), (0.5, 0.5, 0.5)), 0.1)(np.zeros((1, 3)))[0] > 0
