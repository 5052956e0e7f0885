import numpy as np
import pytest
from faces import landmarks

from beavervision.preprocess.detect import FaceBox
from beavervision.preprocess.track import LOOK_EVERY, MISSES, FaceTracker, landmark_box

FRAME = np.zeros((480, 640, 3), np.uint8)


class World:
    """Stands for detector and mesh: faces at known places, seen where the square shows their centre."""

    def __init__(self):
        self.faces: list[np.ndarray] = []
        self.blind = False

    def place(self, *faces):
        self.faces = list(faces)

    def find(self, rgb, *, thorough=True):
        return [] if self.blind else [FaceBox(landmark_box(face), 0.9) for face in self.faces]

    def inside(self, rgb, square):
        return [box for box in self.find(rgb) if _holds(square, box.box.reshape(2, 2).mean(0), 0.5)]

    def landmarks(self, rgb, square):
        for face in self.faces:
            if _holds(square, landmark_box(face).reshape(2, 2).mean(0), 0.25):
                return face
        return None


def _holds(square, point, share):
    return max(abs(point[0] - square.x), abs(point[1] - square.y)) < share * square.side


def run(frames):
    """Tracks of a list of lists of faces."""
    world = World()
    tracker = FaceTracker(world, world)
    for index, faces in enumerate(frames):
        world.place(*faces)
        tracker.step(index, FRAME)
    return [(track.first, track.stop) for track in tracker.tracks]


def test_one_face_is_one_track():
    assert run([[landmarks((200 + 3 * t, 200))] for t in range(20)]) == [(0, 20)]


def test_a_face_that_leaves_and_comes_back_is_two_tracks_with_true_indices():
    there = [landmarks((200, 200))]
    assert run([there] * 8 + [[]] * 9 + [there] * 6) == [(0, 8), (17, 23)]


def test_first_and_last_frames_may_be_empty():
    assert run([[]] * 4 + [[landmarks()]] * 5 + [[]] * 3) == [(4, 9)]


def test_a_fast_face_is_followed():
    # 100 px a frame is more than its own width: the square alone would lose it
    assert run([[landmarks((100 + 100 * t, 200), eyes=60)] for t in range(5)]) == [(0, 5)]


def test_a_second_face_is_found_within_a_look():
    one, two = landmarks((150, 200)), landmarks((450, 200))
    tracks = run([[one]] * 3 + [[one, two]] * 12)
    assert tracks[0] == (0, 15)
    assert tracks[1][1] == 15
    assert 3 <= tracks[1][0] <= 3 + LOOK_EVERY


def test_faces_are_not_counted_twice():
    face = landmarks((300, 200))
    assert run([[face, face + 1.0]] * 12) == [(0, 12)]


def test_a_track_that_no_detector_confirms_ends():
    world = World()
    tracker = FaceTracker(world, world)
    world.place(landmarks())
    for index in range(40):
        world.blind = index > 2  # the mesh goes on seeing a face in what is none
        tracker.step(index, FRAME)
    assert tracker.tracks[0].stop <= 3 + LOOK_EVERY * (MISSES + 1)


def test_landmark_box_by_hand():
    points = np.zeros((478, 3))
    points[0], points[1] = (2, 3, 9), (8, 5, -9)
    assert landmark_box(points) == pytest.approx([0, 0, 8, 5])
