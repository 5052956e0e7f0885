import numpy as np
import pytest

from beavervision.stages.postnet.lle import lle_refine, nearest, reconstruct, smoothed, weights


def test_nearest_by_hand():
    database = np.array([[0.0, 0], [1, 0], [0, 2], [5, 5]])
    assert nearest(np.array([[0.9, 0.1], [4.0, 4.0]]), database, 2).tolist() == [[1, 0], [3, 2]]


def test_weights_by_hand():
    # query 0.25 between 0 and 1: without a ridge (0.75, 0.25). Gram = [[z0 z0, z0 z1], [.., z1 z1]], z = (.25, -.75):
    # [[.0625, -.1875], [-.1875, .5625]], trace .625; ridge .1: + .03125 on the diagonal.
    # (G + r I) w = 1: w ~ (.59375 + .1875, .09375 + .1875) = (.78125, .28125), over 1.0625: (.735294, .264706)
    found = weights(np.array([[0.25]]), np.array([[[0.0], [1.0]]]), 0.1)
    np.testing.assert_allclose(found, [[0.735294, 0.264706]], atol=1e-6)


def test_weights_sum_to_one_and_ignore_a_common_shift():
    rng = np.random.default_rng(0)
    query, near = rng.standard_normal((5, 204)), rng.standard_normal((5, 10, 204))
    found = weights(query, near, 1e-2)
    np.testing.assert_allclose(found.sum(1), 1)
    np.testing.assert_allclose(weights(query + 7, near + 7, 1e-2), found, atol=1e-9)


def test_equal_neighbours_need_the_ridge():
    found = weights(np.array([[1.0, 1.0]]), np.zeros((1, 3, 2)), 1e-2)
    np.testing.assert_allclose(found, 1 / 3)
    found = weights(np.array([[0.0, 0.0]]), np.zeros((1, 3, 2)), 1e-2)  # the query is all of its neighbours
    np.testing.assert_allclose(found, 1 / 3)


def test_a_frame_of_the_database_is_rebuilt_as_itself():
    rng = np.random.default_rng(0)
    database = rng.standard_normal((40, 6))
    np.testing.assert_allclose(reconstruct(database[:4], database, 10, 1e-6), database[:4], atol=1e-3)


def test_percent_is_the_share_of_the_way():
    rng = np.random.default_rng(0)
    database, query = rng.standard_normal((40, 6)), rng.standard_normal((1, 6))
    target = reconstruct(query, database, 10, 1e-2)
    for percent in (0.0, 0.2, 1.0):
        np.testing.assert_allclose(lle_refine(query, database, percent), query + percent * (target - query), atol=1e-9)


def test_the_step_is_smoothed_over_time_and_a_closure_stays():
    # 1-D mouth openings; the database is open (1.0) or shut (0.0), and the query shuts for one frame: steps
    # -.2, -.2, 0, -.2, -.2 smoothed to -.2, -.15, -.1, -.15, -.2
    database = np.repeat([[0.0], [1.0]], 10, axis=0)
    found = lle_refine(np.array([[1.2], [1.2], [0.0], [1.2], [1.2]]), database, 1.0)
    np.testing.assert_allclose(found[:, 0], [1.0, 1.05, -0.1, 1.05, 1.0], atol=1e-9)


@pytest.mark.parametrize("frames", [1, 2, 3])
def test_short_motions_work(frames):
    database = np.random.default_rng(0).standard_normal((3, 6))  # fewer than K = 10
    assert lle_refine(np.zeros((frames, 6)), database, 0.2).shape == (frames, 6)


def test_smoothing_by_hand():
    assert smoothed(np.array([[0.0], [4.0], [0.0]]))[:, 0].tolist() == [1.0, 2.0, 1.0]
    assert smoothed(np.array([[3.0]]))[:, 0].tolist() == [3.0]


def test_blocks_leave_no_seams(monkeypatch):
    rng = np.random.default_rng(0)
    database, query = rng.standard_normal((30, 6)), rng.standard_normal((11, 6))
    whole = lle_refine(query, database, 0.5)
    monkeypatch.setattr("beavervision.stages.postnet.lle._BLOCK", 4)
    np.testing.assert_allclose(lle_refine(query, database, 0.5), whole, atol=1e-9)
