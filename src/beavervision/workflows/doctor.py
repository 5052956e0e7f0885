"""doctor: checks the installation and this machine."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import platform
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from omegaconf import DictConfig
from rich.console import Console
from rich.table import Table

from beavervision.config.schemas import validate_nodes
from beavervision.errors import BeaverError
from beavervision.workflows.console_output import silence_libraries

PACKAGES = ("torch", "lightning", "hydra-core", "mediapipe", "numba", "av", "transformers", "wandb")
OWN_FACE_MODELS = ("bfm", "ict")
"""Face models whose files the user provides."""
PYTHONS = ((3, 10), (3, 13))
"""First supported Python version, and first unsupported one."""
FREE_GB = 5.0
"""Disk space that a demo needs, GB, including the installed environment."""


@dataclass(frozen=True)
class Finding:
    """One line of the table."""

    name: str
    text: str
    needed: bool = True
    well: bool = True


def doctor(cfg: DictConfig) -> None:
    """Print what this machine has.

    Raises:
        SystemExit: with code 1 when a required part is missing.
    """
    silence_libraries()
    validate_nodes(cfg)
    checks: list[Callable[[], Finding]] = [
        _python, *(lambda n=n: _package(n) for n in PACKAGES), _detector, _face_model,
        *(lambda n=n: _own_face_model(n) for n in OWN_FACE_MODELS), _kernels, _gpu, _speech,
        lambda: _disk(Path(cfg.paths.runs)), lambda: _writable(Path(cfg.paths.runs)),
    ]  # fmt: skip
    findings = [check() for check in checks]
    table = Table(title="beavervision doctor", show_header=False)
    for finding in findings:
        mark = "[green]ok[/]" if finding.well else "[red]missing[/]" if finding.needed else "[yellow]no[/]"
        table.add_row(mark, finding.name, finding.text)
    Console().print(table)
    lacking = [finding.name for finding in findings if finding.needed and not finding.well]
    if lacking:
        print(f"not ready: {', '.join(lacking)}")
        sys.exit(1)
    print("ready; next: make demo, or beavervision prepare data=myvideo data.name=me data.video=me.mp4")


def _python() -> Finding:
    first, beyond = PYTHONS
    cores = os.cpu_count()
    text = f"{platform.python_version()} on {platform.system()} {platform.machine()}, {cores} cores"
    return Finding("Python", text, well=first <= sys.version_info[:2] < beyond)


def _package(name: str) -> Finding:
    try:
        return Finding(name, importlib.metadata.version(name))
    except importlib.metadata.PackageNotFoundError:
        return Finding(name, "not installed; run make install", well=False)


def _detector() -> Finding:
    """Check for MediaPipe's own model files, which only wheels before 0.10.30 contain."""
    spec = importlib.util.find_spec("mediapipe")
    if spec is None or spec.origin is None:
        return Finding("face detector", "mediapipe is not installed; run make install", well=False)
    modules = Path(spec.origin).parent / "modules"
    names = ("face_detection_short_range", "face_landmark_with_attention", "selfie_segmentation")
    missing = [name for name in names if not list(modules.rglob(f"{name}.tflite"))]
    if missing:
        return Finding("face detector", f"mediapipe lacks {', '.join(missing)}; use 0.10.21", well=False)
    return Finding("face detector", "models are inside mediapipe, nothing to download")


def _face_model() -> Finding:
    from beavervision.face.model_registry import load_face_model

    try:
        model = load_face_model("gpmm")
    except (BeaverError, OSError) as error:
        return Finding("face model", str(error), well=False)
    return Finding("face model", f"gpmm, {len(model.mean)} vertices")


def _own_face_model(name: str) -> Finding:
    """Check a face model whose files the user provides."""
    from beavervision.face.model_registry import load_face_model

    try:
        model = load_face_model(name)
    except BeaverError as error:
        return Finding(f"face model {name}", str(error), needed=False, well=False)
    sizes = f"{len(model.mean)} vertices, {len(model.id_basis)} + {len(model.exp_basis)} coefficients"
    return Finding(f"face model {name}", sizes, needed=False)


def _kernels() -> Finding:
    found = ["torch"] + [n for n in ("numba", "tinycudann") if importlib.util.find_spec(n) is not None]
    hint = "" if "tinycudann" in found else " (tinycudann: only with CUDA, from its own repository)"
    return Finding("radiance field kernels", ", ".join(found) + hint)


def _gpu() -> Finding:
    import torch

    if torch.cuda.is_available():
        return Finding("GPU", torch.cuda.get_device_name(), needed=False)
    if torch.backends.mps.is_available():
        return Finding("GPU", "Apple silicon (hardware=mps)", needed=False)
    return Finding("GPU", "none seen; everything also runs on the CPU", needed=False, well=False)


def _speech() -> Finding:
    there = importlib.util.find_spec("espeakng_loader") is not None
    text = "espeak-ng" if there else "no espeak-ng; only needed to render the actor anew ([synthetic])"
    return Finding("speech synthesis", text, needed=False, well=there)


def _disk(runs: Path) -> Finding:
    free = shutil.disk_usage(_existing(runs)).free / 1e9
    return Finding("free disk", f"{free:.0f} GB where {runs} lies", well=free >= FREE_GB)


def _writable(runs: Path) -> Finding:
    place = _existing(runs)
    well = place.is_dir() and os.access(place, os.W_OK)
    return Finding("runs folder", f"{runs} {'can' if well else 'cannot'} be written to", well=well)


def _existing(path: Path) -> Path:
    """Return the deepest existing folder of a path."""
    path = path.resolve()
    return next(p for p in (path, *path.parents) if p.exists())
