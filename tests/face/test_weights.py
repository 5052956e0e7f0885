import numpy as np

from beavervision.face import landmarks as lm
from beavervision.face.fit_priors import landmark_weights, stable_landmarks
from beavervision.face.gpmm import load_gpmm


def test_weights_of_the_parts():
    weight = landmark_weights()
    assert weight[[159, 386]].tolist() == [20.0, 20.0]
    assert weight[[145, 33, 13, 1, 152]].tolist() == [3.0, 3.0, 5.0, 1.0, 0.1]


def test_stable_landmarks_hold_still_while_the_face_moves():
    model = load_gpmm()
    stable = stable_landmarks(model)
    assert len(stable) > 100
    assert not np.intersect1d(stable, np.r_[lm.LIPS, lm.BROWS.ravel(), lm.LID_MID_UPPER, lm.OVAL]).size
    for name in ("jaw_open", "blink_left", "brow_up_inner", "lips_pucker"):
        moved = np.tensordot(model.semantic[name], model.exp_basis[:, stable], 1)
        assert np.linalg.norm(moved, axis=1).mean() < 0.03
    assert set(lm.MIRROR[stable]) == set(stable)
