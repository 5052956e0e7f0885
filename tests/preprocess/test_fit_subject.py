import numpy as np
from faces import landmarks

from beavervision.face.gpmm import load_gpmm
from beavervision.preprocess.fit import agreed, fit_subject

SIZE = (640, 480)


def test_landmarks_meet_the_fitted_face_half_way():
    rng = np.random.default_rng(0)
    seen = (np.stack([landmarks()] * 6) + 0.5 * rng.normal(size=(6, 478, 3))).astype(np.float32)
    visible = np.arange(6) != 2
    fit = fit_subject(load_gpmm(), seen, visible, SIZE, 900.0)
    found = agreed(load_gpmm(), seen.copy(), fit, SIZE)
    moved = np.linalg.norm(found[:, :468, :2] - seen[:, :468, :2], axis=-1).mean(-1)
    np.testing.assert_allclose(moved[visible], 0.5 * fit.error_px[visible], rtol=1e-4)
    np.testing.assert_array_equal(found[2], seen[2])
    np.testing.assert_array_equal(found[..., 2], seen[..., 2])
    np.testing.assert_array_equal(found[:, 468:], seen[:, 468:])
