from __future__ import annotations

import os
import subprocess
import sys

from beavervision.artifacts.atomic_write import atomic_file, atomic_folder, remove_abandoned, temporary_sibling

WRITER = """
import sys
from pathlib import Path
from beavervision.artifacts.atomic_write import atomic_file, atomic_folder
target, who = Path(sys.argv[1]), sys.argv[2]
for turn in range(60):
    with atomic_folder(target / "crops") as part:
        for name in ("rgb", "labels"):
            (part / name).write_text(who * 1000)
    with atomic_file(target / "run.json") as part:
        part.write_text(who * 1000)
"""


def test_two_processes_write_the_same_names_and_one_of_them_stays_whole(tmp_path):
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, tmp_path, who]) for who in "ab"]
    assert [writer.wait(timeout=60) for writer in writers] == [0, 0]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["crops", "run.json"]
    texts = {(tmp_path / "crops" / name).read_text() for name in ("rgb", "labels")}
    assert texts in ({"a" * 1000}, {"b" * 1000})
    assert (tmp_path / "run.json").read_text() in ("a" * 1000, "b" * 1000)


def test_what_a_killed_process_left_is_cleared_by_the_next_writer(tmp_path):
    leave = (
        "import os, sys; from pathlib import Path;"
        "from beavervision.artifacts.atomic_write import atomic_file, atomic_folder;"
        "a = atomic_folder(Path(sys.argv[1]) / 'crops'); (a.__enter__() / 'half').write_text('half');"
        "b = atomic_file(Path(sys.argv[1]) / 'me.mp4'); b.__enter__().write_text('half'); os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", leave, tmp_path], check=False)
    assert len(list(tmp_path.iterdir())) == 2
    with atomic_folder(tmp_path / "crops") as part:
        (part / "whole").write_text("whole")
    with atomic_file(tmp_path / "me.mp4") as part:
        part.write_text("whole")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["crops", "me.mp4"]


def test_what_is_being_written_is_let_be(tmp_path):
    with atomic_folder(tmp_path / "crops") as first, atomic_folder(tmp_path / "crops") as second:
        assert first != second
        assert first.is_dir()
        elsewhere = tmp_path / f".crops.another_machine-{os.getpid()}-00000000.part"
        elsewhere.mkdir()
        remove_abandoned(tmp_path / "crops")
        assert first.is_dir()
        assert elsewhere.is_dir()


def test_a_name_keeps_its_suffix(tmp_path):
    name = temporary_sibling(tmp_path / "talk.mp4", "part")
    assert name.suffix == ".mp4"
    assert name.name.startswith(".talk.")
    assert name != temporary_sibling(tmp_path / "talk.mp4", "part")


def test_a_finished_cache_is_kept_because_others_read_it(tmp_path):
    """Two ranks fill the same cache: the second one to finish does not move what the first one already opened."""

    def complete(cache):
        return (cache / "data.npy").exists()

    with atomic_folder(tmp_path / "cache", complete) as late:
        with atomic_folder(tmp_path / "cache", complete) as early:
            (early / "data.npy").write_bytes(b"first")
        (late / "data.npy").write_bytes(b"second")
    assert (tmp_path / "cache" / "data.npy").read_bytes() == b"first"
    assert [path.name for path in tmp_path.iterdir()] == ["cache"]
    (tmp_path / "cache" / "data.npy").unlink()
    with atomic_folder(tmp_path / "cache", complete) as again:
        (again / "data.npy").write_bytes(b"third")
    assert (tmp_path / "cache" / "data.npy").read_bytes() == b"third"
