"""Films are signed as the last step of writing them, whole or not at all."""

from __future__ import annotations

import hashlib
import io
import json
import stat
from pathlib import Path

import av
import c2pa
import numpy as np
import pytest
from media_bytes import media_bytes
from PIL import Image

from beavervision import __version__
from beavervision.errors import BeaverError
from beavervision.provenance.film_record import FILM_ASSERTION, FilmRecord
from beavervision.provenance.film_signer import FilmSigner
from beavervision.provenance.listing import HashingPipe, folder_listing
from beavervision.provenance.signing_key import SigningKey, key_folder, signing_key
from beavervision.video.boxes import top_boxes
from beavervision.video.writers import film_writer


def manifest(path: Path) -> dict:
    with c2pa.Reader(str(path)) as reader:
        assert reader.get_validation_state() == "Valid"  # untrusted: no anchor is given
        return reader.get_active_manifest()


def assertion(found: dict, label: str) -> dict:
    (data,) = (one["data"] for one in found["assertions"] if one["label"] == label)
    return data


@pytest.mark.parametrize("name", ["talk.mp4", "talk.mov"])
def test_a_film_carries_its_credentials(shoot, tmp_path, name):
    found = manifest(shoot(tmp_path / name))
    (generator,) = found["claim_generator_info"]
    assert (generator["name"], generator["version"]) == ("beavervision", __version__)
    (action,) = assertion(found, "c2pa.actions.v2")["actions"]
    assert action["action"] == "c2pa.created"
    assert action["digitalSourceType"].endswith("/trainedAlgorithmicMedia")
    facts = assertion(found, FILM_ASSERTION)
    assert facts["people"][0]["bundles"] == {"radnerf_head": "ab" * 32}
    assert facts["consent"] == "no consent record"
    assert [path.name for path in tmp_path.iterdir()] == [name]  # no sidecar, no temporary file


def test_a_dub_names_its_footage_and_keeps_its_credentials(shoot, film, tmp_path):
    picture = io.BytesIO()
    Image.new("RGB", (32, 18), (200, 10, 10)).save(picture, "JPEG")
    record = FilmRecord("dub", footage=film, footage_sha256="ef" * 32, thumbnail=picture.getvalue())
    dub = shoot(tmp_path / "dub.mp4", record)
    found = manifest(dub)
    actions = assertion(found, "c2pa.actions.v2")["actions"]
    assert [one["action"] for one in actions] == ["c2pa.opened", "c2pa.edited"]
    assert actions[1]["digitalSourceType"].endswith("/compositeWithTrainedAlgorithmicMedia")
    (parent,) = found["ingredients"]
    assert (parent["title"], parent["relationship"]) == ("talk.mp4", "parentOf")
    assert parent["description"] == f"sha256 {'ef' * 32}"
    with c2pa.Reader(str(dub)) as reader:
        content = io.BytesIO()
        reader.resource_to_stream(parent["thumbnail"]["identifier"], content)
        assert content.getvalue() == picture.getvalue()
        kept = json.loads(reader.json())["manifests"]
    assert parent["active_manifest"] in kept
    assert len(kept) == 2


def test_footage_that_c2pa_cannot_read_is_named_all_the_same(shoot, tmp_path):
    footage = tmp_path / "old.mp4"
    footage.write_bytes(b"no film at all")
    found = manifest(shoot(tmp_path / "dub.mp4", FilmRecord("dub", footage=footage, footage_sha256="ef" * 32)))
    assert found["ingredients"][0]["title"] == "old.mp4"


def test_webm_and_pictures_get_a_sidecar(shoot, key, tmp_path):
    shoot(tmp_path / "talk.webm")
    sidecar = (tmp_path / "talk.c2pa").read_bytes()
    with (tmp_path / "talk.webm").open("rb") as stream:
        found = c2pa.Reader("video/webm", stream, manifest_data=sidecar)
    assert found.get_validation_state() == "Valid"
    shoot(tmp_path / "takes")
    sidecar = (tmp_path / "takes.c2pa").read_bytes()
    listed = folder_listing(tmp_path / "takes")
    first = (tmp_path / "takes/00000.png").read_bytes()
    assert listed.splitlines()[0].decode() == f"{hashlib.sha256(first).hexdigest()}  00000.png"  # as sha256sum has it
    assert len(listed.splitlines()) == 9  # eight pictures and the sound
    found = c2pa.Reader("text/plain", io.BytesIO(listed), manifest_data=sidecar)
    assert found.get_validation_state() == "Valid"


def test_a_pipe_is_hashed_as_it_is_written(shoot):
    pipe = io.BytesIO()
    through = HashingPipe(pipe)
    shoot(through)
    assert through.sha256 == hashlib.sha256(pipe.getvalue()).hexdigest()
    with av.open(io.BytesIO(pipe.getvalue())) as film:
        assert "AI-generated" in film.metadata["comment"]


def test_signing_changes_no_picture_and_no_sample(shoot, film, tmp_path):
    again, plain = shoot(tmp_path / "again.mp4"), shoot(tmp_path / "plain.mp4", signed=False)
    assert shoot(tmp_path / "twin.mp4", signed=False).read_bytes() == plain.read_bytes()
    assert again.read_bytes() != film.read_bytes()  # a signature never comes twice
    assert media_bytes(again) == media_bytes(film)
    assert [box.kind for box in top_boxes(plain)] == ["ftyp", "moov", "free", "mdat"]
    decoded = []
    for path in (film, plain):
        with av.open(str(path)) as opened:
            decoded.append([frame.to_ndarray() for frame in opened.decode(video=0)])
            assert opened.metadata.get("comment", "").startswith("AI-generated") == (path == film)
    assert all((a == b).all() for a, b in zip(*decoded, strict=True))


def test_what_cannot_be_signed_leaves_nothing(shoot, key, tmp_path):
    broken = FilmSigner(FilmRecord("avatar"), SigningKey(b"no key", key.chain_pem, "es256"))
    for name in ("film.mp4", "film.webm", "takes"):
        options = {"crf": None, "preset": "ultrafast", "signer": broken}
        with pytest.raises(BeaverError, match=r"cannot be signed .*provenance=off"):  # noqa: SIM117
            with film_writer(tmp_path / name, 64, 48, 25.0, **options) as film:
                film.write(np.zeros((48, 64, 3), np.uint8))
    assert list(tmp_path.iterdir()) == []


def test_the_key_is_made_once_and_is_nobody_elses(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    first, second = signing_key(), signing_key()
    assert first.made_now == key_folder()
    assert second.made_now is None
    assert first.key_pem == second.key_pem
    assert "PRIVATE" not in repr(first)
    assert {stat.S_IMODE(path.stat().st_mode) for path in key_folder().iterdir()} == {0o600}
    assert stat.S_IMODE(key_folder().stat().st_mode) == 0o700
