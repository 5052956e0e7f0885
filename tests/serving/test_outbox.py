"""Frames that wait for a slow client."""

from __future__ import annotations

import asyncio

import numpy as np

from beavervision.inference.live.frame import LiveFrame
from beavervision.serving.outbox import FrameOutbox


def frame(index: int, *, speaking: bool, fresh: bool = True) -> LiveFrame:
    image = np.full((4, 4, 3), index, np.uint8)
    return LiveFrame(index, index / 25, image, np.full(640, 0.1, np.float32), 16_000, speaking, fresh)


def taken(frames: list[LiveFrame]) -> tuple[list[tuple[int, bool]], int]:
    """Number of each frame and whether it has a picture, after a client came back; and pictures that were left out."""

    async def run() -> tuple[list[tuple[int, bool]], int]:
        outbox = FrameOutbox(pictures=3)
        for one in frames:
            outbox.put(one)
        found = [await outbox.take() for _ in range(len(outbox))]
        assert all(waiting.frame.image.size for waiting in found if waiting.pictured)
        return [(waiting.frame.index, waiting.pictured) for waiting in found], outbox.left_out

    return asyncio.run(run())


def test_of_late_frames_speech_keeps_its_sound_and_silence_is_left_out():
    # The first frame of a session is always sent; 3 and 4 are silent and late; 7 to 9 wait with their pictures.
    frames = [frame(i, speaking=i not in (3, 4)) for i in range(10)]
    found, left_out = taken(frames)
    assert found == [(i, i > 6) for i in (0, 1, 2, 5, 6, 7, 8, 9)]
    assert left_out == 7


def test_a_repeated_frame_brings_the_picture_that_was_left_out():
    frames = [frame(i, speaking=True, fresh=i == 0) for i in range(5)]
    assert taken(frames) == ([(0, False), (1, False), (2, True), (3, False), (4, False)], 0)
