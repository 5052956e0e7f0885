"""A sweep: the folder with the records of its jobs, and the summary at the end."""

from __future__ import annotations

import os
import shlex
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from hydra.core.hydra_config import HydraConfig

from beavervision.cli.multirun.page import write_sweep_page
from beavervision.cli.multirun.record import FAILED, INTERRUPTED, JobRecord, read_records
from beavervision.cli.multirun.table import print_table, write_csv
from beavervision.config.sweep_name import SWEEP_FOLDER, SweepPlan
from beavervision.workflows.error_reporting import EXIT_INTERNAL_ERROR, EXIT_INTERRUPTED, EXIT_USER_ERROR
from beavervision.workflows.run_folder import display_path, run_folder


@dataclass(frozen=True)
class Sweep:
    """One command with `-m`; it is pickled and sent to every process that runs a job."""

    plan: SweepPlan
    command: str
    begun: float
    """Start, Unix time."""

    @classmethod
    def of(cls, verb: str, arguments: Sequence[str]) -> Sweep | None:
        """Return the sweep of a command line with `-m`; None when it cannot be composed, which Hydra then reports."""
        plan = SweepPlan.of(verb, arguments)
        script = Path(sys.argv[0]).name
        command = shlex.join([*(("python", script) if script.endswith(".py") else (script,)), *arguments])
        return None if plan is None else cls(plan, command, time.time())

    @property
    def folder(self) -> Path:
        """Folder of the table, the page and the jobs' records."""
        return self.plan.folder

    @contextmanager
    def announced(self) -> Iterator[None]:
        """Context manager that sets the folder for `${bv.sweep_folder:}` in configs of launchers and sweepers."""
        before = os.environ.get(SWEEP_FOLDER)
        os.environ[SWEEP_FOLDER] = str(self.folder)
        try:
            yield
        finally:
            if before is None:
                del os.environ[SWEEP_FOLDER]
            else:
                os.environ[SWEEP_FOLDER] = before

    def begin(self) -> JobRecord:
        """Write and return the record of the job that starts now in this process."""
        overrides = self.plan.varying(list(HydraConfig.get().overrides.task))
        record = JobRecord(int(HydraConfig.get().job.num), overrides, str(run_folder()))
        self.keep(record)
        print(f"job {record.number}: {' '.join(overrides)}", flush=True)
        return record

    def keep(self, record: JobRecord) -> None:
        """Write the record of a job, and update table and page, so that a killed sweep has them."""
        record.write(self.folder)
        records = read_records(self.folder)
        write_csv(self.folder / "jobs.csv", records)
        write_sweep_page(self.folder / "index.html", self.plan.name, self.command, records)

    def conclude(self) -> int:
        """Print the table of all jobs.

        Returns:
            The exit code: 0; 1 when a job failed by a bug, 2 by a mistake of the user, 130 when one was killed.
        """
        records = read_records(self.folder)
        if not records:
            return 0
        self.keep(records[-1])
        print_table(self.plan.name, records)
        print(
            f"table: {display_path(self.folder / 'jobs.csv')}  page: {display_path(self.folder / 'index.html')}",
            flush=True,
        )
        return _code([record for record in records if record.started >= self.begun])


def _code(records: Sequence[JobRecord]) -> int:
    if any(record.status == INTERRUPTED for record in records):
        return EXIT_INTERRUPTED
    failed = [record for record in records if record.status == FAILED]
    if any(record.fault for record in failed):
        return EXIT_INTERNAL_ERROR
    return EXIT_USER_ERROR if failed else 0


def conclude_sweep(verb: str, sweep: Sweep) -> int:
    """Print the table of all jobs, write the page of all clips after prepare; return the exit code."""
    code = sweep.conclude()
    if verb == "prepare":
        _show_clips(read_records(sweep.folder))
    return code


def _show_clips(records: Sequence[JobRecord]) -> None:
    """Write the page of all clips."""
    from beavervision.preprocess.report.index import write_index

    failures = {Path(record.folder).name: record.sentence for record in records if record.status == FAILED}
    for runs in {_runs(record) for record in records}:
        print(f"all clips: {display_path(write_index(runs, failures))}", flush=True)


def _runs(record: JobRecord) -> Path:
    """The folder of all runs, from the folder of a clip (done) or of its planned folder (failed)."""
    folder = Path(record.folder)
    return folder.parent if record.status == FAILED else folder.parents[1]
