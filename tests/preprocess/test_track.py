import numpy as np
import pytest
from faces import landmarks

from beavervision.preprocess.face_track import FaceTrack, landmark_box


def track(n=6, first=10):
    faces = [landmarks((100 + 3 * t, 200 - 2 * t)) for t in range(n)]
    portraits = [np.full(72, t, np.float32) for t in range(n)]
    return FaceTrack(first, faces, [0.1 * t for t in range(n)], portraits, [0.9] * n)


def test_landmark_box_by_hand():
    points = np.zeros((478, 3))
    points[0], points[1] = (2, 3, 9), (8, 5, -9)
    assert landmark_box(points) == pytest.approx([0, 0, 8, 5])


def test_velocity_is_pixels_a_frame():
    assert track().velocity == pytest.approx([3, -2], abs=1e-3)
    assert track().velocity_at_first == pytest.approx([3, -2], abs=1e-3)
    assert track(1).velocity == pytest.approx([0, 0])


def test_split_keeps_every_frame_and_its_index():
    parts = track(6, first=10).split([5, 10, 12, 13, 16, 40])
    assert [(part.first, part.stop) for part in parts] == [(10, 12), (12, 13), (13, 16)]
    assert [part.portraits[0][0] for part in parts] == [0, 2, 3]
    assert np.array_equal(parts[2].landmarks[-1], track().landmarks[5])


def test_arrays_bring_the_same_track_back():
    arrays = track().to_arrays()
    assert {name: array.shape for name, array in arrays.items()} == {
        "first": (1,),
        "landmarks": (6, 478, 3),
        "sharpness": (6,),
        "portraits": (6, 72),
        "scores": (6,),
    }
    back = FaceTrack.from_arrays(arrays).to_arrays()
    assert all(np.array_equal(back[name], array) and back[name].dtype == array.dtype for name, array in arrays.items())


def test_shortened_tracks_end_before_that_index():
    one = track(6, first=10)
    one.shorten(13)
    assert (one.stop, len(one.sharpness), len(one.portraits)) == (13, 3, 3)


def test_what_was_not_measured_is_unknown():
    one = FaceTrack(0, [landmarks(), landmarks()])
    assert np.isnan(one.sharpness).all()
    assert not np.stack(one.portraits).any()
    assert one.scores == [0.0, 0.0]
