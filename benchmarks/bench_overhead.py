"""Overhead of the framework: a training step with Lightning, callbacks and loggers, against a plain PyTorch step.

`python benchmarks/bench_overhead.py [rounds]` prints the median time of both steps and the overhead.
`python benchmarks/bench_overhead.py startup [runs]` prints the seconds from the command to the first step on the actor.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import lightning
import torch
from lightning.pytorch.loggers import CSVLogger, TensorBoardLogger

from beavervision.callbacks.checkpoint import LastCheckpoint
from beavervision.callbacks.dashboard import Dashboard
from beavervision.callbacks.learning_rates import LearningRates
from beavervision.callbacks.media import MediaFiles
from beavervision.callbacks.random_state import RandomState
from beavervision.callbacks.stop import GracefulStop
from beavervision.callbacks.throughput import Throughput
from beavervision.config.stage_graph import CHAIN
from beavervision.face.framing import FrameSpec
from beavervision.stages.audio2motion.data import Audio2MotionData
from beavervision.stages.audio2motion.module import Audio2Motion
from beavervision.stages.base import StageData, StageModule
from beavervision.stages.radnerf_head.data import HeadData
from beavervision.stages.radnerf_head.module import HeadModule
from beavervision.synthetic.miniature import miniature_clip
from beavervision.workflows.console_output import silence_libraries

STEPS, WARM = 60, 10
"""Steps per round, and how many of them are warm-up."""
ROUNDS = 3
NEVER = 10**9


def audio2motion(clip: Path) -> tuple[StageModule, StageData]:
    """audio2motion with the networks of experiment=cpu_quick."""
    data = Audio2MotionData(clip, {"kind": "mel"}, augmented_copies=2)
    data.setup("fit")
    small = {"hidden": 64, "condition": 64, "branch": 16, "encoder_layers": 4, "couplings": 2, "flow_layers": 2}
    return Audio2Motion(**data.dimensions(), network=small), data


def radnerf_head(clip: Path) -> tuple[StageModule, StageData]:
    """radnerf_head with its defaults."""
    data = HeadData(clip, FrameSpec("native", None, 120))
    data.prepare_data()
    data.setup("fit")
    return HeadModule(**data.dimensions()), data


STAGES = {"audio2motion": audio2motion, "radnerf_head": radnerf_head}


def bare(module: StageModule, data: StageData) -> float:
    """Seconds per step in a plain PyTorch loop: batch, loss, gradients, optimizer."""
    clock = SimpleNamespace(global_step=0, max_steps=STEPS, callbacks=[], datamodule=data, world_size=1, global_rank=0)
    clock.is_global_zero = False
    clock.fit_loop = SimpleNamespace(total_batch_idx=-1)
    module._trainer = data.trainer = clock
    module.log = module.log_dict = lambda *_, **__: None
    module.setup("fit")
    configured = module.configure_optimizers()
    optimizer = configured["optimizer"] if isinstance(configured, dict) else configured
    schedule = configured["lr_scheduler"]["scheduler"] if isinstance(configured, dict) else None
    average = getattr(module, "average", None)
    module.optimizers = lambda: optimizer
    module.train()
    if isinstance(module, HeadModule):
        module.on_train_start()
    begun = 0.0
    for step, batch in zip(range(STEPS), _endless(data), strict=False):
        if step == WARM:
            begun = time.perf_counter()
        if isinstance(module, HeadModule):
            # The part of a step that belongs to the stage: learning rates, and the switch to the shell.
            module.on_train_batch_start(batch, step)
        loss = module.training_step(batch, step)
        optimizer.zero_grad()
        loss.backward()
        if schedule is not None:
            torch.nn.utils.clip_grad_norm_(module.parameters(), 1.0)
        optimizer.step()
        clock.global_step += 1
        if schedule is not None:
            schedule.step()
        if average is not None and clock.global_step % module.hparams.average_every == 0:
            average.update(module.network)
    return (time.perf_counter() - begun) / (STEPS - WARM)


def framework(module: StageModule, data: StageData) -> float:
    """Seconds per step in the Lightning trainer, as in `train`."""
    timer = _Timer()
    with tempfile.TemporaryDirectory() as folder:
        callbacks = [
            # The timer is first, so that the checkpoint of the last step is not measured.
            timer, RandomState(), LastCheckpoint(folder, NEVER), GracefulStop(), Throughput(), LearningRates(),
            MediaFiles(folder), Dashboard(folder, "bench"),
        ]  # fmt: skip
        trainer = lightning.Trainer(
            accelerator="cpu", max_steps=STEPS, max_epochs=-1, limit_val_batches=0, num_sanity_val_steps=0,
            log_every_n_steps=10, callbacks=callbacks, enable_checkpointing=False, enable_progress_bar=False,
            enable_model_summary=False, logger=[CSVLogger(folder), TensorBoardLogger(folder)],
        )  # fmt: skip
        trainer.fit(module, datamodule=data)
    return (timer.ended - timer.begun) / (STEPS - WARM)


class _Timer(lightning.Callback):
    """Records the time after the warm-up steps and after the last step."""

    begun = ended = 0.0

    def on_train_batch_end(self, trainer: lightning.Trainer, *_: object) -> None:
        """Record the time."""
        if trainer.global_step == WARM:
            self.begun = time.perf_counter()
        if trainer.global_step == STEPS:
            self.ended = time.perf_counter()


def _endless(data: StageData) -> Iterator[object]:
    while True:
        yield from data.train_dataloader()


def overhead(rounds: int) -> None:
    """Print a table: stage, plain step, step in the framework, overhead."""
    silence_libraries()
    ways: dict[str, Callable[[StageModule, StageData], float]] = {"bare": bare, "framework": framework}
    with tempfile.TemporaryDirectory() as folder:
        clip = miniature_clip(Path(folder) / "clip", n_frames=75).folder
        print(f"{'stage':<14}{'bare ms':>10}{'framework ms':>14}{'overhead':>10}")
        for name, make in STAGES.items():
            times: dict[str, list[float]] = {way: [] for way in ways}
            for _ in range(rounds):
                for way, run in ways.items():
                    torch.manual_seed(0)
                    times[way].append(run(*make(clip)))
            plain, ours = (1e3 * statistics.median(times[way]) for way in ways)
            print(f"{name:<14}{plain:>10.2f}{ours:>14.2f}{ours / plain - 1:>10.1%}", flush=True)


FIRST_STEP = """
import os, sys, time
begun = float(sys.argv.pop(1))
from beavervision.callbacks.throughput import Throughput
def tell(*_):
    print(f"{time.time() - begun:.1f}", flush=True)
    os._exit(0)
Throughput.on_train_batch_end = tell
from beavervision.cli.console import main
main()
"""
"""Program that runs the command line until the first step and prints the seconds since the given time."""


def startup(runs: str) -> None:
    """Print the seconds from the command to the first step on the actor. The actor is prepared first if necessary.

    Args:
        runs: folder of runs; the upstream bundles are trained there for a few steps.
    """
    verb, small = [sys.executable, "-m", "beavervision.cli"], ["trainer.max_steps=2", "schedule.val_every=2"]
    common = ["data=demo", f"paths.runs={runs}", "experiment=demo"]
    subprocess.run([*verb, "prepare", *common[:2]], check=True)
    for stage in CHAIN:
        command = [sys.executable, "-c", FIRST_STEP]
        for which in ("first time", "again"):
            told = subprocess.run(
                [*command, str(time.time()), "train", f"model={stage}", *common, "seed=9"],
                check=True, capture_output=True, text=True,
            )  # fmt: skip
            print(f"{stage:<14} {which:<11} {told.stdout.split()[-1]:>6} s to the first step", flush=True)
        subprocess.run([*verb, "train", f"model={stage}", *common, *small], check=True, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    if sys.argv[1:2] == ["startup"]:
        startup(sys.argv[2] if sys.argv[2:] else "runs")
    else:
        overhead(int(sys.argv[1]) if sys.argv[1:] else ROUNDS)
