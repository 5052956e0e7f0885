import numpy as np
import pytest

from beavervision.artifacts import arrays as arrays_module
from beavervision.artifacts.arrays import load_arrays, save_arrays
from beavervision.artifacts.atomic_write import atomic_file, atomic_folder
from beavervision.artifacts.clip import ClipFacts
from beavervision.artifacts.manifest import Manifest
from beavervision.artifacts.motion import FILE, Motion, MotionFacts
from beavervision.errors import BeaverError


def test_atomic_folder_replaces_whole(tmp_path):
    target = tmp_path / "out"
    for text in ("first", "second"):
        with atomic_folder(target) as part:
            (part / text).write_text(text)
    assert [p.name for p in target.iterdir()] == ["second"]


def test_atomic_folder_leaves_nothing_on_failure(tmp_path):
    def write():
        with atomic_folder(tmp_path / "out") as part:
            (part / "half").write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write()
    assert list(tmp_path.iterdir()) == []


def test_atomic_file_leaves_nothing_on_failure(tmp_path):
    def write():
        with atomic_file(tmp_path / "out.txt") as part:
            part.write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        write()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("context", [atomic_folder, atomic_file])
def test_unwritable_place_is_one_sentence(context, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(BeaverError, match="cannot be written"), context(tmp_path / "file" / "below") as part:
        part.write_text("x")


def test_motion_round_trip(tmp_path):
    motion = Motion(np.ones((3, 64), np.float32), 25.0, blink=np.zeros(3, np.float32))
    motion.save(tmp_path / "motion")
    again = Motion.load(tmp_path / "motion")
    assert again.fps == 25.0
    assert again.rotation is None
    assert np.array_equal(again.expression, motion.expression)
    assert np.array_equal(again.blink, motion.blink)


def test_motion_says_what_is_wrong(tmp_path):
    with pytest.raises(BeaverError, match="is not a motion"):
        Motion.load(tmp_path)
    Motion(np.ones((3, 64), np.float32), 25.0).save(tmp_path / "motion")
    (tmp_path / "motion" / FILE).write_bytes(b"nonsense")
    with pytest.raises(BeaverError, match="make the motion again"):
        Motion.load(tmp_path / "motion")


def test_fields_are_checked_against_the_manifest(tmp_path):
    folder = tmp_path / "motion"
    Motion(np.ones((3, 64), np.float32), 25.0).save(folder)
    text = (folder / "manifest.json").read_text().replace("64", "63")
    (folder / "manifest.json").write_text(text)
    with pytest.raises(BeaverError, match=r"should be float32 \(3, 63\)"):
        Motion.load(folder)


def test_kinds_are_kept_apart(tmp_path):
    Motion(np.ones((3, 64), np.float32), 25.0).save(tmp_path / "motion")
    with pytest.raises(BeaverError, match="is a motion, not a clip"):
        Manifest.read(tmp_path / "motion", ClipFacts)


def test_large_arrays_are_mapped_and_the_same(tmp_path, monkeypatch):
    arrays = {
        "a": np.arange(6, dtype=np.float32).reshape(2, 3),
        "b": np.array([True, False, True]),
        "c": np.array([3, -1], np.int64),
        "d": np.zeros((0, 4), np.uint8),
        "e": np.array([0.5, np.nan]),
    }
    specs = save_arrays(tmp_path, "x.safetensors", arrays, {})
    facts = MotionFacts(fps=25.0, basis="gpmm", n_frames=2)
    manifest = Manifest(kind="motion", schema_version=1, producer="", facts=facts, fields=specs, inputs={})
    read = load_arrays(tmp_path, manifest, "x.safetensors")
    monkeypatch.setattr(arrays_module, "LARGE", 0)
    mapped = load_arrays(tmp_path, manifest, "x.safetensors")
    for name, array in arrays.items():
        assert mapped[name].dtype == read[name].dtype == array.dtype
        np.testing.assert_array_equal(mapped[name], array)
        np.testing.assert_array_equal(read[name], array)
    assert isinstance(mapped["a"], np.memmap)
    (tmp_path / "x.safetensors").write_bytes((tmp_path / "x.safetensors").read_bytes()[:-8])
    with pytest.raises(BeaverError, match=r"x\.safetensors cannot be read"):
        load_arrays(tmp_path, manifest, "x.safetensors")
