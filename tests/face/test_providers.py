import pytest
from foreign_models import write_front, write_gnm, write_ict

from beavervision.errors import BeaverError
from beavervision.face.gpmm import load_gpmm
from beavervision.face.model_registry import load_face_model, remember_folder


@pytest.fixture
def nowhere(monkeypatch):
    for name in ("BEAVERVISION_BFM", "BEAVERVISION_ICT", "BEAVERVISION_GNM"):
        monkeypatch.setenv(name, "")
    return monkeypatch


def test_gpmm_is_the_default_and_loaded_once():
    assert load_face_model() is load_gpmm()


def test_typo_gets_a_suggestion():
    with pytest.raises(BeaverError, match="face_model=gppm does not exist; did you mean gpmm"):
        load_face_model("gppm")


@pytest.mark.parametrize(("name", "write"), [("bfm", write_front), ("ict", write_ict), ("gnm", write_gnm)])
def test_a_model_is_found_where_its_folder_was_remembered_and_read_once(nowhere, tmp_path, name, write):
    remember_folder(name, write(tmp_path))
    assert load_face_model(name).name == name
    assert load_face_model(name) is load_face_model(name)


@pytest.mark.parametrize(
    ("name", "where"), [("bfm", "faces.dmi.unibas.ch"), ("ict", "ICT-FaceKit"), ("gnm", "google/GNM")]
)
def test_no_folder_and_an_empty_one_say_what_to_do(nowhere, tmp_path, name, where):
    with pytest.raises(BeaverError, match=rf"{where}.*face_model={name} face_model.folder="):
        load_face_model(name)
    remember_folder(name, tmp_path)
    with pytest.raises(BeaverError, match=rf"{tmp_path} lacks .* of face model {name}; .*{where}"):
        load_face_model(name)
