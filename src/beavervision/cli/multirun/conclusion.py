"""What is done once, when all jobs of a sweep have ended."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from pathlib import Path

from beavervision.cli.multirun.record import JobRecord, read_records
from beavervision.cli.multirun.sweep import Sweep

Conclusion = Callable[[Path, Sequence[JobRecord]], None]
"""Called with the sweep's folder and the records of all its jobs."""

CONCLUSIONS = {"prepare": "beavervision.workflows.prepare:conclude"}
"""Verb -> `module:function` of type `Conclusion`, for verbs with more to say than the table."""


def conclude(verb: str, sweep: Sweep) -> int:
    """Show the table of all jobs, and call what the verb has to say of them; return the exit code."""
    code = sweep.conclude()
    if verb in CONCLUSIONS:
        module, _, name = CONCLUSIONS[verb].partition(":")
        function: Conclusion = getattr(importlib.import_module(module), name)
        function(sweep.folder, read_records(sweep.folder))
    return code
