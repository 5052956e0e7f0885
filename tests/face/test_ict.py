import numpy as np
import pytest
from foreign_models import ICT_SHAPES, write_ict

from beavervision.errors import BeaverError
from beavervision.face.gpmm import load_gpmm
from beavervision.face.ict import ACTIVATION, load_ict, missing_ict

OWN = load_gpmm()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_ict(tmp_path_factory.mktemp("ict"))


@pytest.mark.parametrize("inside", ["", "FaceXModel"])
def test_either_folder_comes_out_in_head_space(folder, inside):
    model = load_ict(folder / inside)
    assert (model.name, model.id_basis.shape, model.exp_basis.shape) == ("ict", (2, 468, 3), (7, 468, 3))
    np.testing.assert_allclose(model.mean, OWN.mean, atol=1e-6)
    np.testing.assert_allclose(model.id_basis, OWN.id_basis[:2], atol=1e-5)
    np.testing.assert_array_equal(model.landmarks468, np.arange(468))
    np.testing.assert_array_equal(model.triangles, OWN.triangles)


def test_a_shape_at_full_activation_is_a_coefficient_of_one_over_its_deviation(folder):
    model = load_ict(folder)
    for i, name in enumerate(ICT_SHAPES):
        expected = np.zeros(7)
        expected[i] = 1 / ACTIVATION
        np.testing.assert_allclose(model.semantic[name], expected, atol=0.25)


def test_what_is_missing_or_cut_short_is_named(tmp_path):
    assert missing_ict(tmp_path) == ["generic_neutral_mesh.obj", "vertex_indices.json", "identity000.obj"]
    inside = write_ict(tmp_path) / "FaceXModel"
    (inside / "jaw_open.obj").unlink()
    assert missing_ict(tmp_path) == ["jaw_open.obj"]
    (inside / "jaw_open.obj").write_text("v 1 2 3\n")
    with pytest.raises(BeaverError, match=r"has 1 vertices of the head, generic_neutral_mesh\.obj has 468"):
        load_ict(tmp_path)
    (inside / "jaw_open.obj").write_text("v 1 2 x\n")
    with pytest.raises(BeaverError, match=r"jaw_open\.obj cannot be read"):
        load_ict(tmp_path)
    (inside / "vertex_indices.json").write_text("{}")
    with pytest.raises(BeaverError, match=r"vertex_indices\.json cannot be read"):
        load_ict(tmp_path)
