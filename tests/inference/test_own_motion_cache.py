"""What is kept of the footage's own motion, and that a film is the same with and without it."""

import numpy as np

from beavervision.artifacts.manifest import MANIFEST
from beavervision.inference import own_motion_cache
from beavervision.inference.own_motion_cache import OwnMotionCache


def bundle(folder, content="{}"):
    folder.mkdir(exist_ok=True)
    (folder / MANIFEST).write_text(content)
    return folder


def patch(value):
    return np.full((64, 64, 3), value, np.uint8)


def test_patches_are_kept_for_other_films(tmp_path):
    first = OwnMotionCache.beside(bundle(tmp_path / "bundle"), 64)
    assert first.get(3) is None
    first.put(3, patch(7))
    again = OwnMotionCache.beside(tmp_path / "bundle", 64)
    np.testing.assert_array_equal(again.get(3), patch(7))
    assert again.get(2) is None
    assert again.get(4) is None


def test_a_bundle_trained_again_begins_anew(tmp_path):
    OwnMotionCache.beside(bundle(tmp_path / "bundle"), 64).put(3, patch(7))
    later = OwnMotionCache.beside(bundle(tmp_path / "bundle", '{"trained": "again"}'), 64)
    assert later.get(3) is None
    later.put(0, patch(1))
    assert sorted(path.suffix for path in (tmp_path / "own_motion").iterdir()) == [".known", ".rgb"]


def test_a_file_has_a_largest_size(tmp_path, monkeypatch):
    monkeypatch.setattr(own_motion_cache, "MOST_BYTES", 5 * 3 * 64 * 64)
    cache = OwnMotionCache.beside(bundle(tmp_path / "bundle"), 64)
    cache.put(4, patch(1))
    cache.put(5, patch(1))
    assert cache.get(4) is not None
    assert cache.get(5) is None


def test_a_place_that_cannot_be_written_keeps_nothing(tmp_path):
    (tmp_path / "own_motion").write_text("no folder")
    cache = OwnMotionCache.beside(bundle(tmp_path / "bundle"), 64)
    cache.put(0, patch(1))
    assert cache.get(0) is None
