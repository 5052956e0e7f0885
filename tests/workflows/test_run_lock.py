from __future__ import annotations

import subprocess
import sys
import threading

import pytest

from beavervision.errors import BeaverError
from beavervision.workflows.run_folder import LOCK
from beavervision.workflows.run_lock import run_lock, wait_for_lock

HOLDER = "import sys, filelock; lock = filelock.FileLock(sys.argv[1]).acquire(); print('held', flush=True); input()"


def test_a_folder_is_free_again_when_its_holder_is_killed(tmp_path):
    words = [sys.executable, "-c", HOLDER, str(tmp_path / LOCK)]
    holder = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert holder.stdout.readline() == "held\n"
    with pytest.raises(BeaverError, match="is being trained by another command"), run_lock(tmp_path):
        pass
    holder.kill()
    holder.communicate()
    with run_lock(tmp_path):
        assert (tmp_path / LOCK).read_text().startswith("process ")


def test_who_wants_to_make_the_same_waits_and_finds_it_made(tmp_path):
    made, clip = [], tmp_path / "clip"

    def prepare() -> None:
        with wait_for_lock(clip):
            if not clip.exists():
                made.append(threading.get_ident())
                clip.mkdir()

    threads = [threading.Thread(target=prepare) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1


def test_nothing_is_left_where_nothing_was_made(tmp_path):
    with pytest.raises(BeaverError), wait_for_lock(tmp_path / "clip"):
        raise BeaverError("There is no footage.")
    assert list(tmp_path.iterdir()) == []
