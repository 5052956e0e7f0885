import numpy as np
import pytest
from foreign_models import write_front, write_gnm, write_ict

from beavervision.face.arkit import ABSENT, MIRRORED, SPLIT, WHOLE, arkit_fields, arkit_weights
from beavervision.face.arkit_names import ARKIT_NAMES
from beavervision.face.bfm import load_bfm
from beavervision.face.gnm import load_gnm
from beavervision.face.gpmm import load_gpmm
from beavervision.face.ict import load_ict
from beavervision.face.landmarks import MIRROR, N_MESH

OWN = load_gpmm()
OPPOSED = {"lower_lip_raise"}  # it undoes lower_lip_drop: where both act, only their difference is seen
ONE_SIDED = [shape for shape in OWN.semantic if shape not in OPPOSED]


def column(name):
    return ARKIT_NAMES.index(name)


def known_motion(frames=60):
    """Random activations of the built-in shapes, several at once, and their coefficients."""
    rng = np.random.default_rng(0)
    truth = {name: rng.uniform(0, 0.8, frames) * (rng.random(frames) < 0.25) for name in ONE_SIDED}
    return truth, sum(value[:, None] * OWN.semantic[name] for name, value in truth.items())


def test_names_are_the_52_and_built_in_shapes_and_absent_ones_together():
    assert len(ARKIT_NAMES) == len(set(ARKIT_NAMES)) == 52
    assert sorted([*arkit_fields(OWN), *ABSENT]) == sorted(ARKIT_NAMES)


def test_known_activations_of_the_built_in_face_are_found_again():
    truth, expression = known_motion()
    fit = arkit_weights(OWN, expression)
    assert fit.unexplained < 0.01
    wanted = {name: shape for name, shape in WHOLE.items() if shape in truth}
    wanted |= {f"{stem}{side}": shape for stem, shape in SPLIT.items() for side in ("Left", "Right")}
    for name, shape in wanted.items():
        # mouthLeft and a jaw to the left, mouthPucker and a press share directions: a tenth may change places.
        assert np.abs(fit.weights[:, column(name)] - truth[shape]).max() < 0.1, name
    off = [column(name) for name in (*ABSENT, *MIRRORED)]
    assert fit.weights[:, off].max() < 0.05


def test_a_mirrored_motion_has_mirrored_weights():
    left = arkit_weights(OWN, 0.6 * OWN.semantic["jaw_left"][None]).weights[0]
    right = arkit_weights(OWN, -0.6 * OWN.semantic["jaw_left"][None]).weights[0]
    assert (left[column("jawLeft")], right[column("jawRight")]) == pytest.approx((0.6, 0.6), abs=0.02)
    assert max(left[column("jawRight")], right[column("jawLeft")]) < 0.02
    halves = [arkit_fields(OWN)[f"mouthSmile{side}"] for side in ("Left", "Right")]
    np.testing.assert_allclose(sum(halves), np.tensordot(OWN.semantic["corners_up"], OWN.exp_basis, 1), atol=1e-9)
    # The built-in face is symmetric to 0.02 cm.
    np.testing.assert_allclose(halves[0][MIRROR[:N_MESH]] * [-1, 1, 1], halves[1], atol=0.02)


def test_weights_stay_within_their_bounds():
    rng = np.random.default_rng(1)
    fit = arkit_weights(OWN, 3 * rng.standard_normal((40, 64)))
    assert fit.weights.min() >= 0
    assert fit.weights.max() <= 1
    assert 0 < fit.unexplained < 1
    assert arkit_weights(OWN, np.zeros((2, 64))).unexplained == 0


def test_ict_gives_its_own_shapes_and_halves_are_joined(tmp_path):
    named = {"jaw_open": "jawOpen", "blink_left": "eyeBlink_L", "blink_right": "eyeBlink_R"}
    named |= {"lips_pucker": "browInnerUp_L", "lips_funnel": "browInnerUp_R"}  # any two: they act together
    model = load_ict(write_ict(tmp_path, named))
    assert sorted(model.arkit) == ["browInnerUp", "eyeBlinkLeft", "eyeBlinkRight", "jawOpen"]
    truth = np.array([[0.7, 0.0, 0.3, 0.5], [0.0, 1.0, 0.9, 0.1]])
    order = ["jawOpen", "eyeBlinkLeft", "eyeBlinkRight", "browInnerUp"]
    expression = truth @ np.stack([model.arkit[name] for name in order])
    fit = arkit_weights(model, expression)
    np.testing.assert_allclose(fit.weights[:, [column(name) for name in order]], truth, atol=2e-3)
    assert fit.unexplained < 2e-3


@pytest.mark.parametrize(("write", "load"), [(write_gnm, load_gnm), (write_front, load_bfm)])
def test_the_same_motion_on_another_model_has_the_same_weights(tmp_path, write, load):
    # Both files hold the built-in face's own expressions, so their coefficients are the same.
    _, expression = known_motion(12)
    own, other = (arkit_weights(model, expression) for model in (OWN, load(write(tmp_path))))
    assert np.abs(own.weights - other.weights).max() < 0.06
    assert other.unexplained < 0.05
