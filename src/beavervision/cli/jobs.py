"""Runs one job of a command: a single one, or one of a sweep, in this process or another."""

from __future__ import annotations

import gc
import importlib
import os
import sys
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from beavervision.cli.multirun.sweep import Sweep
from beavervision.config.resolvers import register_resolvers
from beavervision.errors import ConfigError, StoppedError
from beavervision.workflows.error_reporting import (
    EXIT_INTERRUPTED,
    EXIT_USER_ERROR,
    error_message,
    is_user_error,
    print_error,
    print_stopped,
)
from beavervision.workflows.run_folder import display_path, is_fresh_run_folder, remove_if_empty
from beavervision.workflows.run_result import RunResult

HOMES = {"serve": "serving", "studio": "studio"}
"""Packages of the verbs that are not workflows."""


class JobRunner:
    """Runs a verb once for each config that Hydra composes from the command line.

    Args:
        verb: name of the function, and of its module in `beavervision.workflows` or its package of HOMES.
        sweep: sweep that collects the records of its jobs; None for a single job.
    """

    def __init__(self, verb: str, sweep: Sweep | None = None) -> None:
        self.verb = verb
        self.sweep = sweep
        self.code = 0
        """Exit code of the process."""
        self.broken = False
        """Whether a job failed by a bug, not by a mistake of the user."""

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        """Unpickle in a launcher's process, where our resolvers are not registered yet."""
        self.__dict__.update(state)
        register_resolvers()

    def run(self, cfg: DictConfig) -> Any:
        """Run one job; the return value is the objective of Hydra's sweepers."""
        result = self._single(cfg) if self.sweep is None else self._one_of(self.sweep, cfg)
        return result.value if isinstance(result, RunResult) else result

    def _single(self, cfg: DictConfig) -> Any:
        """Run a single job: a mistake of the user is printed as one sentence; a bug is raised."""
        try:
            _refuse_lone_slurm()
            return self._call(cfg)
        except StoppedError as error:
            print_stopped(error)
            sys.exit(EXIT_INTERRUPTED)
        except Exception as error:
            if cfg.run.debug or not is_user_error(error):
                self.broken = True
                raise
            print_error(error)
            self.code = EXIT_USER_ERROR
            return None

    def _one_of(self, sweep: Sweep, cfg: DictConfig) -> Any:
        """Run one job of a sweep: errors are recorded and do not stop the others; Ctrl-C does."""
        record = sweep.begin()
        try:
            outcome = self._call(cfg)
            sweep.keep(record.ended(outcome))
            return outcome
        except StoppedError as error:
            print_stopped(error)
            sweep.keep(record.interrupted("stopped; the same command continues it"))
            sys.exit(EXIT_INTERRUPTED)
        except Exception as error:
            if cfg.run.debug:
                raise
            why = error_message(error) if is_user_error(error) else _noted(error, record.beside(sweep.folder, ".txt"))
            print(f"error: {why}", file=sys.stderr, flush=True)
            sweep.keep(record.failed(why, fault=not is_user_error(error)))
            return None
        except BaseException:
            sweep.keep(record.interrupted("stopped; the same command continues it"))
            raise
        finally:
            # Trainers and modules have reference cycles: without this they still use memory when the next job
            # starts.
            gc.collect()

    def _call(self, cfg: DictConfig) -> Any:
        untouched = is_fresh_run_folder()
        try:
            module = importlib.import_module(f"beavervision.{HOMES.get(self.verb, 'workflows')}.{self.verb}")
            function: Callable[[DictConfig], Any] = getattr(module, self.verb)
            return function(cfg)
        except StoppedError:
            raise
        except Exception:
            if untouched:
                remove_if_empty(cfg.paths.runs)
            raise


def _noted(error: Exception, trace: Path) -> str:
    """Message for a bug; the traceback is written to a file."""
    trace.write_text("".join(traceback.format_exception(error)), encoding="utf-8")
    what = (str(error).strip().splitlines() or [""])[0]
    return f"{type(error).__name__}: {what}; see {display_path(trace)}"


def _refuse_lone_slurm() -> None:
    """Raise for a single job with a cluster launcher, because launchers need a multirun."""
    chosen = HydraConfig.get().runtime.choices.get("hardware")
    if chosen == "slurm" and "SLURM_JOB_ID" not in os.environ:
        raise ConfigError("hardware=slurm sends jobs to the cluster, and only with -m; add -m to the command.")
