"""Real detectors on real pictures: the actor small, cut together, crossing, away."""

import cv2
import numpy as np
import pytest

from beavervision.preprocess.crop import SquareCrop
from beavervision.preprocess.face_detection import FaceFinder
from beavervision.preprocess.face_mesh import FaceMesh
from beavervision.preprocess.face_track import FaceTrack, landmark_box
from beavervision.preprocess.face_tracker import FaceTracker
from beavervision.preprocess.frame_visibility import classify_frames
from beavervision.preprocess.mediapipe_runtime import quiet_native
from beavervision.preprocess.reidentification import join_tracks
from beavervision.preprocess.shot_detection import detect_shots
from beavervision.synthetic.ground_truth import actor_truth, actor_video
from beavervision.types import VisibilityReason
from beavervision.video.decode import read_frames

HEAD = SquareCrop(640.0, 360.0, 620.0)
"""Head and shoulders of the actor in the footage."""


@pytest.fixture(scope="module")
def heads():
    """25 frames of the actor, head and shoulders, 320 px square."""
    return [HEAD.cut(frame.rgb, 320) for frame in read_frames(actor_video(), 25.0, 2.0, 3.0)]


@pytest.fixture(scope="module")
def eyes():
    """Detectors and mesh."""
    with quiet_native():
        yield FaceFinder(), FaceMesh()


def other(head):
    """Another person: mirrored, narrower, of another colour from top to toe."""
    narrow = cv2.resize(head[:, ::-1, ::-1], (250, 320), interpolation=cv2.INTER_AREA)
    return np.pad(narrow, ((0, 0), (35, 35), (0, 0)), mode="edge")


def room(size, grey=96):
    """An empty room with a window."""
    rgb = np.full((size[1], size[0], 3), grey, np.uint8)
    rgb[: size[1] // 3, : size[0] // 4] = (200, 220, 240)
    return rgb


def put(rgb, head, x, y):
    """The picture with a head's card at x, y; what lies beyond the border is lost."""
    x0, x1 = max(x, 0), min(x + head.shape[1], rgb.shape[1])
    if x0 < x1:
        rgb[y : y + head.shape[0], x0:x1] = head[: rgb.shape[0] - y, x0 - x : x1 - x]
    return rgb


def gathered(eyes, frames, segment=250):
    """People as `join_tracks` gives them, and cuts, of a film followed segment by segment."""
    tracks, signatures = [], []
    for first in range(0, len(frames), segment):
        tracker = FaceTracker(*eyes)
        for index in range(first, min(first + segment, len(frames))):
            tracker.step(index, frames[index])
        # as from disk
        tracks += [FaceTrack.from_arrays(track.to_arrays()) for track in tracker.tracks]
        signatures += tracker.signatures
    cuts = detect_shots(np.stack(signatures))
    return join_tracks(tracks, cuts.firsts), cuts


def follow(eyes, frames, segment=250):
    """Where everybody is, and cuts."""
    people, cuts = gathered(eyes, frames, segment)
    return [person.presence(len(frames)) for person in people], cuts


def spans(person):
    edges = np.flatnonzero(np.diff(np.concatenate([[0], person.seen.astype(int), [0]])))
    return edges.reshape(-1, 2).tolist()


@pytest.mark.parametrize("size", [(1280, 720), (720, 1280), (1720, 720)], ids=["16:9", "9:16", "21:9"])
def test_a_face_of_0_07_of_the_height_is_found_in_every_frame(eyes, heads, size):
    box = landmark_box(actor_truth().landmarks[50])
    share = (box[3] - box[1]) / HEAD.side  # of the card
    side = round(0.07 * size[1] / share)
    small = [cv2.resize(head, (side, side), interpolation=cv2.INTER_AREA) for head in heads[:8]]
    (person,), _ = follow(eyes, [put(room(size), head, size[0] * 5 // 7, size[1] // 3) for head in small])
    assert person.seen.all()
    assert person.height / size[1] == pytest.approx(0.07, rel=0.15)


def test_two_people_keep_their_identities_through_cuts_and_segments(eyes, heads):
    # A B A B, both in the same place; segments of 15 frames that end within shots
    shots = [
        [put(room((640, 360)), head, 160, 30) for head in heads[0:10]],
        [put(room((640, 360), grey=40)[:, ::-1].copy(), other(head), 160, 30) for head in heads[0:12]],
        [put(room((640, 360)), head, 160, 30) for head in heads[10:20]],
        [put(room((640, 360), grey=40)[:, ::-1].copy(), other(head), 160, 30) for head in heads[12:25]],
    ]
    people, cuts = follow(eyes, [frame for shot in shots for frame in shot], segment=15)
    assert cuts.firsts.tolist() == [10, 22, 32]
    assert sorted(spans(person) for person in people) == [[[0, 10], [22, 32]], [[10, 22], [32, 45]]]


def test_two_who_cross_keep_their_identities(eyes, heads):
    small = [cv2.resize(head, (200, 200), interpolation=cv2.INTER_AREA) for head in heads]
    frames = []
    for t, head in enumerate(small):
        frame = put(room((640, 240)), other(cv2.resize(head, (320, 320)))[60:260, 60:260], 420 - 17 * t, 40)
        frames.append(put(frame, head, 20 + 17 * t, 40))
    people, _ = follow(eyes, frames)
    assert len(people) == 2
    ways = []
    for person in people:
        assert person.seen[[0, -1]].all()
        x = person.box[person.seen, 0]
        ways.append(int(np.sign(x[-1] - x[0])))
        assert (np.diff(x) * ways[-1] > 0).mean() > 0.9
    assert sorted(ways) == [-1, 1]


def test_first_frames_without_a_face_and_a_face_that_comes_back(eyes, heads):
    large = (1280, 720)  # so that who comes and goes changes the picture little
    empty, there = [room(large)] * 7, [put(room(large), head, 480, 200) for head in heads]
    (person,), cuts = follow(eyes, empty + there[:9] + empty[:5] + there[9:20] + empty[:4])
    assert cuts.firsts.tolist() == []
    true = np.repeat([False, True, False, True, False], [7, 9, 5, 11, 4])
    changes = np.flatnonzero(np.diff(true.astype(int))) + 0.5
    clear = np.abs(np.arange(36)[:, None] - changes).min(1) > 2
    assert np.array_equal(person.seen[clear], true[clear])


def test_frames_too_blurred_to_use_are_told_exactly(eyes, heads):
    frames = [put(room((640, 360)), head, 160, 30) for head in heads[:16]]
    frames[6:9] = [cv2.blur(frame, (27, 1)) for frame in frames[6:9]]  # a fifth of the face's height
    frames[12] = cv2.blur(frames[12], (3, 3))
    ((person,), cuts) = gathered(eyes, frames)
    _, reason = classify_frames(person.landmarks(16), 640, 360, person.sharpness(16), cuts)
    assert np.flatnonzero(reason == VisibilityReason.BLURRED).tolist() == [6, 7, 8]
    assert (np.delete(reason, [6, 7, 8]) == VisibilityReason.VISIBLE).all()


def test_an_empty_film_shows_nobody(eyes):
    people, _ = follow(eyes, [room((640, 360))] * 4)
    assert people == []


def frames_of(path, start, end):
    return [frame.rgb for frame in read_frames(path, 25.0, start, end)]


@pytest.mark.footage
def test_interview_two_people_two_identities(eyes, footage):
    # a hand overlaps a chin; segments of 30 frames
    people, cuts = follow(eyes, frames_of(footage / "interview_17s_two_people_16x9.mp4", 1.0, 4.0), segment=30)
    assert cuts.firsts.tolist() == []
    assert len(people) == 2
    assert all(person.seen.all() for person in people)
    assert people[0].box[:, 2].max() < people[1].box[:, 0].min()


@pytest.mark.footage
def test_gestures_the_small_face_is_found_in_every_frame(eyes, footage):
    (person,), _ = follow(eyes, frames_of(footage / "gestures_20s_9x16_hevc.mp4", 5.0, 7.0))
    assert person.seen.all()
