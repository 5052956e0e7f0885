"""Resolves `hardware=auto`, checks that the requested hardware exists, and compiles networks on request."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

from omegaconf import DictConfig

from beavervision.config.suggestions import suggest
from beavervision.errors import ConfigError, DependencyError

if TYPE_CHECKING:
    from beavervision.stages.base import StageModule

AUTO = "auto"
COMPILERS = ("c++", "g++", "clang++")
EXACT, MIXED = "32-true", "bf16-mixed"
CHOICES = {
    "precision": (AUTO, EXACT, MIXED, "16-mixed", "bf16-true", "16-true", "64-true"),
    "render": (AUTO, "full", "fast"),
}
"""Valid values of `hardware`'s keys with a fixed set of options."""


def resolve_hardware(cfg: DictConfig) -> str:
    """Replace every `auto` in the config's `hardware` by the setting for this machine.

    Returns:
        One line with the choices and their reasons; empty where nothing was `auto`.

    Raises:
        BeaverError: when a requested device or compiler does not exist.
    """
    node = cfg.hardware
    for key, choices in CHOICES.items():
        if (given := str(node[key])) not in choices:
            raise ConfigError(f"hardware.{key}={given}: there is no such {key}; {suggest(given, choices)}.")
    asked = node.accelerator
    if asked == AUTO:
        node.accelerator = "gpu" if _has_cuda() else "mps" if _has_mps() else "cpu"
    _require(node.accelerator, asked)
    if node.precision == AUTO:
        node.precision = MIXED if node.accelerator == "gpu" and _has_bf16() else EXACT
    if node.compile and not any(map(shutil.which, COMPILERS)):
        raise DependencyError("hardware.compile=true needs a C++ compiler, and there is none; leave it false.")
    return f"hardware: {describe_hardware(node)}" if asked == AUTO else ""


def describe_hardware(node: DictConfig) -> str:
    """Return a resolved `hardware` node as one line of text."""
    cores = f"{os.cpu_count()} cores"
    what = {"gpu": _gpu_name, "mps": lambda: "Apple GPU", "cpu": lambda: f"CPU, {cores}"}
    known = what.get(node.accelerator, lambda: node.accelerator)()
    why = {
        "gpu": "PyTorch sees it",
        "mps": "PyTorch sees no CUDA GPU but this one",
        "cpu": "PyTorch sees no GPU",
    }.get(node.accelerator, "asked for")
    return f"{known} ({why}), precision {node.precision}, {_kernels(node)} kernels, {_workers(node.workers)}"


def render_device(node: DictConfig) -> str:
    """Return torch's name of the rendering device of a resolved `hardware` node.

    CUDA or the CPU: Apple GPUs have no kernels for the distilled head, and would not render in real time.
    """
    return "cuda" if node.accelerator in ("gpu", "cuda") else "cpu"


def apply_hardware(cfg: DictConfig, module: StageModule) -> None:
    """Apply `hardware` to the trainer's config and the network, within the limits of the stage."""
    if cfg.trainer.strategy == "ddp" and (module.trains_parts or not module.automatic_optimization):
        # The loss depends on a part of the parameters only.
        cfg.trainer.strategy = "ddp_find_unused_parameters_true"
    if cfg.hardware.compile:
        compile_network(module)


def use_single_device(cfg: DictConfig) -> None:
    """Use one device for the trainer, whatever `hardware` is: for evaluation."""
    cfg.trainer.update({"strategy": "auto", "devices": 1, "num_nodes": 1})


def compile_network(module: StageModule) -> None:
    """Compile a stage's network in place; parameter names in checkpoints and bundles do not change."""
    network = getattr(module, "network", None)
    for part in [network] if network is not None else module.children():
        part.compile()


def _require(accelerator: str, asked: str) -> None:
    there = {"gpu": _has_cuda, "cuda": _has_cuda, "mps": _has_mps}.get(accelerator)
    if there is not None and not there():
        raise DependencyError(
            f"hardware.accelerator={asked}: PyTorch sees no such device here; take hardware=cpu or auto."
        )


def _has_cuda() -> bool:
    import torch

    return torch.cuda.is_available()


def _has_mps() -> bool:
    import torch

    return torch.backends.mps.is_available()


def _has_bf16() -> bool:
    import torch

    from beavervision.nerf.precision import BF16_SINCE

    return torch.cuda.get_device_capability() >= BF16_SINCE


def _gpu_name() -> str:
    import torch

    return torch.cuda.get_device_name()


def _kernels(node: DictConfig) -> str:
    import torch

    from beavervision.nerf.backends.registry import resolve

    device = "cuda" if node.accelerator == "gpu" else node.accelerator
    return resolve(node.backend, torch.device(device))


def _workers(count: int) -> str:
    return f"{count} loading processes" if count else "data loaded in the training process"
