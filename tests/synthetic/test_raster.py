import numpy as np
import pytest

from beavervision.synthetic.raster import EMPTY, FAR, Visibility, rasterise, vertex_normals


def draw(points, triangles, bias=None, size=(4, 4)):
    triangles = np.array(triangles, np.int32)
    bias = np.zeros(len(triangles), np.float32) if bias is None else np.array(bias, np.float32)
    return rasterise(np.array(points, np.float32), triangles, bias, Visibility.blank(*size))


def test_coverage_of_a_half_square():
    # The corner triangle x + y <= 4 holds the sample centres (j + .5, i + .5) with i + j <= 3: 4 + 3 + 2 + 1.
    seen = draw([[0, 0, 2], [4, 0, 2], [0, 4, 2]], [[0, 1, 2]])
    i, j = np.indices((4, 4))
    np.testing.assert_array_equal(seen.triangle >= 0, i + j <= 3)
    assert (seen.triangle[3, 3], seen.depth[3, 3]) == (EMPTY, FAR)
    np.testing.assert_allclose(seen.depth[i + j <= 3], 2.0, rtol=1e-6)


def test_depth_and_weights_are_perspective_correct():
    # Half way on the canvas between z = 1 and z = 3: 1/z = (1 + 1/3) / 2 = 2/3, z = 1.5;
    # the near vertex weighs .5 / 1 * 1.5 = .75, the far ones .5 / 3 * 1.5 = .25 together.
    seen = draw([[0, -3, 1], [1, -3, 3], [1, 40, 3]], [[0, 1, 2]], size=(1, 1))
    assert seen.depth[0, 0] == pytest.approx(1.5, rel=1e-5)
    assert seen.weights[0, 0, 0] == pytest.approx(0.75, rel=1e-5)


def test_neighbours_leave_no_gap():
    corners = [[0, 0, 1], [8, 0.3, 1], [8, 8, 1], [0, 8, 1], [3.7, 4.1, 1]]
    fan = [[0, 1, 4], [1, 2, 4], [2, 3, 4], [3, 0, 4]]
    seen = draw(corners, fan, size=(8, 8))
    assert (seen.triangle[1:] >= 0).all()


def test_nearest_wins_and_bias_steps_back():
    square = [[-1, -1], [9, -1], [-1, 9]]
    points = [[*xy, 5] for xy in square] + [[*xy, 4] for xy in square]
    triangles = [[0, 1, 2], [3, 4, 5]]
    assert (draw(points, triangles).triangle == 1).all()
    assert (draw(points, triangles, bias=[0, 1.5]).triangle == 0).all()


def test_behind_the_camera_nothing_is_drawn():
    assert (draw([[0, 0, 1], [4, 0, 1], [0, 4, -1]], [[0, 1, 2]]).triangle == EMPTY).all()


def test_bands_do_not_show():
    rng = np.random.default_rng(0)
    points = np.concatenate([rng.uniform(0, 37, (90, 2)), rng.uniform(1, 2, (90, 1))], axis=1)
    triangles = np.arange(90).reshape(30, 3)
    tall = draw(points, triangles, size=(37, 37))
    low = draw(points, triangles, size=(20, 37))  # other band borders, same picture
    np.testing.assert_array_equal(tall.triangle[:20], low.triangle)


def test_normals_of_a_roof():
    # Two slopes of equal area meet at 90 degrees: the ridge's normal points straight up.
    points = np.array([[-1.0, 0, 0], [0, 1, 0], [0, 1, 1], [1, 0, 0], [-1, 0, 1], [1, 0, 1]])
    triangles = np.array([[0, 2, 1], [0, 4, 2], [3, 1, 2], [3, 2, 5]])
    normals = vertex_normals(points, triangles)
    np.testing.assert_allclose(normals[0], np.array([-1, 1, 0]) / np.sqrt(2), atol=1e-6)
    np.testing.assert_allclose(normals[1:3, 1], [1, 1], atol=1e-6)
