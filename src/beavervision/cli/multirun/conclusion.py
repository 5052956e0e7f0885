"""What is done once, when all jobs of a sweep have ended."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from beavervision.cli.multirun.record import FAILED, JobRecord, read_records
from beavervision.cli.multirun.sweep import Sweep
from beavervision.workflows.run_folder import shown


def conclude(verb: str, sweep: Sweep) -> int:
    """Show the table of all jobs, and the page of all clips after prepare; return the exit code."""
    code = sweep.conclude()
    if verb == "prepare":
        _show_clips(read_records(sweep.folder))
    return code


def _show_clips(records: Sequence[JobRecord]) -> None:
    """Write the page of all clips."""
    from beavervision.preprocess.report.index import write_index

    failures = {Path(record.folder).name: record.sentence for record in records if record.status == FAILED}
    for runs in {_runs(record) for record in records}:
        print(f"all clips: {shown(write_index(runs, failures))}", flush=True)


def _runs(record: JobRecord) -> Path:
    """The folder of all runs, from the folder of a clip (made) or of what was to hold it (failed)."""
    folder = Path(record.folder)
    return folder.parent if record.status == FAILED else folder.parents[1]
