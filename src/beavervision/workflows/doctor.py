"""doctor: checks the installation and this machine."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import os
import platform
import shutil
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omegaconf import DictConfig
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from beavervision import __version__
from beavervision.config.schemas import validate_nodes
from beavervision.errors import BeaverError
from beavervision.workflows.console_output import silence_libraries

if TYPE_CHECKING:
    from beavervision.preprocess.perception_networks.model_files import ModelFile

PACKAGES = ("torch", "lightning", "hydra-core", "mediapipe", "numba", "av", "transformers", "wandb")
OWN_FACE_MODELS = ("bfm", "ict", "gnm")
"""Face models whose files the user provides."""
PYTHONS = ((3, 10), (3, 15))
"""First supported Python version, and first unsupported one."""
LIBRARIES = "on Debian and Ubuntu: apt install libegl1 libgl1 libgles2 libglib2.0-0"
"""Remedy where a shared library of the system is missing, which OpenCV and MediaPipe link to."""
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
    """Print what this machine has: a table, or JSON with `json=true` (`beavervision doctor --json`).

    Raises:
        SystemExit: with code 1 when a required part is missing.
    """
    silence_libraries()
    validate_nodes(cfg)
    checks: list[Callable[[], Finding]] = [
        _python, *(lambda n=n: _package(n) for n in PACKAGES), _face_model,
        *(lambda n=n: _own_face_model(n) for n in OWN_FACE_MODELS), _kernels, _gpu, _speech,
        lambda: _disk(Path(cfg.paths.runs)), lambda: _writable(Path(cfg.paths.runs)),
    ]  # fmt: skip
    findings = [check() for check in checks]
    findings[1 + len(PACKAGES) : 1 + len(PACKAGES)] = _detectors()
    lacking = [finding.name for finding in findings if finding.needed and not finding.well]
    if cfg.json:
        print(json.dumps(report(findings), indent=2))
    else:
        _print_table(findings, lacking)
    if lacking:
        sys.exit(1)


def report(findings: list[Finding]) -> dict[str, Any]:
    """Return the findings as data for a report of a problem; it names no folder but that of the runs.

    Args:
        findings: what was checked.

    Returns:
        `beavervision`: the version; `ready`: whether everything needed is there; `findings`: name, text, needed, well.
    """
    ready = all(finding.well for finding in findings if finding.needed)
    return {"beavervision": __version__, "ready": ready, "findings": [asdict(finding) for finding in findings]}


def _print_table(findings: list[Finding], lacking: list[str]) -> None:
    table = Table(title="beavervision doctor", show_header=False)
    for finding in findings:
        mark = "[green]ok[/]" if finding.well else "[red]missing[/]" if finding.needed else "[yellow]no[/]"
        table.add_row(mark, escape(finding.name), escape(finding.text))
    Console().print(table)
    if lacking:
        print(f"not ready: {', '.join(lacking)}")
        return
    print("ready; next: beavervision demo, or beavervision prepare data=myvideo data.name=me data.video=me.mp4")


def _python() -> Finding:
    first, beyond = PYTHONS
    cores = os.cpu_count()
    text = f"{platform.python_version()} on {platform.system()} {platform.machine()}, {cores} cores"
    return Finding("Python", text, well=first <= sys.version_info[:2] < beyond)


def _package(name: str) -> Finding:
    try:
        return Finding(name, importlib.metadata.version(name))
    except importlib.metadata.PackageNotFoundError:
        return Finding(name, "not installed; run make install, or pip install beavervision again", well=False)


def _detectors() -> list[Finding]:
    """Check for MediaPipe's models: inside the wheel up to 0.10.21, in files of their own later."""
    try:
        from beavervision.preprocess.perception_networks import network_kind
        from beavervision.preprocess.perception_networks.model_files import HOST, MODEL_FILES, VARIABLE, model_folder

        if network_kind() == "solutions":
            return [Finding("face detector", "models are inside mediapipe, nothing to download")]
    except BeaverError as error:
        return [Finding("face detector", str(error), well=False)]
    except ImportError as error:
        return [Finding("face detector", f"{error}; {LIBRARIES}", well=False)]
    folder = model_folder()
    lacking = sum(file.size for file in MODEL_FILES if not (folder / file.name).is_file())
    text = f"model files in {folder}"
    if lacking:
        text += f"; the first preparation downloads {lacking / 1e6:.1f} MB from {HOST}, or set {VARIABLE}"
    return [Finding("face detector", text), *(_model_file(file, folder / file.name) for file in MODEL_FILES)]


def _model_file(file: ModelFile, path: Path) -> Finding:
    from beavervision.artifacts.manifest import sha256_file

    if not path.is_file():
        return Finding(file.name, f"not there yet ({file.purpose}, {file.size / 1e6:.1f} MB)", needed=False, well=False)
    found = sha256_file(path)
    if found == file.sha256:
        return Finding(file.name, f"{file.purpose}; SHA-256 {found[:12]}.. is the known one", needed=False)
    text = f"{file.purpose}; SHA-256 {found[:12]}.., another file than version 1 ({file.sha256[:12]}..)"
    return Finding(file.name, text, needed=False, well=False)


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
