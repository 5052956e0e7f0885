from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter1d

from beavervision.artifacts.motion import Motion
from beavervision.errors import BeaverError
from beavervision.face.pose import rotation_from_euler
from beavervision.inference.frame_path import PingPongPath
from beavervision.inference.motion_poses import motion_track
from beavervision.inference.pose_retrieval import LoudnessPath, loudness
from beavervision.inference.pose_selection import choose_pose_source
from beavervision.inference.settings import FilmSettings
from beavervision.stages.source_track import SourceTrack


def track(turns):
    """A head that turns by some angles about y, in a frame of 160 x 120; its shoulders say which frame it is."""
    n = len(turns)
    body = np.tile([[40.0, 90.0], [120.0, 90.0], [80.0, 80.0]], (n, 1, 1))
    body[:, 0, 0] = np.arange(n)
    return SourceTrack(
        rotation=rotation_from_euler(np.column_stack([turns, np.zeros(n), np.zeros(n)])),
        translation=np.tile([1.0, 2.0, 50.0], (n, 1)),
        body=body,
        eye_open=np.full((n, 2), 0.3),
        expression=np.zeros((n, 64)),
        visible=np.ones(n, bool),
        occluded=np.zeros(n, bool),
        box=np.tile([70.0, 40.0, 90.0, 60.0], (n, 1)),
        path=np.tile([0.0, 0.0, 1.0], (n, 1)),
        cameras=np.tile([200.0, 200.0, 80.0, 60.0], (n, 1)),
    )


def test_a_swing_turns_smoothly():
    # turn 4 of 20 frames: the first frames lie at t^2 / 8 + 2, from frame 4 on at t
    found = PingPongPath(10, 30, 4).at(np.arange(6.0))
    np.testing.assert_allclose(found, [12, 12.125, 12.5, 13.125, 14, 15])
    way = PingPongPath(10, 30, 4).at(np.arange(0, 80, 0.25))
    speed = np.diff(way) / 0.25
    assert np.abs(np.diff(speed)).max() < 0.07  # at a corner it would be 2
    assert way.min() == 12
    assert way.max() == 28
    np.testing.assert_array_equal(PingPongPath(3, 3, 4).at(np.arange(3)), [3, 3, 3])


def test_loudness_by_hand():
    # 30 ms windows of power 1 and 0.01: 0 and -20 dB; frames at 0.02, 0.06, 0.1 s
    found = loudness(np.array([1.0, 1.0, 0.01, 0.01]), 3, 25.0)
    # window middles 0.015, 0.045, 0.075, 0.105; at 0.06 half of both: 0.505
    np.testing.assert_allclose(found, [0, 10 * np.log10(0.505), -20], atol=1e-6)
    assert (loudness(np.array([1.0]), 50, 25.0)[1:] < -50).all()


def test_the_footage_is_played_where_it_is_as_loud():
    rng = np.random.default_rng(0)
    own = gaussian_filter1d(rng.standard_normal(400), 4.0)
    said = own[60:360]  # the speech is the footage's own: the way leads through its own frames
    found = LoudnessPath.of(track(np.zeros(400)), PingPongPath(0, 399), own, said).places
    assert (np.abs(found - np.arange(60, 360)) < 3).mean() > 0.8


def test_jumps_are_dear_between_poses_far_apart():
    rng = np.random.default_rng(0)
    own, said = rng.standard_normal((2, 400))
    turned = track(np.repeat([-0.3, 0.3], 200))
    found = LoudnessPath.of(turned, PingPongPath(0, 399), own, said).places
    jumps = np.flatnonzero(np.abs(np.diff(found)) > 1)
    assert len(jumps) > 0
    same = (found[jumps] < 200) == (found[jumps + 1] < 200)
    assert same.all()


def test_between_the_sides_of_a_jump_lies_nothing():
    path = LoudnessPath(np.array([5.0, 6.0, 40.0, 41.0]))
    np.testing.assert_allclose(path.at(np.array([0.5, 1.25, 1.75, 2.5, 9.0])), [5.5, 6, 40, 40.5, 41])


def write_motion(folder, turns, fps=25.0, translation=(0.0, 0.0, 0.0)):
    n = len(turns)
    rotation = rotation_from_euler(np.column_stack([turns, np.zeros(n), np.zeros(n)])).astype(np.float32)
    moved = np.tile(translation, (n, 1)).astype(np.float32)
    Motion(np.zeros((n, 64), np.float32), fps, rotation=rotation, translation=moved).save(folder)
    return folder


def test_a_motion_leads_the_head_and_the_footage_the_shoulders(tmp_path):
    own = track(np.linspace(-0.4, 0.4, 81))
    folder = write_motion(tmp_path / "motion", np.full(40, 0.2))
    found = motion_track(folder, own, PingPongPath(0, 80), 25.0)
    np.testing.assert_allclose(found.rotation, own.rotation[[60] * 40], atol=1e-6)  # 0.2 rad is frame 60
    np.testing.assert_allclose(found.body[:, 0, 0], 60, atol=1e-6)
    np.testing.assert_allclose(found.translation, own.translation[:40])
    assert found.n_frames == 40


def test_a_motion_without_poses_or_of_another_rate_is_refused(tmp_path):
    own = track(np.zeros(20))
    Motion(np.zeros((3, 64), np.float32), 25.0).save(tmp_path / "still")
    with pytest.raises(BeaverError, match="holds no head poses"):
        motion_track(tmp_path / "still", own, PingPongPath(0, 19), 25.0)
    with pytest.raises(BeaverError, match="has 30 frames a second, the clip 25"):
        motion_track(write_motion(tmp_path / "fast", np.zeros(5), 30.0), own, PingPongPath(0, 19), 25.0)


def test_every_choice_of_poses_gives_a_way(tmp_path):
    own = track(np.linspace(-0.4, 0.4, 81))
    avatar = SimpleNamespace(track=own, footage_size=(160, 120), fps=25.0)
    rng = np.random.default_rng(0)
    speaker = SimpleNamespace(avatar=avatar, speech=SimpleNamespace(window_power=rng.uniform(0, 1, 200)))
    clip = SimpleNamespace(audio=lambda: rng.standard_normal(81 * 640).astype(np.float32))
    motion = write_motion(tmp_path / "motion", np.full(40, 0.2))
    for choice in ("pingpong", "energy", "static", str(motion)):
        found = choose_pose_source(speaker, FilmSettings(pose=choice), clip, 150)
        places = found.path.at(np.arange(150.0))
        assert places.min() >= 0
        assert places.max() <= found.track.n_frames - 1
        assert (np.ptp(places) == 0) == (choice == "static")
    louder = replace(FilmSettings(pose="energy"), smoothing=3)
    assert choose_pose_source(speaker, louder, clip, 150).smoothing == 15
