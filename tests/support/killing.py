"""Prepares a clip without and with interruption: `python killing.py <video> <folder> <kills> <seed>`.

Each attempt is a fork of this process, so that libraries are imported once; nothing of MediaPipe has run before.
"""

import os
import random
import signal
import sys
import time
from pathlib import Path

from beavervision.preprocess import PrepareOptions, prepare, segments

segments.LENGTH = 5  # a short film has many segments then


def attempt(video: Path, folder: Path, workers: int) -> int:
    """Start preparing in a process of its own (and of its own group, so that its workers die with it)."""
    child = os.fork()
    if child:
        return child
    os.setpgrp()
    prepare(video, folder / "clip", PrepareOptions("film", end=0.8, workers=workers))
    os._exit(0)


def main() -> None:
    video, folder, kills, seed = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
    begun = time.monotonic()
    _, status = os.waitpid(attempt(video, folder / "whole", 0), 0)
    assert status == 0, "the uninterrupted run failed"
    took, moments = time.monotonic() - begun, random.Random(seed)
    for _ in range(kills):
        child = attempt(video, folder / "killed", 0)
        time.sleep(moments.uniform(0.05, 0.45) * took)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        found = sorted(path.name for path in (folder / "killed" / ".prepare").glob("*") if path.name[0] != ".")
        print(len(found), (folder / "killed" / "clip").exists(), flush=True)
    _, status = os.waitpid(attempt(video, folder / "killed", 0), 0)
    assert status == 0, "the last run failed"


if __name__ == "__main__":
    main()
