from dataclasses import replace

import numpy as np
from scipy.spatial.transform import Rotation
from torso_track import make_track

from beavervision.stages.radnerf_torso.conditioner import TorsoConditioner, similarity_transform
from beavervision.stages.source_track import body_track


def test_similarity_recovers_turn_scale_and_shift():
    rng = np.random.default_rng(0)
    source = rng.normal(size=(4, 5, 2))
    angle, scale, shift = 0.3, 1.7, np.array([0.2, -0.9])
    turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    for points in source:
        found = similarity_transform(points[None], points @ turn.T + shift)[0]
        np.testing.assert_allclose(found, np.column_stack([turn, shift]), atol=1e-9)


def test_keypoints_by_hand():
    # Head point (0, -1, 0) cm -> camera (0, 1, 50): canvas (100 x 0 / 50 + 20, 100 x 1 / 50 + 25) = (20, 27).
    # Canvas 40 x 50: field x = (20 - 20) / 25 = 0, y = (27 - 25) / 25 = 0.08; one cm to the right adds 2 / 25.
    # Right shoulder, frame (20, 80): canvas ((20 - 10) 0.5, 80 x 0.5) = (5, 40): field (-0.6, 0.6).
    jaw = np.tile([0.0, -1.0, 0.0], (7, 1))
    track = make_track()
    conditioner = TorsoConditioner.fit(jaw, (40, 50), track)
    points = conditioner.keypoints(track.rotation, track.translation, track.cameras, track.body, track.path)
    np.testing.assert_allclose(points[0, 0], [0.0, 0.08], atol=1e-9)
    np.testing.assert_allclose(points[1, 0], [0.08, 0.08], atol=1e-9)
    np.testing.assert_allclose(points[:, 7], np.tile([-0.6, 0.6], (4, 1)), atol=1e-9)


def test_condition_is_normalised_and_clamped_to_the_trained_range():
    jaw = np.random.default_rng(0).normal(size=(7, 3))
    track = make_track()
    conditioner = TorsoConditioner.fit(jaw, (40, 50), track)
    told = conditioner.condition(track)
    assert told.points.shape == (4, 20)
    np.testing.assert_allclose(told.points[:, 0].std(), 1, rtol=1e-5)
    beyond = replace(track, translation=track.translation + np.array([100.0, 0, 0]))
    np.testing.assert_allclose(conditioner.condition(beyond).points[:, 0], told.points[-1, 0], rtol=1e-5)


def test_conditioner_survives_the_bundle():
    conditioner = TorsoConditioner.fit(np.ones((7, 3)), (40, 50), make_track())
    again = TorsoConditioner.from_assets(conditioner.to_assets())
    np.testing.assert_array_equal(again.condition(make_track()).points, conditioner.condition(make_track()).points)


def test_doubtful_body_points_are_bridged(miniature):
    subject = miniature.subjects[0]
    body = np.tile(np.array([[10.0, 50, 1], [90, 50, 1], [50, 40, 1]]), (miniature.n_frames, 1, 1))
    body[5:8, 0] = [500, 500, 0.05]
    body[9, 1] = np.nan
    np.testing.assert_allclose(body_track(replace(subject, body=body))[7], [[10, 50], [90, 50], [50, 40]], atol=1e-6)


def test_body_that_is_never_seen_stands_below_the_face(miniature):
    subject = miniature.subjects[0]
    found = body_track(replace(subject, body=np.full_like(subject.body, np.nan)))
    chin = np.nanmedian(subject.box[:, 3])
    assert np.isfinite(found).all()
    assert (found[:, 0, 0] < found[:, 2, 0]).all()  # the right shoulder is on the picture's left
    assert (found[:, :, 1] > chin - 5).all()


def test_corrected_poses_leave_gaps_where_nobody_is_seen():
    track = replace(make_track(3), visible=np.array([True, False, True]))
    gone = np.where(track.visible[:, None], track.translation, np.nan)
    moved = replace(track, translation=gone).posed(track.rotation, track.translation + 1)
    np.testing.assert_allclose(moved.translation[[0, 2]], track.translation[[0, 2]] + 1)
    assert np.isnan(moved.translation[1]).all()


def test_a_correction_that_trembles_is_calmed_and_keeps_its_mean():
    track, n = make_track(21), 21
    turn = Rotation.from_rotvec((0.02 + 0.01 * (-1.0) ** np.arange(n))[:, None] * [1, 0, 0]).as_matrix()
    moved = track.posed(turn @ track.rotation, track.translation)
    found = Rotation.from_matrix(moved.rotation @ track.rotation.swapaxes(1, 2)).as_rotvec()
    # A Gaussian of one frame leaves exp(-pi^2 / 2) = 0.7 % of what alternates from frame to frame.
    np.testing.assert_allclose(found[5:-5, 0], 0.02, atol=2e-4)
    np.testing.assert_allclose(found[:, 1:], 0, atol=1e-9)
