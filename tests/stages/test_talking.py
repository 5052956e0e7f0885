from dataclasses import replace

import numpy as np
import pytest

from beavervision.errors import BeaverError
from beavervision.face.model import CONDITION_SCALE
from beavervision.face.pose import rotation_from_euler
from beavervision.face.providers import load_face_model
from beavervision.stages.radnerf_torso.track import SourceTrack
from beavervision.stages.talking.avatar import Scene, open_border
from beavervision.stages.talking.canvas_layer import CanvasLayer
from beavervision.stages.talking.drive import HUSH, Tape, lid_shape
from beavervision.stages.talking.dub import Dubber, head_matte
from beavervision.stages.talking.frame_order import Swing, between, longest_run, moments, presence
from beavervision.stages.talking.pose_source import pose_swing, smoothed_at, track_at
from beavervision.stages.talking.source_reader import SourceReader
from beavervision.types import Label
from beavervision.video.layers import blend

# --- frame order -------------------------------------------------------------------------------------------------


def test_swing_by_hand():
    assert Swing(5, 7).at(np.arange(8)).tolist() == [5, 6, 7, 6, 5, 6, 7, 6]
    assert Swing(4, 4).at(np.arange(3)).tolist() == [4, 4, 4]
    # Half steps: up from 0 to 1.5 and down again.
    assert Swing(0, 1.5).at(np.arange(0, 3.5, 0.5)).tolist() == [0, 0.5, 1, 1.5, 1, 0.5, 0]


@pytest.mark.parametrize("length", [1, 7, 100, 1001])
def test_swing_never_jumps_and_never_runs_over(length):
    order = Swing(0, 6).at(np.arange(length))
    assert order.min() >= 0
    assert order.max() <= 6
    assert (np.abs(np.diff(order)) == 1).all()


def test_moments_of_films_at_other_rates():
    # 50 frames a second over a clip of 25: every half frame; never beyond the third frame, moment 2.
    assert moments(np.arange(6), 50, 25, 3).tolist() == [0, 0.5, 1, 1.5, 2, 2]
    assert moments(np.arange(3), 25, 25, 3).tolist() == [0, 1, 2]


def test_between_frames():
    values = np.array([[0.0], [4.0], [np.nan], [8.0]])
    # A quarter of the way from 0 to 4; beside a gap the neighbour that is known.
    assert between(values, np.array([0.25, 1.5, 2.5, 3.0])).ravel().tolist() == [1, 4, 8, 8]


def test_longest_run_by_hand():
    wanted = np.array([1, 1, 0, 1, 1, 1, 0, 0, 1, 1, 1], bool)
    assert longest_run(wanted).tolist() == [3, 4, 5]
    assert longest_run(np.zeros(3, bool)).tolist() == []
    assert longest_run(np.ones(3, bool)).tolist() == [0, 1, 2]


def test_presence_fades_inside_visible_frames_only():
    visible = np.array([0, 1, 1, 1, 1, 1, 0, 0, 1, 1, 1], bool)
    # Frames from the nearest hidden one: 0 1 2 3 2 1 0 0 1 2 3, over a fade of 3.
    np.testing.assert_allclose(presence(visible, 3) * 3, [0, 1, 2, 3, 2, 1, 0, 0, 1, 2, 3])
    assert (presence(np.ones(4, bool), 3) == 1).all()


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
    assert pose_swing(track, (160, 120)) == Swing(15, 39)


def test_poses_fall_back_to_visible_frames():
    track = make_track(20)
    track.occluded[:] = True
    assert pose_swing(track, (160, 120)) == Swing(0, 19)


def test_poses_from_a_span():
    assert pose_swing(make_track(), (160, 120), span=(5, 30)) == Swing(5, 29)


def test_static_pose_is_the_most_usual_one():
    # x runs evenly from -1 to 1: the median lies in the middle.
    assert pose_swing(make_track(), (160, 120), "static").first in (29, 30)


def test_nobody_to_take_poses_from():
    track = make_track()
    track.visible[:20] = False
    with pytest.raises(BeaverError, match="pose="):
        pose_swing(track, (160, 120), span=(0, 20))


def test_smoothed_poses_are_rotations_and_calmer():
    rng = np.random.default_rng(0)
    track = replace(make_track(), rotation=rotation_from_euler(0.05 * rng.normal(size=(60, 3))))
    calm = smoothed_at(track, Swing(0, 59), np.arange(60.0), 7, 60)
    np.testing.assert_allclose(
        calm.rotation @ calm.rotation.transpose(0, 2, 1), np.tile(np.eye(3), (60, 1, 1)), atol=1e-9
    )
    np.testing.assert_allclose(np.linalg.det(calm.rotation), 1)
    assert np.abs(np.diff(calm.rotation, axis=0)).mean() < 0.4 * np.abs(np.diff(track.rotation, axis=0)).mean()
    # Seven frames by hand: the mean of seven translations; at the beginning the first one counts for those before.
    np.testing.assert_allclose(calm.translation[10], track.translation[7:14].mean(0))
    np.testing.assert_allclose(calm.translation[0], track.translation[[0, 0, 0, 0, 1, 2, 3]].mean(0))
    np.testing.assert_array_equal(smoothed_at(track, Swing(0, 59), np.arange(60.0), 1, 60).rotation, track.rotation)


def test_poses_in_batches_are_those_of_the_whole():
    rng = np.random.default_rng(0)
    track = replace(make_track(), rotation=rotation_from_euler(0.05 * rng.normal(size=(60, 3))))
    whole = smoothed_at(track, Swing(3, 20), np.arange(50.0), 7, 50)
    for start in range(0, 50, 4):
        part = smoothed_at(track, Swing(3, 20), np.arange(50.0)[start : start + 4], 7, 50)
        np.testing.assert_array_equal(part.rotation, whole.rotation[start : start + 4])


def test_a_pose_between_two_frames_lies_half_way():
    turn = rotation_from_euler(np.array([[0.0, 0.0, 0.0], [0.0, 0.2, 0.0]]))
    track = replace(make_track(2), rotation=turn)
    half = track_at(track, np.array([0.5]))
    np.testing.assert_allclose(half.rotation, rotation_from_euler(np.array([[0.0, 0.1, 0.0]])), atol=1e-9)
    np.testing.assert_allclose(half.translation, [[0, 0, 50]], atol=1e-9)  # x from -1 to 1


# --- source ------------------------------------------------------------------------------------------------------


def test_footage_to_and_fro_equals_footage(miniature):
    frames = [rgb for _, rgb in miniature.frames()]
    labels = [regions for _, regions in miniature.labels()]
    order = Swing(0, miniature.n_frames - 1).at(np.arange(60)).astype(int)
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


# --- layers ------------------------------------------------------------------------------------------------------

RED, GREEN, BLUE, GREY = (200, 0, 0), (0, 200, 0), (0, 0, 200), (90, 90, 90)
WIDTH, HEIGHT = 80, 60


def canvas(place=(0.0, 0.0, 1.0), width=WIDTH, height=HEIGHT) -> CanvasLayer:
    """A red head (rows 0-29, columns 20-59) over a green torso (rows 25 and below, columns 20-59)."""
    head, torso = np.zeros((height, width)), np.zeros((height, width))
    head[: height // 2, width // 4 : 3 * width // 4] = 1
    torso[5 * height // 12 :, width // 4 : 3 * width // 4] = 1
    red, green = (np.broadcast_to(np.array(c) / 255, (height, width, 3)) for c in (RED, GREEN))
    return CanvasLayer.stack(red * head[..., None], head, green, torso, np.array(place))


def test_head_over_torso_over_background_at_every_pixel():
    layer = canvas()
    background = np.full((HEIGHT, WIDTH, 3), GREY, np.uint8)
    found = layer.over(background, layer.box((WIDTH, HEIGHT)))
    expected = background.copy()
    expected[25:, 20:60] = GREEN
    expected[:30, 20:60] = RED
    np.testing.assert_array_equal(found, expected)


def test_half_transparent_head_by_hand():
    # Head: 0.4 of opacity 0.5 (already multiplied: 0.2); torso 1.0 of opacity 0.5; background 0.
    # 0.2 + 0.5 x (0.5 x 1.0) = 0.45, opacity 0.5 + 0.5 x 0.5 = 0.75.
    ones = np.ones((4, 4))
    layer = CanvasLayer.stack(
        0.2 * np.ones((4, 4, 3)), 0.5 * ones, np.ones((4, 4, 3)), 0.5 * ones, np.array([0, 0, 1.0])
    )
    np.testing.assert_allclose(layer.colour, 0.45)
    np.testing.assert_allclose(layer.alpha, 0.75)


def test_a_canvas_as_large_as_the_frame_has_no_border():
    layer = canvas()
    assert (open_border(layer, layer.box((WIDTH, HEIGHT)), (WIDTH, HEIGHT)) == 1).all()


def test_a_canvas_inside_the_frame_fades_where_the_frame_goes_on():
    # Canvas 40 x 60 over columns 20-59 of a frame 80 x 60: left and right fade, top and bottom are the frame's.
    layer = canvas((20.0, 0.0, 1.0), width=40)
    matte = open_border(layer, layer.box((WIDTH, HEIGHT)), (WIDTH, HEIGHT))
    assert matte.shape == (60, 40)
    assert matte[0, 20] == matte[59, 20] == 1
    assert matte[30, 0] < 0.05
    assert matte[30, 39] < 0.05


SHOULDERS = np.array([[10.0, 50.0], [70.0, 50.0], [40.0, 40.0]])


def scene() -> Scene:
    """The body still is a blue band, rows 40 and below."""
    body = np.zeros((HEIGHT, WIDTH, 4), np.uint8)
    body[..., :3] = BLUE
    body[40:, :, 3] = 255
    return Scene(body, SHOULDERS)


PLATE = np.full((HEIGHT, WIDTH, 3), GREY, np.uint8)


def test_avatar_layers_lie_in_order():
    found = scene().picture(canvas((20.0, 0.0, 1.0), width=40), SHOULDERS, PLATE)
    np.testing.assert_array_equal(found[5, 5], GREY)  # plate outside the canvas
    np.testing.assert_array_equal(found[50, 5], BLUE)  # body still outside the canvas
    np.testing.assert_array_equal(found[10, 40], RED)  # head
    np.testing.assert_array_equal(found[50, 40], GREEN)  # the field's torso, not the still
    np.testing.assert_array_equal(found[5, 28], GREY)  # plate inside the canvas


def test_no_background_shows_through_where_canvas_and_still_cross_fade():
    # Blue body all over under a canvas that is all green: a cross-fade of the two never shows the grey plate.
    still = scene()
    still = replace(
        still,
        body=np.dstack([np.broadcast_to(np.uint8(BLUE), (HEIGHT, WIDTH, 3)), np.full((HEIGHT, WIDTH), 255, np.uint8)]),
    )
    ones = np.ones((60, 40))
    green = np.broadcast_to(np.array(GREEN) / 255, (60, 40, 3))
    layer = CanvasLayer.stack(0 * green, 0 * ones, green, ones, np.array([20.0, 0, 1]))
    found = still.picture(layer, SHOULDERS, PLATE)
    assert (found[..., 0] == 0).all()


def test_the_still_follows_the_shoulders():
    layer = canvas((20.0, 0.0, 1.0), width=40)
    found = scene().picture(layer, SHOULDERS + np.array([0, -5]), PLATE)
    np.testing.assert_array_equal(found[36, 5], BLUE)  # 5 px higher than in the still
    np.testing.assert_array_equal(found[33, 5], GREY)


def test_the_scene_is_not_changed_by_a_picture():
    still, plate = scene(), PLATE.copy()
    first = still.picture(canvas(), SHOULDERS, plate)
    assert (plate == GREY).all()
    np.testing.assert_array_equal(first, still.picture(canvas(), SHOULDERS, plate))


def test_cut_out_laid_over_the_plate_is_the_picture():
    """Opacity and colour at every pixel: over any background the cut-out gives what the picture would."""
    layer = canvas((20.0, 0.0, 1.0), width=40)
    cut = scene().cut_out(layer, SHOULDERS, (WIDTH, HEIGHT))
    assert cut[5, 5, 3] == 0  # nothing outside the canvas, above the still
    assert cut[10, 40].tolist() == [*RED, 255]
    assert cut[50, 5].tolist() == [*BLUE, 255]
    expected = scene().picture(layer, SHOULDERS, PLATE)
    found = blend(np.ascontiguousarray(cut[..., :3]), PLATE, cut[..., 3].astype(np.float32) / 255)
    # Opacity is rounded to 8 bits: next to a dark background that may show as one or two levels.
    assert np.abs(found.astype(int) - expected).max() <= 2


def dubbed(labels=None, presence=1.0, layer=None) -> tuple[np.ndarray, np.ndarray]:
    """(source, dubbed) of a blue frame whose own head is labelled; the plate is grey."""
    source = np.full((HEIGHT, WIDTH, 3), BLUE, np.uint8)
    if labels is None:
        labels = np.zeros((HEIGHT, WIDTH), np.uint8)
        labels[5:30, 25:55] = Label.FACE
        labels[30:, 20:60] = Label.TORSO
    plate = np.full((HEIGHT, WIDTH, 3), GREY, np.uint8)
    return source, Dubber(plate).picture(layer or canvas(), source, labels, presence)


def test_dub_replaces_the_head_and_keeps_the_rest():
    source, found = dubbed()
    np.testing.assert_array_equal(found[15, 40], RED)
    np.testing.assert_array_equal(found[50], source[50])
    np.testing.assert_array_equal(found[:, :15], source[:, :15])


def test_dub_covers_the_sources_own_head_where_the_new_one_is_narrower():
    labels = np.zeros((HEIGHT, WIDTH), np.uint8)
    labels[5:30, 10:70] = Label.HAIR  # wider than the new head's columns 20-59
    _, found = dubbed(labels)
    np.testing.assert_array_equal(found[15, 12], GREY)  # the plate, not the old hair
    np.testing.assert_array_equal(found[15, 40], RED)


def test_hands_stay_in_front():
    labels = np.zeros((HEIGHT, WIDTH), np.uint8)
    labels[5:30, 20:60] = Label.FACE
    labels[20:28, 30:50] = Label.HAND
    source, found = dubbed(labels)
    np.testing.assert_array_equal(found[20:28, 30:50], source[20:28, 30:50])
    np.testing.assert_array_equal(found[10, 40], RED)


def test_presence_fades_the_new_head():
    source, whole = dubbed(presence=1.0)
    _, half = dubbed(presence=0.5)
    _, none = dubbed(presence=0.0)
    np.testing.assert_array_equal(none, source)
    # Half of linear(200) = 0.2890: sRGB(0.2890) = 0.575 x 255 = 147.
    assert abs(int(half[15, 40, 0]) - 147) <= 1
    assert whole[15, 40, 0] == 200


def test_dub_outside_the_frame_is_the_source():
    source, found = dubbed(layer=canvas((500.0, 0.0, 1.0)))
    np.testing.assert_array_equal(found, source)


def test_head_matte_reaches_one_on_both_heads():
    labels = np.zeros((40, 40), np.uint8)
    labels[10:20, 10:20] = Label.FACE
    alpha = np.zeros((40, 40))
    alpha[12:22, 14:26] = 1
    matte = head_matte(labels, alpha, 3.0)
    assert matte[(labels == Label.FACE) | (alpha > 0)].min() > 0.9
    assert matte[30:, 30:].max() == 0


# --- drive -------------------------------------------------------------------------------------------------------


def test_shut_lids_shut_the_eyes():
    model = load_face_model()
    offset = lid_shape(model)
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
    tape = Tape(pieces([4, 1, 5]), 10, REST)
    assert tape.at(np.array([0.0, 0.5, 1.0]))[:, 0, 0].tolist() == [0, 0.5, 1]
    assert tape.at(np.array([3.5, 4.25, 5.0]))[:, 0, 0].tolist() == [3.5, 4.25, 5]
    assert tape.at(np.array([4.0, 9.0]))[:, 0, 0].tolist() == [4, 9]


def test_a_tape_ends_in_rest():
    tape = Tape(pieces([10]), 10, REST)
    found = tape.at(9 + np.arange(HUSH + 3.0))[:, 0, 0]
    # From 9 to -1 in HUSH steps.
    np.testing.assert_allclose(found[: HUSH + 1], 9 - 10 * np.arange(HUSH + 1) / HUSH, rtol=1e-6)
    assert (found[HUSH:] == -1).all()


def test_who_says_nothing_rests():
    assert (Tape(iter(()), 0, REST).at(np.arange(5.0)) == -1).all()
