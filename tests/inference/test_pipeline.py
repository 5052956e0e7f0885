from dataclasses import replace

import numpy as np
import pytest
import soundfile

from beavervision.audio.level import speech_level_db
from beavervision.errors import BeaverError
from beavervision.face.model_registry import load_face_model
from beavervision.face.morphable_model import CONDITION_SCALE
from beavervision.face.pose import rotation_from_euler
from beavervision.inference.blinking import eyelid_closure
from beavervision.inference.driver import REST_FADE_FRAMES, MotionTrack, closed_lid_offset
from beavervision.inference.frame_path import (
    PingPongPath,
    film_positions,
    interpolate_frames,
    longest_run,
    visibility_fade,
)
from beavervision.inference.pose_source import calm_stretch, poses_at, smoothed_poses
from beavervision.inference.source_reader import SourceReader
from beavervision.inference.speech import Speech, mix_speeches
from beavervision.stages.source_track import SourceTrack

# --- frame order -------------------------------------------------------------------------------------------------


def test_swing_by_hand():
    assert PingPongPath(5, 7).at(np.arange(8)).tolist() == [5, 6, 7, 6, 5, 6, 7, 6]
    assert PingPongPath(4, 4).at(np.arange(3)).tolist() == [4, 4, 4]
    # Half steps: up from 0 to 1.5 and down again.
    assert PingPongPath(0, 1.5).at(np.arange(0, 3.5, 0.5)).tolist() == [0, 0.5, 1, 1.5, 1, 0.5, 0]


@pytest.mark.parametrize("length", [1, 7, 100, 1001])
def test_swing_never_jumps_and_never_runs_over(length):
    order = PingPongPath(0, 6).at(np.arange(length))
    assert order.min() >= 0
    assert order.max() <= 6
    assert (np.abs(np.diff(order)) == 1).all()


def test_moments_of_films_at_other_rates():
    # 50 frames a second over a clip of 25: every half frame; never beyond the third frame, moment 2.
    assert film_positions(np.arange(6), 50, 25, 3).tolist() == [0, 0.5, 1, 1.5, 2, 2]
    assert film_positions(np.arange(3), 25, 25, 3).tolist() == [0, 1, 2]


def test_between_frames():
    values = np.array([[0.0], [4.0], [np.nan], [8.0]])
    # A quarter of the way from 0 to 4; beside a gap the neighbour that is known.
    assert interpolate_frames(values, np.array([0.25, 1.5, 2.5, 3.0])).ravel().tolist() == [1, 4, 8, 8]


def test_longest_run_by_hand():
    wanted = np.array([1, 1, 0, 1, 1, 1, 0, 0, 1, 1, 1], bool)
    assert longest_run(wanted).tolist() == [3, 4, 5]
    assert longest_run(np.zeros(3, bool)).tolist() == []
    assert longest_run(np.ones(3, bool)).tolist() == [0, 1, 2]


def test_presence_fades_inside_visible_frames_only():
    visible = np.array([0, 1, 1, 1, 1, 1, 0, 0, 1, 1, 1], bool)
    # Frames from the nearest hidden one: 0 1 2 3 2 1 0 0 1 2 3, over a fade of 3.
    np.testing.assert_allclose(visibility_fade(visible, 3) * 3, [0, 1, 2, 3, 2, 1, 0, 0, 1, 2, 3])
    assert (visibility_fade(np.ones(4, bool), 3) == 1).all()


# --- pose source -------------------------------------------------------------------------------------------------


def make_track(n: int = 60) -> SourceTrack:
    """A face that stands still, 20 px wide and high, in a frame of 160 x 120."""
    rng = np.random.default_rng(0)
    return SourceTrack(
        rotation=np.tile(np.diag([1.0, -1.0, -1.0]), (n, 1, 1)),
        translation=np.column_stack([np.linspace(-1, 1, n), np.zeros(n), np.full(n, 50.0)]),
        body=np.tile([[40.0, 90.0], [120.0, 90.0], [80.0, 80.0]], (n, 1, 1)),
        eye_open=np.full((n, 2), 0.3),
        expression=rng.normal(size=(n, 64)),
        visible=np.ones(n, bool),
        occluded=np.zeros(n, bool),
        box=np.tile([70.0, 40.0, 90.0, 60.0], (n, 1)),
        path=np.tile([0.0, 0.0, 1.0], (n, 1)),
        cameras=np.tile([200.0, 200.0, 80.0, 60.0], (n, 1)),
    )


def test_poses_come_from_one_calm_stretch():
    track = make_track()
    track.visible[10:15] = False
    track.box[10:15] = np.nan
    track.occluded[40:44] = True
    track.box[50:] += [-69, 0, -69, 0]  # leaves the picture
    assert calm_stretch(track, (160, 120)) == PingPongPath(15, 39, 12)


def test_poses_fall_back_to_visible_frames():
    track = make_track(20)
    track.occluded[:] = True
    assert calm_stretch(track, (160, 120)) == PingPongPath(0, 19, 12)


def test_poses_from_a_span():
    assert calm_stretch(make_track(), (160, 120), span=(5, 30)) == PingPongPath(5, 29, 12)


def test_static_pose_is_the_most_usual_one():
    # x runs evenly from -1 to 1: the median lies in the middle.
    assert calm_stretch(make_track(), (160, 120), "static").first in (29, 30)


def test_nobody_to_take_poses_from():
    track = make_track()
    track.visible[:20] = False
    with pytest.raises(BeaverError, match="pose="):
        calm_stretch(track, (160, 120), span=(0, 20))


def test_smoothed_poses_are_rotations_and_calmer():
    rng = np.random.default_rng(0)
    track = replace(make_track(), rotation=rotation_from_euler(0.05 * rng.normal(size=(60, 3))))
    calm = smoothed_poses(track, PingPongPath(0, 59), np.arange(60.0), 7, 60)
    np.testing.assert_allclose(
        calm.rotation @ calm.rotation.transpose(0, 2, 1), np.tile(np.eye(3), (60, 1, 1)), atol=1e-9
    )
    np.testing.assert_allclose(np.linalg.det(calm.rotation), 1)
    assert np.abs(np.diff(calm.rotation, axis=0)).mean() < 0.4 * np.abs(np.diff(track.rotation, axis=0)).mean()
    # Seven frames by hand: the mean of seven translations; at the beginning the first one counts for those before.
    np.testing.assert_allclose(calm.translation[10], track.translation[7:14].mean(0))
    np.testing.assert_allclose(calm.translation[0], track.translation[[0, 0, 0, 0, 1, 2, 3]].mean(0))
    np.testing.assert_array_equal(
        smoothed_poses(track, PingPongPath(0, 59), np.arange(60.0), 1, 60).rotation, track.rotation
    )


def test_poses_in_batches_are_those_of_the_whole():
    rng = np.random.default_rng(0)
    track = replace(make_track(), rotation=rotation_from_euler(0.05 * rng.normal(size=(60, 3))))
    whole = smoothed_poses(track, PingPongPath(3, 20), np.arange(50.0), 7, 50)
    for start in range(0, 50, 4):
        part = smoothed_poses(track, PingPongPath(3, 20), np.arange(50.0)[start : start + 4], 7, 50)
        np.testing.assert_array_equal(part.rotation, whole.rotation[start : start + 4])


def test_a_pose_between_two_frames_lies_half_way():
    turn = rotation_from_euler(np.array([[0.0, 0.0, 0.0], [0.0, 0.2, 0.0]]))
    track = replace(make_track(2), rotation=turn)
    half = poses_at(track, np.array([0.5]))
    np.testing.assert_allclose(half.rotation, rotation_from_euler(np.array([[0.0, 0.1, 0.0]])), atol=1e-9)
    np.testing.assert_allclose(half.translation, [[0, 0, 50]], atol=1e-9)  # x from -1 to 1


# --- source ------------------------------------------------------------------------------------------------------


def test_footage_to_and_fro_equals_footage(miniature):
    frames = [rgb for _, rgb in miniature.frames()]
    labels = [regions for _, regions in miniature.labels()]
    order = PingPongPath(0, miniature.n_frames - 1).at(np.arange(60)).astype(int)
    found = list(SourceReader(miniature, miniature.fps).read(order))
    assert len(found) == 60
    for t, frame in zip(order, found, strict=True):
        np.testing.assert_array_equal(frame.rgb, frames[t])
        np.testing.assert_array_equal(frame.labels[0], labels[t])
        assert frame.mattes == (None,)


def test_footage_that_stands_still(miniature):
    found = list(SourceReader(miniature, miniature.fps).read(np.array([3, 3, 3])))
    assert len(found) == 3
    np.testing.assert_array_equal(found[0].rgb, found[2].rgb)


def test_footage_at_another_rate_keeps_its_label_maps(miniature):
    """At twice the clip's rate every frame of 25 a second is there twice, with the label map nearest in time."""
    frames = [rgb for _, rgb in miniature.frames()]
    labels = [regions for _, regions in miniature.labels()]
    reader = SourceReader(miniature, 50.0)
    assert reader.n_frames == 2 * miniature.n_frames - 1
    found = list(reader.read(np.arange(reader.n_frames)))
    for tick, frame in enumerate(found):
        np.testing.assert_array_equal(frame.rgb, frames[tick // 2])
        np.testing.assert_array_equal(frame.labels[0], labels[round(tick / 2)])


# --- speech ------------------------------------------------------------------------------------------------------


def noise(path, seconds: float, rate: int = 16_000, level: float = 0.1, seed: int = 0):
    samples = level * np.random.default_rng(seed).standard_normal(round(seconds * rate))
    soundfile.write(path, samples, rate, subtype="FLOAT")
    return path, samples


@pytest.mark.parametrize("fps", [25.0, 29.97])
def test_a_speech_in_stretches_is_the_speech(tmp_path, fps):
    path, samples = noise(tmp_path / "words.wav", 5.03)
    speech = Speech.from_file(path)
    assert (speech.n_samples, speech.n_frames(25)) == (len(samples), 126)
    frames = []
    for stretch in speech.chunks(fps, chunk_frames=40, context_frames=8):
        begin = round(stretch.first * 16_000 / fps)
        np.testing.assert_array_equal(stretch.samples, samples[begin : begin + len(stretch.samples)].astype(np.float32))
        assert stretch.first == max(0, stretch.frames.start - 8)
        frames += stretch.frames
    assert frames == list(range(speech.n_frames(fps)))


def test_level_of_a_speech_is_that_of_the_whole(tmp_path):
    steady, samples = noise(tmp_path / "noise.wav", 3.0)
    assert Speech.from_file(steady).level_db == -np.inf  # as loud all the time is no speech
    samples[24_000:] *= 0.1
    soundfile.write(tmp_path / "words.wav", samples, 16_000, subtype="FLOAT")
    found = Speech.from_file(tmp_path / "words.wav").level_db
    assert found == pytest.approx(speech_level_db(samples.astype(np.float32)), abs=0.01)


def test_speeches_are_added_up_from_their_first_samples(tmp_path):
    (one, a), (two, b) = noise(tmp_path / "a.wav", 0.5), noise(tmp_path / "b.wav", 1.2, seed=1)
    found = np.concatenate(list(mix_speeches([Speech.from_file(one), Speech.from_file(two)], 16_000)))
    np.testing.assert_allclose(found, np.pad(a, (0, len(b) - len(a))) + b, atol=1e-6)


# --- blinks ------------------------------------------------------------------------------------------------------


def test_blinks_by_a_curve(tmp_path):
    (tmp_path / "blinks.csv").write_text("seconds, closure\n0.0, 0\n0.2, 1\n# open again\n0.4 0\n")
    found = eyelid_closure(str(tmp_path / "blinks.csv"), 12, 25, seed=0)
    # 25 frames a second: 0.2 s is frame 5, 0.4 s frame 10; straight lines between.
    np.testing.assert_allclose(found, [0, 0.2, 0.4, 0.6, 0.8, 1, 0.8, 0.6, 0.4, 0.2, 0, 0], atol=1e-9)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [("", "holds no line"), ("0, 0\nsoon, 1\n", "line 2"), ("0, 2\n", "0 to 1"), ("1, 0\n0, 1\n", "must rise")],
)
def test_bad_curves_are_told(tmp_path, text, sentence):
    (tmp_path / "blinks.csv").write_text(text)
    with pytest.raises(BeaverError, match=sentence):
        eyelid_closure(str(tmp_path / "blinks.csv"), 12, 25, seed=0)


# --- drive -------------------------------------------------------------------------------------------------------


def test_shut_lids_shut_the_eyes():
    model = load_face_model()
    offset = closed_lid_offset(model)
    rest = model.mean[model.landmarks68]
    shut = rest + offset / CONDITION_SCALE

    def aperture(points):  # upper lids 37, 38, 43, 44 over lower lids 41, 40, 47, 46
        return (points[[37, 38, 43, 44], 1] - points[[41, 40, 47, 46], 1]).mean()

    assert aperture(shut) < 0.35 * aperture(rest)
    assert np.abs(offset[48:]).max() < np.abs(offset[36:48]).max() / 5  # the mouth stays


def pieces(lengths: list[int]):
    """Conditions whose every number is the frame's own."""
    start = 0
    for length in lengths:
        frames = np.arange(start, start + length, dtype=np.float32)
        yield np.broadcast_to(frames[:, None, None], (length, 68, 3))
        start += length


REST = np.full((68, 3), -1.0, np.float32)


def test_a_tape_is_heard_in_order_between_frames_and_across_pieces():
    tape = MotionTrack(pieces([4, 1, 5]), 10, REST)
    assert tape.at(np.array([0.0, 0.5, 1.0]))[:, 0, 0].tolist() == [0, 0.5, 1]
    assert tape.at(np.array([3.5, 4.25, 5.0]))[:, 0, 0].tolist() == [3.5, 4.25, 5]
    assert tape.at(np.array([4.0, 9.0]))[:, 0, 0].tolist() == [4, 9]


def test_a_tape_ends_in_rest():
    tape = MotionTrack(pieces([10]), 10, REST)
    found = tape.at(9 + np.arange(REST_FADE_FRAMES + 3.0))[:, 0, 0]
    # From 9 to -1 in HUSH steps.
    np.testing.assert_allclose(
        found[: REST_FADE_FRAMES + 1], 9 - 10 * np.arange(REST_FADE_FRAMES + 1) / REST_FADE_FRAMES, rtol=1e-6
    )
    assert (found[REST_FADE_FRAMES:] == -1).all()


def test_who_says_nothing_rests():
    assert (MotionTrack(iter(()), 0, REST).at(np.arange(5.0)) == -1).all()
