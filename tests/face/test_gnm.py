import numpy as np
import pytest
from foreign_models import GNM_TEETH, write_gnm

from beavervision.errors import BeaverError
from beavervision.face.gnm import load_gnm, missing_gnm
from beavervision.face.gpmm import load_gpmm

OWN = load_gpmm()


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return load_gnm(write_gnm(tmp_path_factory.mktemp("gnm")))


def test_it_comes_out_in_head_space_with_its_teeth_behind_its_skin(model):
    assert (model.name, len(model.id_basis), len(model.exp_basis)) == ("gnm", 3, 64)
    assert model.mean.shape == (468 + GNM_TEETH + 68, 3)
    np.testing.assert_allclose(model.mean[:468], OWN.mean, atol=0.05)
    np.testing.assert_allclose(model.exp_basis[:, :468], OWN.exp_basis, atol=0.01)
    np.testing.assert_array_equal(model.triangles, OWN.triangles)
    assert np.linalg.norm(model.mean[model.landmarks468] - OWN.mean, axis=1).max() < 0.1


def test_landmarks_lie_inside_their_triangles_and_the_jaw_runs_from_right_to_left(model):
    # 98 % of the named vertex and 1 % of two neighbours that are at most 3 cm away.
    points = model.mean[model.landmarks68]
    np.testing.assert_allclose(points, OWN.mean[OWN.landmarks68], atol=0.1)
    assert points[0, 0] < points[4, 0] < points[8, 0] < points[12, 0] < points[16, 0]


def test_named_shapes_move_it_as_the_built_in_face(model):
    moved = np.tensordot(model.semantic["jaw_open"], model.exp_basis[:, model.landmarks468], 1)
    expected = np.tensordot(OWN.semantic["jaw_open"], OWN.exp_basis, 1)
    assert np.abs(moved - expected).max() < 0.1


@pytest.mark.parametrize("inside", ["gnm/shape/data/versions/v3_0", "v3_0"])
def test_files_are_found_where_a_checkout_has_them(tmp_path, inside):
    write_gnm(tmp_path)
    for name, place in (("gnm_head.npz", inside), ("head_sparse_68.txt", "gnm/shape/data/landmarks")):
        (tmp_path / place).mkdir(parents=True, exist_ok=True)
        (tmp_path / name).rename(tmp_path / place / name)
    assert missing_gnm(tmp_path) == []
    assert missing_gnm(tmp_path / "gnm") == ["gnm_head.npz", "head_sparse_68.txt"]


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"version": "2.1"}, r"is GNM head 2\.1; take version 3"),
        ({"expression_basis": None}, r"cannot be read .*expression_basis"),
        ({"vertex_group_names": ["hair", "teeth"]}, "has no vertex group skin"),
        ({"triangles": np.array([[0, 1, 9000]])}, "triangles name vertices beyond the 488"),
        ({"vertex_identity_basis": np.zeros((3, 5, 3))}, r"vertex_identity_basis is \(3, 5, 3\) and should be"),
        ({"version": np.array([{"a": 1}], dtype=object)}, "cannot be read"),  # pickled: never loaded
    ],
)
def test_another_file_is_one_sentence(tmp_path, changes, complaint):
    with pytest.raises(BeaverError, match=complaint):
        load_gnm(write_gnm(tmp_path, **changes))


def test_damaged_files_are_one_sentence(tmp_path):
    write_gnm(tmp_path)
    (tmp_path / "head_sparse_68.txt").write_text("1 0.5 2 0.5 3 0\n")
    with pytest.raises(BeaverError, match="does not place 68 landmarks on the 488 vertices"):
        load_gnm(tmp_path)
    (tmp_path / "gnm_head.npz").write_bytes(b"PK\x03\x04 no archive")
    with pytest.raises(BeaverError, match=r"gnm_head\.npz cannot be read"):
        load_gnm(tmp_path)
