import numpy as np
import pytest
from faces import landmarks

from beavervision.preprocess.appearance_signature import FaceSignature, signature_distance, signature_distances

NO_COLOURS, GREY = np.zeros(72, np.float32), np.tile(np.eye(8, dtype=np.float32)[3], 9)


def look(who, n=20, colours=NO_COLOURS, seed=0):
    rng = np.random.default_rng(seed)
    turns = np.radians(rng.uniform(-20, 20, (n, 3)))
    identity = np.random.default_rng(who).normal(size=80)
    faces = [landmarks(rng.uniform(0, 500, 2), rng.uniform(30, 90), turn, identity) for turn in turns]
    return FaceSignature.of(faces, [colours] * n)


def test_pose_size_and_place_do_not_count():
    assert signature_distance(look(1, seed=0), look(1, seed=1)) < 0.2


def test_another_face_is_another_look():
    assert signature_distance(look(1), look(2)) > 1


def test_few_frames_are_trusted_less():
    assert signature_distance(look(1, n=1), look(2, n=1)) < signature_distance(look(1, n=40), look(2, n=40))


def test_colours_count_as_much_as_shape():
    red = np.tile(np.eye(8, dtype=np.float32)[6], 9)
    # shape the same, colours with nothing in common: sqrt((0 + (1 / 0.2)^2) / 2) = 3.5
    assert signature_distance(look(1, colours=GREY), look(1, colours=red)) == pytest.approx(3.54, abs=0.01)
    assert signature_distance(look(1, colours=GREY), look(1, colours=NO_COLOURS)) == pytest.approx(0, abs=0.01)


def test_all_differences_at_once_are_the_single_ones():
    left, right = [look(1, 5), look(2, 30)], [look(3), look(1, colours=GREY), look(2)]
    table = signature_distances(left, right)
    assert table.shape == (2, 3)
    assert table[1, 2] == pytest.approx(signature_distance(left[1], right[2]))
