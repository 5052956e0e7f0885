import numpy as np

from beavervision.face.fit_priors import DEPTH_CM, DEPTH_PER_OPENING, LIP_PAIRS, expression_precision
from beavervision.face.gpmm import load_gpmm
from beavervision.face.landmarks import LIP_MID_LOWER, LIP_MID_UPPER

MODEL = load_gpmm()


def cost(expression):
    return expression @ expression_precision(MODEL) @ expression


def test_pairs_touch_when_the_mouth_is_shut():
    assert [LIP_MID_UPPER, LIP_MID_LOWER] in LIP_PAIRS.tolist()
    gap = MODEL.mean[LIP_PAIRS[:, 0]] - MODEL.mean[LIP_PAIRS[:, 1]]
    np.testing.assert_allclose(gap, 0, atol=1e-4)


def test_cost_by_hand():
    # Unit variance, and the sum over the pairs of ((depth apart - ratio x height apart) / deviation)^2.
    expression = np.random.default_rng(0).normal(size=64)
    moved = np.tensordot(expression, MODEL.exp_basis, 1)
    apart = moved[LIP_PAIRS[:, 0]] - moved[LIP_PAIRS[:, 1]]
    odd = (apart[:, 2] - DEPTH_PER_OPENING * apart[:, 1]) / DEPTH_CM
    np.testing.assert_allclose(cost(expression), (expression**2).sum() + (odd**2).sum(), rtol=1e-9)


def test_eyes_and_brows_cost_what_they_always_did():
    for name in ("blink_left", "wide_right", "brow_up_inner"):
        shape = MODEL.semantic[name]
        np.testing.assert_allclose(cost(shape), shape @ shape, rtol=0.02)
