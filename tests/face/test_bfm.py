import numpy as np
import pytest
from foreign_models import write_front, write_parts

from beavervision.errors import BeaverError
from beavervision.face.bfm import FRONT, MESH_INDEX, PARTS, load_bfm, missing_bfm
from beavervision.face.camera import Camera
from beavervision.face.fit import fit_clip
from beavervision.face.gpmm import load_gpmm
from beavervision.face.openness import mouth_open
from beavervision.face.pose import rotation_angle, rotation_from_euler
from beavervision.face.projection import project

OWN = load_gpmm()
EXACT = 2e-4
"""cm; the files hold single precision."""


@pytest.fixture(scope="module", params=[write_front, write_parts])
def model(request, tmp_path_factory):
    return load_bfm(request.param(tmp_path_factory.mktemp("bfm")))


def test_either_form_comes_out_in_head_space(model):
    assert model.name == "bfm"
    assert (model.id_basis.shape, model.exp_basis.shape) == ((80, 468, 3), (64, 468, 3))
    np.testing.assert_allclose(model.mean, OWN.mean, atol=EXACT)
    np.testing.assert_allclose(model.exp_basis, OWN.exp_basis, atol=EXACT)
    np.testing.assert_allclose(model.id_basis, OWN.id_basis, atol=EXACT)
    np.testing.assert_array_equal(model.triangles, OWN.triangles)
    np.testing.assert_array_equal(model.landmarks68, OWN.landmarks68)


def test_landmarks_are_found_by_place_and_motion(model):
    np.testing.assert_array_equal(model.landmarks468, OWN.landmarks468)


def test_expressions_are_named_after_what_they_imitate(model):
    assert set(model.semantic) == set(OWN.semantic)
    for name in ("jaw_open", "blink_left", "lips_pucker"):
        moved = np.tensordot(model.semantic[name], model.exp_basis, 1)
        np.testing.assert_allclose(moved, np.tensordot(OWN.semantic[name], OWN.exp_basis, 1), atol=0.06)


def test_a_shuffled_mesh_is_matched_too(tmp_path):
    order = np.random.default_rng(1).permutation(468)
    found = load_bfm(write_front(tmp_path, permutation=order)).landmarks468
    np.testing.assert_array_equal(order[found], np.arange(468))


def test_the_index_of_genefaceplusplus_wins_where_it_names_a_vertex(tmp_path):
    index = np.full(468, -1)
    index[100] = 7
    np.save(write_front(tmp_path) / MESH_INDEX, index)
    found = load_bfm(tmp_path).landmarks468
    assert found[100] == 7
    assert (found == np.arange(468)).sum() == 467


def test_a_fit_finds_the_face_that_was_made_with_it(model):
    rng, camera = np.random.default_rng(0), Camera.centred(640, 640)
    time = np.arange(20) / 25
    euler = np.stack([0.3 * np.sin(5 * time), 0.1 * np.cos(4 * time), 0 * time], -1)
    rotation, translation = rotation_from_euler(euler), np.tile([0.0, 0.0, 70.0], (20, 1))
    expression = np.outer(0.4 + 0.4 * np.sin(9 * time), model.semantic["jaw_open"])
    points = model.vertices(0.3 * rng.normal(size=80), np.zeros(64)) + np.tensordot(expression, model.exp_basis, 1)
    pixels = project(points, rotation, translation, camera)[:, model.landmarks468]
    fit = fit_clip(model, pixels, camera)
    assert np.degrees(rotation_angle(fit.rotation, rotation)).max() < 0.5
    assert fit.error_px.max() < 0.1
    placed = model.vertices(fit.identity, np.zeros(64)) + np.tensordot(fit.expression, model.exp_basis, 1)
    found = mouth_open(project(placed, fit.rotation, fit.translation, camera)[:, model.landmarks468])
    np.testing.assert_allclose(found, mouth_open(pixels), atol=2e-3)


def test_what_is_missing_is_named(tmp_path):
    assert missing_bfm(tmp_path) == [FRONT]
    write_parts(tmp_path)
    (tmp_path / PARTS[1]).unlink()
    assert missing_bfm(tmp_path) == [PARTS[1]]
    write_front(tmp_path)
    assert missing_bfm(tmp_path) == []


@pytest.mark.parametrize("damage", [b"", b"MATLAB 5.0 MAT-file, cut short"])
def test_a_damaged_file_is_one_sentence(tmp_path, damage):
    (tmp_path / FRONT).write_bytes(damage)
    with pytest.raises(BeaverError, match=FRONT):
        load_bfm(tmp_path)


def test_what_is_no_face_is_refused(tmp_path):
    noise = np.random.default_rng(0).normal(size=(468, 3))
    with pytest.raises(BeaverError, match="do not look like a face"):
        load_bfm(write_front(tmp_path, mean=noise))
