"""Entry point of the command line: composes the config with Hydra, and prints mistakes as one sentence."""

from __future__ import annotations

import os
import sys

import hydra

from beavervision.cli.jobs import JobRunner
from beavervision.cli.multirun.sweep import Sweep, conclude_sweep
from beavervision.config.conf_folder import conf_folder
from beavervision.config.hydra_errors import HYDRA_ERRORS, raised_by_hydra, to_beaver_error
from beavervision.config.plugins import register_plugins
from beavervision.config.resolvers import register_resolvers
from beavervision.config.wildcards import expand_wildcards
from beavervision.errors import BeaverError
from beavervision.workflows.error_reporting import (
    EXIT_INTERNAL_ERROR,
    EXIT_INTERRUPTED,
    EXIT_USER_ERROR,
    is_user_error,
    print_error,
    wants_traceback,
)

VERBS = {
    "prepare": "look at footage: faces, pose, expression, labels, background",
    "train": "train one stage, or with -m the whole chain or a sweep",
    "infer": "make the avatar speak: speech in, mp4 out",
    "evaluate": "measure a trained stage on frames that it never saw",
    "serve": "live sessions and films for other programs, and a page",
    "studio": "a page on this computer: prepare, train, speak",
    "doctor": "check this machine",
}
"""Verb -> description; each is a function of that name in a module of that name."""

LAUNCHERS = ("submitit.", "joblib.")
"""Packages whose errors in this process report the end of a job in another; the job's record has the reason."""
MULTIRUN = ("-m", "--multirun")
"""Flags that Hydra's parser accepts only before or after all overrides; here they may be anywhere."""
SPIN = "1000"
"""Number of turns that an idle thread of GNU OpenMP, used by PyTorch and numba, spins before it sleeps
(GOMP_SPINCOUNT). The default of 300,000 takes the processor from other work: a step of the head on two threads took 157
ms beside another busy process, with fewer turns 127; alone 54 and 50 (docs/benchmarks.md)."""


def main(verb: str) -> None:
    """Run a verb with the arguments of the command line, and exit with its code."""
    sys.exit(run(verb))


def run(verb: str) -> int:
    """Run a verb with the arguments of the command line.

    Returns:
        0; 2 after a mistake of the user, printed as one sentence; 130 after Ctrl-C; 1 when a job of a sweep crashed.
    """
    # Hydra would print errors in its own format and exit with 1; they are handled here.
    os.environ["HYDRA_FULL_ERROR"] = "1"
    # It is read when PyTorch is loaded, which is later.
    os.environ.setdefault("GOMP_SPINCOUNT", SPIN)
    register_resolvers()
    register_plugins()
    sys.argv[1:] = sorted(sys.argv[1:], key=lambda argument: argument not in MULTIRUN)
    multirun = any(flag in sys.argv for flag in MULTIRUN)
    try:
        sys.argv[1:] = expand_wildcards(sys.argv[1:], multirun=multirun)
    except BeaverError as error:
        return _told(error)
    sweep = Sweep.of(verb, sys.argv[1:]) if multirun else None
    return _run_jobs(verb, JobRunner(verb)) if sweep is None else _run_sweep(verb, sweep)


def _run_sweep(verb: str, sweep: Sweep) -> int:
    """Run all jobs, and always print their results at the end."""
    try:
        with sweep.announced():
            code = _run_jobs(verb, JobRunner(verb, sweep))
    finally:
        worst = conclude_sweep(verb, sweep)
    return code or worst


def _run_jobs(verb: str, jobs: JobRunner) -> int:
    try:
        # Launchers send a function's file and name to other processes, so it is a method of a picklable object.
        hydra.main(config_path=str(conf_folder()), config_name=verb, version_base="1.3")(jobs.run)()
    except KeyboardInterrupt:
        print("\nstopped; the same command starts again", file=sys.stderr)
        return EXIT_INTERRUPTED
    except Exception as error:
        if wants_traceback(sys.argv):
            raise
        if (isinstance(error, HYDRA_ERRORS) or raised_by_hydra(error)) and not jobs.broken:
            return _told(to_beaver_error(error, verb, sys.argv[1:]))
        if is_user_error(error):
            return _told(error)
        if type(error).__module__.startswith(LAUNCHERS):
            print(f"error: a job's process ended: {error}".splitlines()[0], file=sys.stderr)
            return EXIT_INTERNAL_ERROR
        raise
    return jobs.code


def _told(error: Exception) -> int:
    print_error(error)
    return EXIT_USER_ERROR
