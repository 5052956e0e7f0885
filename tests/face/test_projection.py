from dataclasses import replace

import numpy as np

from beavervision.face.camera import FRONTAL, Camera
from beavervision.face.pose import rotation_from_euler, rotation_from_vector
from beavervision.face.projection import linearise, project

CAMERA = Camera(900.0, 1000.0, 300.0, 200.0, 640, 480)
STEP = 1e-6


def test_pixel_by_hand():
    # A point 2 cm to the subject's left and 1 cm up, 50 cm away: x = 900 * 2 / 50 + 300, y = 1000 * -1 / 50 + 200.
    pixel = project(np.array([[[2.0, 1.0, 0.0]]]), FRONTAL[None], np.array([[0.0, 0.0, 50.0]]), CAMERA)
    np.testing.assert_allclose(pixel, [[[336.0, 180.0]]])


def test_points_behind_the_camera_have_no_pixel():
    points = np.array([[[0.0, 0.0, 0.0], [0.0, 0.0, 60.0]]])
    pixels = project(points, FRONTAL[None], np.array([[0.0, 0.0, 50.0]]), CAMERA)
    assert np.isfinite(pixels[0, 0]).all()
    assert np.isnan(pixels[0, 1]).all()


def test_derivatives_match_differences():
    rng = np.random.default_rng(0)
    points = rng.normal(size=(2, 5, 3)) * 5
    rotation = rotation_from_euler(rng.normal(size=(2, 3)) * 0.3)
    translation = np.array([[1.0, 2.0, 60.0], [3.0, -2.0, 50.0]])
    here = linearise(points, rotation, translation, CAMERA)
    np.testing.assert_allclose(here.pixels, project(points, rotation, translation, CAMERA))

    def slope(*moved):
        return (project(*moved) - here.pixels) / STEP

    for axis, step in enumerate(np.eye(3) * STEP):
        turned = rotation_from_vector(np.tile(step, (2, 1))) @ rotation
        cases = (
            (slope(points, turned, translation, CAMERA), here.by_pose[..., axis]),
            (slope(points, rotation, translation + step, CAMERA), here.by_pose[..., 3 + axis]),
            (slope(points + step, rotation, translation, CAMERA), here.by_point[..., axis]),
        )
        for found, expected in cases:
            np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-3)
    longer = replace(CAMERA, fx=CAMERA.fx * np.exp(STEP), fy=CAMERA.fy * np.exp(STEP))
    np.testing.assert_allclose(slope(points, rotation, translation, longer), here.by_log_focal, rtol=1e-4, atol=1e-3)


def test_depth_by_hand():
    # 3 cm out of the face is 3 cm nearer: -3 * 900 / 50 px at the head's distance.
    found = project(np.array([[[2.0, 1.0, 3.0]]]), FRONTAL[None], np.array([[0.0, 0.0, 50.0]]), CAMERA, depth=True)
    assert found[0, 0, 2] == -54.0


def test_derivatives_of_the_depth_match_differences():
    rng = np.random.default_rng(1)
    points = rng.normal(size=(2, 5, 3)) * 5
    rotation = rotation_from_euler(rng.normal(size=(2, 3)) * 0.3)
    translation = np.array([[1.0, 2.0, 60.0], [3.0, -2.0, 50.0]])
    here = linearise(points, rotation, translation, CAMERA, depth=True)

    def slope(points, rotation, translation):
        return (project(points, rotation, translation, CAMERA, depth=True) - here.pixels) / STEP

    for axis, step in enumerate(np.eye(3) * STEP):
        turned = rotation_from_vector(np.tile(step, (2, 1))) @ rotation
        np.testing.assert_allclose(slope(points, turned, translation), here.by_pose[..., axis], atol=1e-2)
        np.testing.assert_allclose(slope(points, rotation, translation + step), here.by_pose[..., 3 + axis], atol=1e-2)
        np.testing.assert_allclose(slope(points + step, rotation, translation), here.by_point[..., axis], atol=1e-2)
