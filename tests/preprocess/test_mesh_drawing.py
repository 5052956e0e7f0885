import numpy as np

from beavervision.preprocess.report.mesh_overlay import DARK, LIGHT, OPACITY, WIRE, draw_mesh

GREY = np.full((60, 60, 3), 100, np.uint8)
SQUARE = np.array([[0, 1, 2], [0, 2, 3]])


def plane(depth, low=10.0, high=50.0):
    return np.array([[low, low, depth], [high, low, depth], [high, high, depth], [low, high, depth]])


def blended(colour):
    return np.rint(100 + OPACITY * (np.asarray(colour) - 100))


def test_a_face_towards_the_camera_is_bright_and_the_picture_shows_through():
    drawn = draw_mesh(GREY, plane(100.0), SQUARE)
    np.testing.assert_array_equal(drawn[30, 40], blended(LIGHT))
    np.testing.assert_array_equal(drawn[5, 30], [100, 100, 100])
    assert (GREY == 100).all()


def test_what_lies_behind_is_hidden_wires_and_all():
    behind, before = plane(200.0, 20.0, 40.0), plane(100.0)
    for points in (np.vstack([behind, before]), np.vstack([before, behind])):
        drawn = draw_mesh(GREY, points, np.vstack([SQUARE, SQUARE + 4]))
        np.testing.assert_array_equal(drawn, draw_mesh(GREY, before, SQUARE))


def test_a_face_that_is_turned_away_is_darker():
    tilted = plane(100.0)
    tilted[1:3, 2] += 4 * 40  # by atan 4 = 76 degrees
    # cos 76 degrees = 1 / sqrt 17 = 0.2425; ^1.5 = 0.1194
    expected = blended(np.rint(DARK + 0.1194 * (LIGHT - DARK)))
    np.testing.assert_allclose(draw_mesh(GREY, tilted, SQUARE)[30, 40], expected, atol=1)


def test_the_winding_does_not_matter():
    np.testing.assert_array_equal(
        draw_mesh(GREY, plane(100.0), SQUARE)[12:48, 12:48].mean((0, 1)).round(-1),
        draw_mesh(GREY, plane(100.0), SQUARE[:, ::-1])[12:48, 12:48].mean((0, 1)).round(-1),
    )


def test_wires_run_along_the_edges_at_the_pixels_that_the_points_name():
    drawn = draw_mesh(GREY, plane(100.0), SQUARE).astype(int)
    dark = np.abs(drawn - blended(WIRE)).sum(-1) < np.abs(drawn - blended(LIGHT)).sum(-1)
    assert dark[20:40, 9:11].any(1).all()  # x = 10 is the border between the pixels 9 and 10
    assert (drawn[20:40, :8] == 100).all()
    assert all(dark[i, i - 1 : i + 2].any() for i in range(15, 46))  # the diagonal
