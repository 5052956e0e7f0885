import numpy as np
import pytest

from beavervision.errors import BeaverError
from beavervision.face.gpmm import load_gpmm
from beavervision.face.head_frame import into_head_space, without_similarity
from beavervision.face.pose import rotation_from_vector

OWN = load_gpmm()
TURN = rotation_from_vector(np.array([0.4, -2.0, 0.9]))


def test_turn_scale_and_shift_are_undone():
    moved = 250.0 * OWN.mean @ TURN.T + np.array([10.0, -700.0, 3.0])
    bases = (250.0 * basis @ TURN.T for basis in (OWN.id_basis, OWN.exp_basis))
    mean, identity, expression = into_head_space(moved, *bases, OWN.landmarks68, "a file")
    np.testing.assert_allclose(mean, OWN.mean, atol=1e-6)
    np.testing.assert_allclose(identity, OWN.id_basis, atol=1e-5)
    np.testing.assert_allclose(expression, OWN.exp_basis, atol=1e-5)


def test_a_mirrored_face_is_no_face():
    mirrored = OWN.mean * [1.0, 1.0, -1.0] * 3.0
    with pytest.raises(BeaverError, match="a file: its 68 landmarks do not look like a face"):
        into_head_space(mirrored, OWN.id_basis, OWN.exp_basis, OWN.landmarks68, "a file")


def test_identity_loses_what_the_pose_explains():
    grown, turned, shifted = 0.1 * OWN.mean, 0.02 * np.cross([0.0, 1.0, 0.0], OWN.mean), np.ones((468, 3))
    found = without_similarity(OWN.mean, np.stack([grown, turned, shifted, OWN.id_basis[0]]))
    np.testing.assert_allclose(found[:3], 0, atol=1e-5)
    np.testing.assert_allclose(found[3], OWN.id_basis[0], atol=1e-4)
