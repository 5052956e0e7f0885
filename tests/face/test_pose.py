import numpy as np
import pytest

from beavervision.face.camera import FRONTAL, Camera
from beavervision.face.fit_priors import stable_landmarks
from beavervision.face.gpmm import load_gpmm
from beavervision.face.pose import (
    closed_form_pose,
    euler_from_rotation,
    frontal_pose,
    rotation_angle,
    rotation_from_euler,
    rotation_from_vector,
    vector_from_rotation,
)
from beavervision.face.projection import project

NOSE, CROWN, LEFT = np.eye(3)[2], np.eye(3)[1], np.eye(3)[0]


def test_no_angle_is_frontal():
    np.testing.assert_allclose(rotation_from_euler(np.zeros(3)), FRONTAL, atol=1e-15)


def test_signs_of_the_angles():
    # Camera: x right in the picture (the subject's left), y down, z away from the camera.
    yaw, pitch, roll = (rotation_from_euler(np.eye(3)[i] * 0.3) for i in range(3))
    assert (yaw @ NOSE)[0] > 0.2  # to the subject's left
    assert (pitch @ NOSE)[1] > 0.2  # down
    assert (roll @ LEFT)[1] < -0.2  # left side up, towards the right shoulder
    np.testing.assert_allclose(pitch @ LEFT, LEFT, atol=1e-15)
    np.testing.assert_allclose(yaw @ CROWN, -CROWN, atol=1e-15)


def test_notations_round_trip():
    euler = np.random.default_rng(0).uniform(-1.2, 1.2, (50, 3))
    rotation = rotation_from_euler(euler)
    np.testing.assert_allclose(euler_from_rotation(rotation), euler, atol=1e-10)
    np.testing.assert_allclose(rotation_from_vector(vector_from_rotation(rotation)), rotation, atol=1e-10)


def test_missing_frames_stay_missing():
    rotation = np.stack([FRONTAL, np.full((3, 3), np.nan)])
    euler = euler_from_rotation(rotation)
    np.testing.assert_allclose(euler[0], 0.0, atol=1e-12)
    assert np.isnan(euler[1]).all()


def test_angle_between_rotations():
    a = rotation_from_euler(np.array([0.1, 0.0, 0.0]))
    b = rotation_from_euler(np.array([0.35, 0.0, 0.0]))
    assert rotation_angle(a[None], b[None])[0] == pytest.approx(0.25)


@pytest.fixture(scope="module")
def view():
    """Six poses before an off-centre, non-square camera: rotation, translation, points, pixels, camera."""
    model = load_gpmm()
    points = model.mean[stable_landmarks(model)]
    euler = np.random.default_rng(1).uniform(-0.7, 0.7, (6, 3)) * [1.0, 0.6, 0.5]
    rotation = rotation_from_euler(euler)
    translation = np.random.default_rng(2).uniform([-15, -10, 40], [15, 10, 120], (6, 3))
    camera = Camera(1500.0, 1500.0, 640.0, 360.0, 1280, 720)
    pixels = project(np.repeat(points[None], 6, 0), rotation, translation, camera)
    return rotation, translation, points, pixels, camera


def test_closed_form_pose_is_exact_on_exact_points(view):
    rotation, translation, points, pixels, camera = view
    found, shift = closed_form_pose(points, pixels, camera)
    assert np.degrees(rotation_angle(found, rotation)).max() < 1e-3
    np.testing.assert_allclose(shift, translation, atol=1e-3)


def test_frontal_pose_puts_the_head_where_it_is_seen(view):
    _, translation, points, pixels, camera = view
    rotation, shift = frontal_pose(points, pixels, camera)
    np.testing.assert_array_equal(rotation, np.repeat(FRONTAL[None], 6, 0))
    assert np.abs(shift[:, 2] / translation[:, 2] - 1).max() < 0.25
    again = project(np.repeat(points[None], 6, 0), rotation, shift, camera)
    size = np.ptp(pixels[..., 0], axis=1)
    assert (np.linalg.norm(again.mean(1) - pixels.mean(1), axis=1) < 0.2 * size).all()
