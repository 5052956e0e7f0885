import numpy as np

from beavervision.face.landmarks import N_MESH, SKIN_TRIANGLES
from beavervision.synthetic.subdivision import interpolating, subdivide, subdivide_times

SQUARE = np.array([[0, 1, 2], [0, 2, 3]])


def test_edge_points_of_a_square():
    matrix, fine = subdivide(SQUARE, 4)
    assert matrix.shape == (4 + 5, 4)
    assert len(fine) == 8
    corners = np.array([[0.0, 0], [1, 0], [1, 1], [0, 1]])
    points = matrix @ corners
    # boundary edges are halved; the diagonal's point is 3/8 of its ends + 1/8 of the other corners = the centre
    assert {tuple(p) for p in points[4:]} == {(0.5, 0.0), (1.0, 0.5), (0.5, 1.0), (0.0, 0.5), (0.5, 0.5)}
    # a boundary vertex: 3/4 itself + 1/8 of each neighbour on the boundary
    np.testing.assert_allclose(points[0], 0.75 * corners[0] + 0.125 * (corners[1] + corners[3]))


def test_weights_sum_to_one():
    matrix, _ = subdivide_times(SKIN_TRIANGLES, N_MESH, 2)
    np.testing.assert_allclose(matrix.sum(axis=1), 1.0, atol=1e-12)


def test_children_lie_in_their_parent():
    matrix, fine = subdivide_times(SQUARE, 4, 2)
    points = matrix @ np.array([[0.0, 0], [4, 0], [4, 4], [0, 4]])
    middle = points[fine].mean(axis=1)
    assert (middle[:16, 0] > middle[:16, 1]).all()
    assert (middle[16:, 0] < middle[16:, 1]).all()


def test_interpolation_passes_through_its_points():
    matrix, _ = subdivide_times(SKIN_TRIANGLES, N_MESH, 1)
    to_points, to_others = interpolating(matrix, N_MESH - 8)
    rng = np.random.default_rng(1)
    points, others = rng.normal(size=(N_MESH - 8, 3)), rng.normal(size=(8, 3))
    np.testing.assert_allclose((to_points @ points + to_others @ others)[: N_MESH - 8], points, atol=1e-9)
