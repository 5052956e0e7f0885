"""Fits of landmarks that the model itself made: the truth is known exactly."""

from dataclasses import dataclass, replace

import numpy as np
import pytest

from beavervision.errors import BeaverError
from beavervision.face.camera import Camera
from beavervision.face.fit import fit_clip
from beavervision.face.fit_priors import LIP_PAIRS
from beavervision.face.gpmm import load_gpmm
from beavervision.face.identity import skewness
from beavervision.face.openness import mouth_open
from beavervision.face.pose import (
    euler_from_rotation,
    rotation_angle,
    rotation_from_euler,
    rotation_from_vector,
    vector_from_rotation,
)
from beavervision.face.projection import project

MODEL = load_gpmm()


@dataclass
class Scene:
    landmarks: np.ndarray
    pixels: np.ndarray
    camera: Camera
    rotation: np.ndarray
    translation: np.ndarray
    expression: np.ndarray


def talking(camera, frames=50, noise=0.0, place=(0.0, 0.0, 70.0), seed=0):
    """A person who talks, blinks and turns the head before `camera`; landmarks 468-477 are left out."""
    rng = np.random.default_rng(seed)
    time = np.arange(frames) / 25
    euler = np.stack([0.35 * np.sin(1.3 * time), 0.15 * np.sin(2.1 * time + 1), 0.1 * np.sin(0.9 * time + 2)], -1)
    drift = np.stack([2 * np.sin(time), np.cos(1.7 * time), 4 * np.sin(0.6 * time)], -1)
    rotation, translation = rotation_from_euler(euler), np.array(place) + drift
    jaw = np.clip(0.3 + 0.3 * np.sin(19.5 * time) * np.sin(2.5 * time + 1), 0, 1)
    blink = np.exp(-(((time % 1.6 - 0.8) / 0.08) ** 2))
    s = MODEL.semantic
    expression = (
        jaw[:, None] * s["jaw_open"]
        + 0.3 * np.clip(np.sin(9 * time), 0, 1)[:, None] * s["lips_pucker"]
        + blink[:, None] * (s["blink_left"] + s["blink_right"])
    )
    # People are far more symmetric than crooked: skewed modes at a third of their deviation.
    identity = rng.normal(size=80) * np.where(skewness(MODEL) > 0.5, 1 / 3, 1.0)
    points = MODEL.vertices(identity, np.zeros(64)) + np.tensordot(expression, MODEL.exp_basis, 1)
    pixels = project(points, rotation, translation, camera)
    landmarks = np.zeros((frames, 478, 3))
    landmarks[:, :468, :2] = pixels + noise * rng.normal(size=pixels.shape)
    return Scene(landmarks, pixels, camera, rotation, translation, expression)


def reproject(fit, camera):
    points = MODEL.vertices(fit.identity, np.zeros(64)) + np.tensordot(fit.expression, MODEL.exp_basis, 1)
    return project(points, fit.rotation, fit.translation, replace(camera, fx=fit.focal, fy=fit.focal))


@pytest.fixture(scope="module")
def noisy():
    scene = talking(Camera.centred(1280, 720), noise=0.5, place=(12.0, 4.0, 80.0))
    return scene, fit_clip(MODEL, scene.landmarks, scene.camera)


def test_exact_landmarks_give_the_truth_back():
    scene = talking(Camera.centred(640, 640), frames=30)
    fit = fit_clip(MODEL, scene.landmarks, scene.camera)
    assert np.degrees(rotation_angle(fit.rotation, scene.rotation)).max() < 0.02
    np.testing.assert_allclose(fit.translation, scene.translation, atol=0.02)
    assert np.abs(reproject(fit, scene.camera) - scene.pixels).max() < 0.02
    np.testing.assert_allclose(mouth_open(reproject(fit, scene.camera)), mouth_open(scene.pixels), atol=1e-4)


def test_noisy_landmarks_give_pose_within_half_a_degree(noisy):
    scene, fit = noisy
    assert np.median(np.degrees(rotation_angle(fit.rotation, scene.rotation))) < 0.5
    # Half a pixel in each axis is 0.63 px on average (Rayleigh mean 1.2533 x 0.5); a fit of the noise would be less,
    # and what it finds lies nearer to the truth than the landmarks do.
    assert fit.error_px.mean() == pytest.approx(0.6267, abs=0.04)
    assert np.linalg.norm(reproject(fit, scene.camera) - scene.pixels, axis=-1).mean() < 0.3


def test_mouth_opening_follows_the_truth(noisy):
    scene, fit = noisy
    found, truth = mouth_open(reproject(fit, scene.camera)), mouth_open(scene.pixels)
    assert np.corrcoef(found, truth)[0, 1] > 0.99


def test_what_is_returned_is_the_finest_stage(noisy):
    """Mistake 1 of STAGES.md: a fine stage whose result is dropped leaves errors that do not belong to the result."""
    scene, fit = noisy
    error = np.linalg.norm(reproject(fit, scene.camera) - scene.landmarks[:, :468, :2], axis=-1).mean(-1)
    np.testing.assert_allclose(fit.error_px, error, rtol=1e-9)


@pytest.mark.parametrize(("size", "place"), [((1280, 720), (-18.0, 5.0, 70.0)), ((720, 1280), (6.0, -14.0, 60.0))])
def test_off_centre_faces_in_oblong_frames(size, place):
    """Mistake 15 of STAGES.md: cx and cy swapped is right only where the frame is square."""
    scene = talking(Camera.centred(*size), frames=20, place=place)
    fit = fit_clip(MODEL, scene.landmarks, scene.camera)
    assert np.degrees(rotation_angle(fit.rotation, scene.rotation)).max() < 0.1
    np.testing.assert_allclose(fit.translation, scene.translation, atol=0.2)


def test_frames_without_a_face_take_no_part():
    scene = talking(Camera.centred(640, 480), frames=40, noise=0.2)
    gone = np.r_[0:3, 17:20, 36:40]
    seen = np.setdiff1d(np.arange(40), gone)
    landmarks = scene.landmarks.copy()
    landmarks[gone] = np.nan
    landmarks[18, 5:] = 100.0  # half of a face is no face
    fit = fit_clip(MODEL, landmarks, scene.camera)
    for values in (fit.rotation, fit.translation, fit.expression, fit.error_px):
        assert np.isnan(values[gone]).all()
        assert np.isfinite(values[seen]).all()
    assert np.degrees(rotation_angle(fit.rotation[seen], scene.rotation[seen])).max() < 0.8


def test_one_frame_and_flat_landmarks_suffice():
    scene = talking(Camera.centred(640, 480), frames=1)
    fit = fit_clip(MODEL, scene.landmarks[..., :2], scene.camera)
    assert np.abs(reproject(fit, scene.camera) - scene.pixels).max() < 0.5


def test_focal_length_moves_from_its_prior_towards_the_truth():
    scene = talking(Camera.centred(1280, 720, focal=1600.0), frames=40, noise=0.1, place=(5.0, 0.0, 45.0))
    start = Camera.centred(1280, 720, focal=2000.0)
    fit = fit_clip(MODEL, scene.landmarks, start, estimate_focal=True)
    assert 1550.0 < fit.focal < 1800.0
    assert fit_clip(MODEL, scene.landmarks, start).focal == 2000.0


def test_no_face_at_all_is_a_mistake_the_user_can_mend():
    with pytest.raises(BeaverError, match="No frame of this clip shows a face"):
        fit_clip(MODEL, np.full((5, 478, 2), np.nan), Camera.centred(64, 64))


def test_same_input_same_bytes():
    scene = talking(Camera.centred(640, 480), frames=12, noise=0.3)
    first, second = (fit_clip(MODEL, scene.landmarks, scene.camera) for _ in range(2))
    np.testing.assert_array_equal(first.expression, second.expression)
    np.testing.assert_array_equal(first.rotation, second.rotation)


def deep(scene, turn=0.0):
    """The tracker's own depth, of a face that it takes to be tilted by `turn` radians more than it is."""
    points = MODEL.vertices(np.zeros(80), np.zeros(64)) + np.tensordot(scene.expression, MODEL.exp_basis, 1)
    tilted = rotation_from_euler(np.array([0.0, turn, 0.0])) @ rotation_from_euler(np.zeros(3)).T
    placed = project(points, tilted @ scene.rotation, scene.translation, scene.camera, depth=True)
    landmarks = scene.landmarks.copy()
    landmarks[:, :468, 2] = placed[..., 2]
    return landmarks


def turns_seen(fit, scene):
    """Slope of the fitted yaw and pitch over the true ones."""
    found, true = euler_from_rotation(fit.rotation), euler_from_rotation(scene.rotation)
    return [np.polyfit(true[:, axis], found[:, axis], 1)[0] for axis in (0, 1)]


def test_depth_tells_how_far_the_head_turns_but_not_how_it_is_tilted():
    scene = talking(Camera.centred(640, 480), frames=40)
    # A tracker that is shy of turning: in the picture every frame lies half-way to the first frame's pose.
    shy = rotation_from_vector(0.5 * vector_from_rotation(scene.rotation @ scene.rotation[0].T)) @ scene.rotation[0]
    points = MODEL.vertices(np.zeros(80), np.zeros(64)) + np.tensordot(scene.expression, MODEL.exp_basis, 1)
    scene.landmarks[:, :468, :2] = project(points, shy, scene.translation, scene.camera)
    flat = fit_clip(MODEL, scene.landmarks, scene.camera)
    fit = fit_clip(MODEL, deep(scene, turn=0.2), scene.camera)
    for with_depth, without in zip(turns_seen(fit, scene), turns_seen(flat, scene), strict=True):
        assert with_depth > without + 0.02
    tilt = euler_from_rotation(fit.rotation)[:, 1].mean() - euler_from_rotation(flat.rotation)[:, 1].mean()
    assert abs(tilt) < 0.05


def test_shut_lips_are_shut_in_depth_too(noisy):
    scene, fit = noisy
    keys = LIP_PAIRS[4]
    found, true = (
        np.linalg.norm(np.diff(MODEL.mean[keys] + np.tensordot(e, MODEL.exp_basis[:, keys], 1), axis=1)[:, 0], axis=-1)
        for e in (fit.expression, scene.expression)
    )
    assert np.corrcoef(found, true)[0, 1] > 0.99
    assert found.min() < true.min() + 0.05


def test_frames_that_are_not_visible_take_no_part():
    scene = talking(Camera.centred(640, 480), frames=8)
    visible = np.arange(8) != 3
    fit = fit_clip(MODEL, scene.landmarks, scene.camera, visible=visible)
    assert np.isfinite(fit.error_px).tolist() == visible.tolist()
