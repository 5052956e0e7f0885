"""Avatar archives: what is packed comes out the same, and nothing else comes out."""

from __future__ import annotations

import json
import zipfile

import pytest
from safetensors.numpy import save_file
from stub_artifacts import stub_bundle

from beavervision.artifacts.archive import pack, unpack
from beavervision.artifacts.manifest import sha256_file
from beavervision.errors import ArtifactError, BeaverError
from beavervision.workflows.archive import pack_person

BUNDLE = "lower_face/default/bundle"


@pytest.fixture
def person(tmp_path):
    runs = tmp_path / "runs"
    for stage, run in (("audio2motion", "cpu_quick-init=none"), ("lower_face", "default")):
        folder = stub_bundle(runs / "anna" / stage / run / "bundle", stage)
        save_file({}, folder / "weights.safetensors")
        (folder / "config.yaml").write_text("a: 1\n")
    return runs / "anna"


@pytest.fixture
def archive(person, tmp_path):
    pack_person(person, tmp_path / "anna.bva")
    return tmp_path / "anna.bva"


def remade(archive, change, compression=zipfile.ZIP_STORED):
    """The archive with other content: `change` gets the manifest and the entries, and alters both."""
    with zipfile.ZipFile(archive) as file:
        entries = {name: file.read(name) for name in file.namelist()}
    manifest = json.loads(entries.pop("manifest.json"))
    change(manifest, entries)
    with zipfile.ZipFile(archive, "w", compression) as file:
        file.writestr("manifest.json", json.dumps(manifest))
        for name, content in entries.items():
            file.writestr(name, content)
    return archive


def refused(archive, tmp_path, match):
    def outside():
        return [path for path in sorted(tmp_path.rglob("*")) if path != tmp_path / "there"]

    before = outside()
    with pytest.raises(ArtifactError, match=match) as caught:
        unpack(archive, tmp_path / "there")
    assert "\n" not in str(caught.value)
    # Nothing is left behind, inside or outside; an empty folder of runs may be.
    assert outside() == before


def test_what_is_packed_comes_out_the_same(person, archive, tmp_path):
    found = unpack(archive, tmp_path / "there")
    assert found == tmp_path / "there" / "anna"
    packed, unpacked = (sorted(p.relative_to(root) for p in root.rglob("*") if p.is_file()) for root in (person, found))
    assert packed == unpacked
    assert all(sha256_file(person / path) == sha256_file(found / path) for path in packed)
    again = tmp_path / "again.bva"
    pack_person(person, again)
    assert again.read_bytes() == archive.read_bytes()


def test_it_unpacks_under_another_name_and_never_over_somebody(archive, tmp_path):
    assert unpack(archive, tmp_path / "runs", "berta").name == "berta"
    with pytest.raises(ArtifactError, match="anna exists already; give another name"):
        unpack(archive, tmp_path / "runs")


@pytest.mark.parametrize(
    "place",
    ["../evil.json", "/tmp/evil.json", f"{BUNDLE}/../../../evil.json", "lower_face\\..\\evil.json", f"{BUNDLE}/run.sh"],
)
def test_no_path_leads_out_and_no_program_comes_in(archive, tmp_path, place):
    def add(manifest, entries):
        entries[place] = b"{}"
        manifest["files"][place] = {"size": 2, "sha256": "0" * 64}

    refused(remade(archive, add), tmp_path, "is no place for a file of a bundle")


def test_a_compressed_bomb_is_refused_before_anything_is_written(archive, tmp_path):
    def bomb(manifest, entries):
        entries[f"{BUNDLE}/weights.safetensors"] = bytes(50 << 20)

    refused(remade(archive, bomb, zipfile.ZIP_DEFLATED), tmp_path, "compressed or encrypted")


def test_entries_that_overlap_are_refused(archive, tmp_path):
    """Many entries that share their bytes: stored, and yet more than the file has."""
    content = bytes(1 << 16)
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("a.json", content)
        for i in range(50):
            info = zipfile.ZipInfo(f"b{i}.json")
            info.file_size = info.compress_size = len(content)
            info.header_offset = info.CRC = 0
            file.filelist.append(info)
            file.NameToInfo[info.filename] = info
        file._didModify = True
    refused(archive, tmp_path, r"it unpacks to \d+ bytes and has \d+")


def test_a_changed_byte_and_unlisted_or_missing_files_are_refused(archive, tmp_path):
    def swap(manifest, entries):
        entries[f"{BUNDLE}/config.yaml"] = b"a: 2\n"

    refused(remade(archive, swap), tmp_path, r"config\.yaml is not the file that was packed")

    def hide(manifest, entries):
        entries["more.json"] = b"{}"

    refused(remade(archive, hide), tmp_path, "not those of its manifest: 'more.json'")

    def lose(manifest, entries):
        del entries["more.json"], entries[f"{BUNDLE}/config.yaml"]

    refused(remade(archive, lose), tmp_path, "not those of its manifest")


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda m, e: m.update(kind="clip"), "kind"),
        (lambda m, e: m.update(name="../anna"), "cannot be a folder"),
        (lambda m, e: m.update(files=[]), "files"),
        (lambda m, e: m.pop("files"), "files is missing"),
        (lambda m, e: m.update(extra=1), "extra is unknown"),
        (lambda m, e: m["files"].update({f"{BUNDLE}/config.yaml": {"size": -1, "sha256": "0"}}), "size"),
    ],
)
def test_a_malformed_manifest_is_one_sentence(archive, tmp_path, change, match):
    refused(remade(archive, change), tmp_path, match)


def test_a_bundle_of_another_stage_is_refused(person, tmp_path):
    pack(tmp_path / "odd.bva", "anna", [("syncnet", person / "lower_face/default/bundle")])
    refused(tmp_path / "odd.bva", tmp_path, "syncnet holds a bundle of 'lower_face'")


def test_files_that_are_no_archive_are_one_sentence(tmp_path, person):
    for name, content in (("a.bva", b"no zip"), ("b.bva", b""), ("c.bva", b"PK\x05\x06" + bytes(18))):
        (tmp_path / name).write_bytes(content)
        refused(tmp_path / name, tmp_path, "cannot be unpacked")
    refused(tmp_path / "none.bva", tmp_path, r"none\.bva not found")
    with pytest.raises(BeaverError, match=r"anna\.zip should end in \.bva"):
        pack_person(person, tmp_path / "anna.zip")
    with pytest.raises(BeaverError, match="nobody does not exist"):
        pack_person(tmp_path / "nobody", tmp_path / "x.bva")
