"""Framing: windows worked by hand."""

import numpy as np
import pytest

from beavervision.errors import BeaverError
from beavervision.face.camera import Camera
from beavervision.face.framing import FrameSpec, crop_path, inside_footage

SIZE = (1280, 720)


def boxes_at(centres, height=200.0, width=160.0):
    centres = np.asarray(centres, float)
    half = np.array([width, height]) / 2
    return np.column_stack([centres - half, centres + half])


def test_native_shows_the_whole_frame():
    spec = FrameSpec("native", None, 360)
    assert spec.canvas(SIZE) == (640, 360)
    path = crop_path(boxes_at([[640, 300]] * 3), SIZE, spec)
    np.testing.assert_array_equal(path, [[0, 0, 0.5]] * 3)


def test_face_scale_sets_the_face_height_on_the_canvas():
    spec = FrameSpec("1x1", 1.0, 256, face_scale=0.5)
    x0, y0, scale = crop_path(boxes_at([[640, 300]]), SIZE, spec)[0]
    # face 200 px high must become 128: scale 0.64, window 400 px, top left = centre - 200
    assert (x0, y0, scale) == pytest.approx((440, 100, 0.64))


def test_offset_moves_the_face_on_the_canvas():
    spec = FrameSpec("1x1", 1.0, 256, face_scale=0.5, offset=(0.1, -0.2))
    x0, y0, scale = crop_path(boxes_at([[640, 360]]), SIZE, spec)[0]
    assert ((640 - x0) * scale / 256 - 0.5, (360 - y0) * scale / 256 - 0.5) == pytest.approx((0.1, -0.2))


def test_without_face_scale_the_window_is_the_largest_of_the_aspect():
    spec = FrameSpec("9x16", 9 / 16, 320)
    x0, y0, scale = crop_path(boxes_at([[100, 300]]), SIZE, spec)[0]
    assert (x0, y0, scale) == pytest.approx((0, 0, 320 / 720))  # would begin at -102: kept in the footage
    assert spec.canvas(SIZE) == (180, 320)


def test_a_window_larger_than_the_footage_is_padded():
    spec = FrameSpec("1x1", 1.0, 100, face_scale=0.2)  # window 1000 px, footage 720 high
    row = crop_path(boxes_at([[640, 360]]), SIZE, spec)[0]
    assert row == pytest.approx([140, -140, 0.1])
    inside = inside_footage(row, SIZE, (100, 100))
    # canvas row j shows source y = -140 + (j + .5) * 10: footage for j = 14 .. 85
    assert inside[:, 0].nonzero()[0].tolist() == list(range(14, 86))


def test_the_crop_stands_still_until_the_head_would_leave_it():
    spec = FrameSpec("1x1", 1.0, 256, face_scale=0.4)  # window 500 px, head about 320 high with hair
    sway = boxes_at([[640 + 40 * np.sin(t / 9), 340] for t in range(100)])
    assert np.ptp(crop_path(sway, SIZE, spec), axis=0) == pytest.approx([0, 0, 0])
    walk = boxes_at([[400 + 4 * t, 340] for t in range(100)])
    path = crop_path(walk, SIZE, spec)
    assert np.ptp(path[:, 0]) > 250
    assert np.ptp(path[:, 2]) == 0
    steps = np.diff(path[:, 0])
    assert steps.min() >= -1e-9
    assert steps.max() <= 4 + 1e-9  # never faster than the head


def test_invisible_frames_take_their_neighbours_window():
    boxes = boxes_at([[400 + 4 * t, 340] for t in range(100)])
    boxes[:5] = boxes[40:50] = np.nan
    path = crop_path(boxes, SIZE, FrameSpec("1x1", 1.0, 256, face_scale=0.4))
    assert np.isfinite(path).all()
    assert np.abs(np.diff(path[:, 0])).max() < 5


def test_a_point_projects_to_the_same_source_pixel_with_and_without_crop():
    camera = Camera.centred(*SIZE)
    point = np.array([3.0, -2.0, 70.0])
    x0, y0, scale = crop_path(boxes_at([[700, 300]]), SIZE, FrameSpec("4x5", 0.8, 320, face_scale=0.45))[0]
    u, v = camera.crop(x0, y0, scale, 256, 320).project(point)
    assert (x0 + u / scale, y0 + v / scale) == pytest.approx(tuple(camera.project(point)))


def test_slugs_tell_settings_apart():
    slugs = {
        FrameSpec("1x1", 1.0, 256).slug,
        FrameSpec("1x1", 1.0, 256, 0.4).slug,
        FrameSpec("1x1", 1.0, 256, 0.4, (0.0, 0.1)).slug,
        FrameSpec("1x1", 1.0, 512, 0.4).slug,
    }
    assert len(slugs) == 4
    assert FrameSpec("1x1", 1.0, 256, 0.4).slug == "1x1-h256-f0.4"


def test_what_to_type_for_a_canvas():
    assert FrameSpec("1x1", 1.0, 512).overrides == "frame=1x1"
    spec = FrameSpec("4x5", 0.8, 256, 0.4, (0.0, -0.1))
    assert spec.overrides == "frame=4x5 frame.height=256 frame.face_scale=0.4 frame.offset=[0,-0.1]"


@pytest.mark.parametrize(
    ("values", "key"),
    [
        ({"aspect": 556.0}, "aspect"),  # what YAML makes of an unquoted 9:16
        ({"height": 0}, "height"),
        ({"face_scale": 3.0}, "face_scale"),
        ({"face_scale": 0.1, "height": 64}, "fewer than 8"),
        ({"aspect": None, "face_scale": 0.4}, "native"),
    ],
)
def test_impossible_canvases_are_refused(values, key):
    with pytest.raises(BeaverError, match=key):
        FrameSpec(**{"name": "x", "aspect": 1.0, "height": 256, **values})


def test_no_face_anywhere_is_refused():
    with pytest.raises(BeaverError, match="No frame shows"):
        crop_path(np.full((5, 4), np.nan), SIZE, FrameSpec("1x1", 1.0, 256))
