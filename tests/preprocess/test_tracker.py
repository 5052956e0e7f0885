import numpy as np
import pytest
from faces import landmarks

from beavervision.preprocess.face_detection import FaceBox
from beavervision.preprocess.face_track import landmark_box
from beavervision.preprocess.face_tracker import LOOK_EVERY, MAX_FACES, MISSES, SEARCH_EVERY, FaceTracker
from beavervision.preprocess.reidentification import join_tracks

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

    def inside(self, rgb, square, confidence=0.5):
        return [box for box in self.find(rgb) if _holds(square, box.box.reshape(2, 2).mean(0), 0.5)]

    def landmarks(self, rgb, square):
        for face in self.faces:
            if _holds(square, landmark_box(face).reshape(2, 2).mean(0), 0.25):
                return face
        return None


def _holds(square, point, share):
    return max(abs(point[0] - square.x), abs(point[1] - square.y)) < share * square.side


def follow(frames, pictures=None):
    """Tracker that has seen a list of lists of faces."""
    world = World()
    tracker = FaceTracker(world, world)
    for index, faces in enumerate(frames):
        world.place(*faces)
        tracker.step(index, FRAME if pictures is None else pictures[index])
    return tracker


def run(frames):
    """(first, stop) of the tracks of a list of lists of faces."""
    return [(track.first, track.stop) for track in follow(frames).tracks]


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


def test_a_face_inside_a_face_is_none():
    assert run([[landmarks((300, 200), eyes=120), landmarks((310, 210), eyes=30)]] * 6) == [(0, 6)]


def test_a_track_ends_where_a_detector_last_confirmed_it():
    world = World()
    tracker = FaceTracker(world, world)
    world.place(landmarks())
    for index in range(40):
        world.blind = index > LOOK_EVERY  # the mesh goes on seeing a face in what is none
        tracker.step(index, FRAME)
    assert (tracker.tracks[0].first, tracker.tracks[0].stop) == (0, LOOK_EVERY + 1)
    assert len(tracker.tracks) == 1
    assert MISSES * LOOK_EVERY < 40


def test_tracks_end_where_the_picture_jumps():
    face, rng = landmarks(), np.random.default_rng(0)
    one, other = (np.repeat(np.repeat(rng.integers(0, 256, (12, 16, 3), np.uint8), 40, 0), 40, 1) for _ in range(2))
    tracker = follow([[face]] * 10, [one] * 4 + [other] * 6)
    assert [(track.first, track.stop) for track in tracker.tracks] == [(0, 4), (4, 10)]
    assert len(tracker.signatures) == 10


def test_no_more_faces_than_can_be_followed_and_the_largest_first():
    crowd = [landmarks((50 + 75 * i, 240), eyes=20 + i) for i in range(MAX_FACES + 2)]
    tracker = follow([crowd] * 4)
    assert len(tracker.tracks) == MAX_FACES
    assert min(np.ptp(track.landmarks[0][:, 0]) for track in tracker.tracks) > np.ptp(crowd[1][:, 0])


@pytest.mark.parametrize("front", ["walks right", "walks left"])
def test_two_who_cross_do_not_change_places(front):
    frames = []
    for t in range(80):
        right = landmarks((100 + 5 * t, 220), identity=person(1))
        left = landmarks((540 - 5 * t, 220), identity=person(2))
        before, behind = (right, left) if front == "walks right" else (left, right)
        frames.append([before] if abs(440 - 10 * t) < 110 else [before, behind])
    people = join_tracks(follow(frames).tracks)
    assert len(people) == 2
    for who in people:
        steps = np.diff(np.concatenate([np.stack(track.landmarks)[:, 4, 0] for track in who.tracks]))
        assert (steps > 0).all() or (steps < 0).all()
        assert (who.tracks[0].first, who.tracks[-1].stop) == (0, 80)


def test_a_small_face_that_no_look_at_the_whole_shows_is_found_by_the_search():
    class Far(World):
        def find(self, rgb, *, thorough=True):
            return super().find(rgb) if thorough else super().find(rgb)[:1]

    world = Far()
    tracker = FaceTracker(world, world)
    one, two = landmarks((150, 200)), landmarks((450, 200), eyes=20)
    for index in range(SEARCH_EVERY + 5):
        world.place(*([one, two] if index > 1 else [one]))
        tracker.step(index, FRAME)
    assert [(track.first, track.stop) for track in tracker.tracks] == [
        (0, SEARCH_EVERY + 5),
        (SEARCH_EVERY, SEARCH_EVERY + 5),
    ]


def person(seed):
    return np.random.default_rng(seed).normal(size=80)
