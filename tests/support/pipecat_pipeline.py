"""A real Pipecat pipeline round our processor; run by Pipecat's own Python: `python pipecat_pipeline.py <url>`.

Prints what came out of the pipeline as JSON.
"""

from __future__ import annotations

import asyncio
import json
import math
import struct
import sys

from pipecat.frames.frames import (
    EndFrame,
    InterruptionFrame,
    OutputImageRawFrame,
    TTSAudioRawFrame,
    TTSStartedFrame,
    TTSStoppedFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.runner import PipelineRunner
from pipecat.pipeline.task import PipelineParams, PipelineTask
from pipecat.processors.frame_processor import FrameProcessor

from beavervision.integrations.pipecat import AvatarVideoProcessor

RATE = 24_000


class Collector(FrameProcessor):
    """Stands where the transport would."""

    def __init__(self) -> None:
        super().__init__()
        self.samples, self.loud, self.pictures, self.sizes, self.kinds = 0, 0, 0, set(), []

    async def process_frame(self, frame, direction) -> None:
        await super().process_frame(frame, direction)
        if isinstance(frame, TTSAudioRawFrame):
            values = struct.unpack(f"<{len(frame.audio) // 2}h", frame.audio)
            self.samples += len(values)
            self.loud += sum(abs(value) > 1000 for value in values)
        elif isinstance(frame, OutputImageRawFrame):
            self.pictures += 1
            self.sizes.add(frame.size)
        else:
            self.kinds.append(type(frame).__name__)
        await self.push_frame(frame, direction)


def speech(seconds: float) -> bytes:
    values = [round(8000 * math.sin(2 * math.pi * 300 * i / RATE)) for i in range(round(seconds * RATE))]
    return struct.pack(f"<{len(values)}h", *values)


async def until(condition) -> None:
    for _ in range(2000):
        if condition():
            return
        await asyncio.sleep(0.02)
    raise TimeoutError


async def main(url: str) -> None:
    collector = Collector()
    pipeline = Pipeline([AvatarVideoProcessor(url, "lamp"), collector])
    task = PipelineTask(pipeline, params=PipelineParams(audio_out_sample_rate=RATE))
    running = asyncio.create_task(PipelineRunner(handle_sigint=False).run(task))
    await until(lambda: collector.pictures > 3)
    content = speech(1.0)
    await task.queue_frames(
        [
            TTSStartedFrame(),
            *(TTSAudioRawFrame(content[i : i + 4800], RATE, 1) for i in range(0, len(content), 4800)),
            TTSStoppedFrame(),
        ]
    )
    await until(lambda: collector.loud > 0.85 * RATE)
    await asyncio.sleep(0.3)
    whole = collector.samples
    await task.queue_frames([TTSAudioRawFrame(content, RATE, 1) for _ in range(5)])
    await until(lambda: collector.samples > whole + 0.3 * RATE)
    await task.queue_frames([InterruptionFrame()])
    await asyncio.sleep(0.5)
    cut = collector.samples
    await asyncio.sleep(0.5)
    found = {
        "whole": whole / RATE,
        "after_interruption": (collector.samples - cut) / RATE,
        "before_interruption": (cut - whole) / RATE,
        "pictures": collector.pictures,
        "sizes": sorted(collector.sizes),
        "kinds": collector.kinds,
    }
    await task.queue_frames([EndFrame()])
    await asyncio.wait_for(running, 20)
    print(json.dumps(found))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
