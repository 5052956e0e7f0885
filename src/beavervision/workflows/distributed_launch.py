"""Launches several processes for one job, one for each device of `hardware`.

Lightning starts such processes itself from `sys.argv`, which in a sweep is the command line of the whole sweep
(pytorch-lightning#11300). Here each process is started with the overrides of its own job, so that DDP works in a sweep,
and every process gets a signal once.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, redirect_stdout, suppress
from pathlib import Path
from types import FrameType

from hydra.core.hydra_config import HydraConfig
from lightning.fabric.plugins.environments.lightning import find_free_network_port
from lightning.fabric.plugins.environments.slurm import SLURMEnvironment
from lightning.fabric.plugins.environments.torchelastic import TorchElasticEnvironment
from lightning.fabric.utilities.rank_zero import rank_zero_only
from omegaconf import DictConfig

from beavervision.errors import ConfigError, StoppedError, TrainingError
from beavervision.workflows.error_reporting import EXIT_INTERRUPTED

LOCAL_RANK = "LOCAL_RANK"
PATIENCE = 0.2
"""Seconds between two polls of the processes."""
GRACE, BRIEFLY = 60.0, 3.0
"""Seconds that processes get to end after one of them was stopped, or failed."""


def is_rank_zero() -> bool:
    """Whether this process has rank 0, which writes files and prints."""
    return not getattr(rank_zero_only, "rank", 0)


def processes_to_launch(cfg: DictConfig) -> int:
    """Return how many processes this job has to start; 0 when it runs in this one.

    Raises:
        BeaverError: when several machines are requested, which only a cluster's launcher can start.
    """
    if not str(cfg.hardware.strategy).startswith("ddp") or _is_launched():
        return 0
    if cfg.hardware.num_nodes > 1:
        raise ConfigError(
            f"hardware.num_nodes={cfg.hardware.num_nodes} needs srun or torchrun to start a process on every machine; "
            "docs/reference/hardware.md has the lines."
        )
    count = _device_count(cfg.hardware.devices)
    return count if count > 1 else 0


def launch_processes(verb: str, count: int) -> None:
    """Run the current job in `count` processes and wait for them.

    Args:
        verb: `train`.
        count: number of processes; each uses the device of its index.

    Raises:
        StoppedError: after the processes were stopped.
        BeaverError: when one of them failed, after it has printed the reason.
    """
    command = [sys.executable, "-m", "beavervision.cli", verb, *_own_arguments()]
    port = find_free_network_port()
    # A terminal sends Ctrl-C to all foreground processes; ours get it from the parent, once.
    processes = [
        subprocess.Popen(command, env=_environment(i, count, port), start_new_session=True) for i in range(count)
    ]
    with _forwarding(processes):
        codes = _wait(processes)
    if EXIT_INTERRUPTED in codes:
        # The processes themselves have printed where training stopped.
        raise StoppedError("")
    if failed := [code for code in codes if code]:
        raise TrainingError(f"a process of this job ended with code {failed[0]}; what it said stands above.")


@contextmanager
def rank_zero_output() -> Iterator[None]:
    """Context manager that discards the output of all processes except rank 0."""
    if is_rank_zero():
        yield
        return
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere, redirect_stdout(nowhere):
        yield


def _is_launched() -> bool:
    """Whether the processes were started already: by torchrun, srun, or this module."""
    srun = SLURMEnvironment.detect() and int(os.environ.get("SLURM_NTASKS", "1")) > 1
    return LOCAL_RANK in os.environ or TorchElasticEnvironment.detect() or srun


def _device_count(devices: object) -> int:
    if isinstance(devices, int) and devices >= 0:
        return devices
    if isinstance(devices, str) and devices.isdigit():
        return int(devices)
    if devices in (-1, "-1", "auto"):
        import torch

        return torch.cuda.device_count()
    return len(list(devices)) if isinstance(devices, Iterable) else 1


def _own_arguments() -> list[str]:
    """Command line of this job alone, with its folder."""
    config = HydraConfig.get()
    added = [source.path for source in config.runtime.config_sources if source.provider == "command-line"]
    folder = str(config.runtime.output_dir).replace("'", "\\'")
    flags = [part for path in added for part in ("--config-dir", path)]
    return [*flags, *config.overrides.task, f"hydra.run.dir='{folder}'", "hydra.output_subdir=null"]


def _environment(number: int, count: int, port: int) -> dict[str, str]:
    threads = str(max(1, (os.cpu_count() or 1) // count))
    return {
        "OMP_NUM_THREADS": threads,
        "NUMBA_NUM_THREADS": threads,
        **os.environ,
        LOCAL_RANK: str(number),
        "NODE_RANK": "0",
        "WORLD_SIZE": str(count),
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(port),
    }


@contextmanager
def _forwarding(processes: list[subprocess.Popen[bytes]]) -> Iterator[None]:
    """Context manager that forwards Ctrl-C and SIGTERM to every process."""

    def forward(number: int, _: FrameType | None) -> None:
        for process in processes:
            if process.poll() is None:
                process.send_signal(number)

    before = {number: signal.signal(number, forward) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _wait(processes: list[subprocess.Popen[bytes]]) -> list[int]:
    """Wait for all and return their exit codes; when one failed the others are terminated."""
    waiting = list(processes)
    while waiting:
        with suppress(subprocess.TimeoutExpired):
            waiting[0].wait(PATIENCE)
        codes = {process.poll() for process in processes} - {None, 0}
        if codes:
            # After a stop they write their checkpoint together; after a failure the others would wait forever.
            patience = GRACE if codes == {EXIT_INTERRUPTED} else BRIEFLY
            return [_ended(process, patience) for process in processes]
        waiting = [process for process in waiting if process.poll() is None]
    return [process.wait() for process in processes]


def _ended(process: subprocess.Popen[bytes], patience: float) -> int:
    try:
        return process.wait(patience)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()
