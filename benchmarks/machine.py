"""Conditions of a measurement: commit, versions and processor, printed below every table."""

from __future__ import annotations

import platform
import subprocess
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def measured_with(*packages: str) -> str:
    """Commit, Python, versions of packages and processor, without a full stop."""
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True).stdout
    names = ", ".join(f"{name} {version(name)}" for name in packages)
    return f"Commit {commit.strip() or 'unknown'}, Python {platform.python_version()}, {names}, {processor()}"


def processor() -> str:
    """Number and model of the processor's cores."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    models = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return f"{len(models)} cores of {models[0]}" if models else platform.processor() or platform.machine()
