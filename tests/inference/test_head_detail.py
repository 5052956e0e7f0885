import numpy as np

from beavervision.inference.head_detail import carry_head_detail, clear_of_occluders
from beavervision.types import Label


def test_with_the_footages_own_motion_the_footage_comes_back():
    rng = np.random.default_rng(0)
    source = rng.integers(0, 256, (60, 80, 3), dtype=np.uint8)
    made = source.copy()
    made[20:50, 30:60] = 128  # a renderer that knows no detail
    face = rng.uniform((30, 20), (60, 50), (68, 2))
    face[60:68] = (45, 35)
    labels = np.full((60, 80), Label.FACE, np.uint8)
    labels[40:50, 30:40] = Label.HAND
    found = carry_head_detail(made, made, source, (face, face), labels)
    np.testing.assert_array_equal(found[:20], source[:20])
    np.testing.assert_array_equal(found[22:30, 30:60], source[22:30, 30:60])
    np.testing.assert_array_equal(found[35, 45], made[35, 45])  # between the lips the footage says nothing
    np.testing.assert_array_equal(found[45, 32], made[45, 32])  # nor does a hand tell of the face


def test_occluders_have_a_soft_edge():
    labels = np.full((20, 20), Label.FACE, np.uint8)
    labels[:, 10:] = Label.OTHER
    clear = clear_of_occluders(labels)
    assert (clear[:, :5] == 1).all()
    assert (clear[:, 9:] == 0).all()  # the occluder and a pixel round it
    assert 0 < clear[0, 8] < 1
    assert (clear_of_occluders(np.zeros((4, 4), np.uint8)) == 1).all()
