"""Memory of a head's training, on a clip and on a clip that is ten times as long.

`python benchmarks/head_memory.py [frames]` renders two clips of the actor at 160 x 120. It trains a head on each clip
for some steps of every phase, in separate processes, and prints the peak memory of each process (Linux):

- of its own: private memory that the process has allocated.
- mapped: memory-mapped pages of the cropped frames. The system releases these pages when it needs memory and reads them
  again from the disk, so they do not limit the length of the footage.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import lightning

from beavervision.face.framing import FrameSpec
from beavervision.stages.radnerf_head.data import HeadData
from beavervision.stages.radnerf_head.module import HeadModule
from beavervision.synthetic.miniature import miniature_clip
from beavervision.workflows.console_output import silence_libraries

FRAMES, LONGER = 70, 10
"""Frames of the shorter clip, enough for the 64 frames of the hull; and the factor of the longer clip."""
STEPS = 60
HEIGHT = 120
KINDS = {"of its own": "RssAnon", "mapped": "RssFile"}
"""Kind of memory -> its name in /proc."""


class Watch(lightning.Callback):
    """Records the peak memory of each kind at the end of the steps, MiB."""

    def __init__(self) -> None:
        self.most = dict.fromkeys(KINDS, 0.0)

    def on_train_batch_end(self, trainer: lightning.Trainer, *_: object) -> None:
        """Record the memory."""
        lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
        held = {line.split(":")[0]: line.split()[1] for line in lines if line.startswith("Rss")}
        for kind, name in KINDS.items():
            self.most[kind] = max(self.most[kind], int(held[name]) / 1024)


def head_data(clip: Path) -> HeadData:
    """The clip on its native canvas."""
    return HeadData(clip, FrameSpec("native", None, HEIGHT))


def measure(clip: Path) -> dict[str, float]:
    """Train a head of `clip` for STEPS steps in this process; return the peak memory by kind, MiB."""
    silence_libraries()
    data, watch = head_data(clip), Watch()
    data.setup("fit")
    trainer = lightning.Trainer(
        accelerator="cpu", max_steps=STEPS, max_epochs=-1, limit_val_batches=0, num_sanity_val_steps=0,
        callbacks=[watch], enable_checkpointing=False, enable_progress_bar=False, enable_model_summary=False,
        logger=False,
    )  # fmt: skip
    trainer.fit(HeadModule(**data.dimensions()), datamodule=data)
    return watch.most


def compare(frames: int) -> None:
    """Print a table: frames, private memory, memory-mapped pages, MiB."""
    with tempfile.TemporaryDirectory() as folder:
        print(f"{'frames':>8}" + "".join(f"{kind:>16}" for kind in KINDS))
        for count in (frames, frames * LONGER):
            clip = miniature_clip(Path(folder) / f"clip_{count}", n_frames=count).folder
            # In this process, so that the memory for cropping is not counted as training.
            head_data(clip).prepare_data()
            told = subprocess.run(
                [sys.executable, __file__, "--of", str(clip)], check=True, capture_output=True, text=True
            ).stdout
            held = json.loads(told.splitlines()[-1])
            print(f"{count:>8}" + "".join(f"{held[kind]:>12.0f} MiB" for kind in KINDS), flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--of"]:
        print(json.dumps(measure(Path(sys.argv[2]))))
    else:
        compare(int(sys.argv[1]) if sys.argv[1:] else FRAMES)
