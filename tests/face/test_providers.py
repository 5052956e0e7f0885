import pytest

from beavervision.errors import BeaverError
from beavervision.face.gpmm import load_gpmm
from beavervision.face.providers import load_face_model


def test_default_is_the_built_in_model():
    assert load_face_model() is load_gpmm()


def test_unknown_name_says_which_was_meant():
    with pytest.raises(BeaverError, match="did you mean gpmm"):
        load_face_model("gppm")
