"""One job of a command: alone, or among those of a sweep, in this process or another."""

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


class JobRunner:
    """Runs a verb once for each config that Hydra makes of the command line.

    Args:
        verb: name of the function, and of its module in `beavervision.workflows`.
        sweep: where the jobs of a sweep tell what became of them; None for a single job.
    """

    def __init__(self, verb: str, sweep: Sweep | None = None) -> None:
        self.verb = verb
        self.sweep = sweep
        self.code = 0
        """What the process exits with."""
        self.broken = False
        """A job failed by a fault of ours, not of the user."""

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        """Arrive in a launcher's process, which knows nothing of our resolvers yet."""
        self.__dict__.update(state)
        register_resolvers()

    def run(self, cfg: DictConfig) -> Any:
        """Run one job; what is returned is what Hydra's sweepers optimise."""
        result = self._single(cfg) if self.sweep is None else self._one_of(self.sweep, cfg)
        return result.value if isinstance(result, RunResult) else result

    def _single(self, cfg: DictConfig) -> Any:
        """A mistake of use is told in one sentence; a fault of ours is raised."""
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
        """Whatever happens to one job of a sweep is recorded, and does not stop the others; Ctrl-C does."""
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
            # Trainers and modules point at each other: without this the next job begins beside all that this one held.
            gc.collect()

    def _call(self, cfg: DictConfig) -> Any:
        untouched = is_fresh_run_folder()
        try:
            module = importlib.import_module(f"beavervision.workflows.{self.verb}")
            function: Callable[[DictConfig], Any] = getattr(module, self.verb)
            return function(cfg)
        except StoppedError:
            raise
        except Exception:
            if untouched:
                remove_if_empty(cfg.paths.runs)
            raise


def _noted(error: Exception, trace: Path) -> str:
    """A sentence for a fault of ours; the traceback goes to a file."""
    trace.write_text("".join(traceback.format_exception(error)), encoding="utf-8")
    what = (str(error).strip().splitlines() or [""])[0]
    return f"{type(error).__name__}: {what}; see {display_path(trace)}"


def _refuse_lone_slurm() -> None:
    """Jobs are sent to a cluster by a launcher, and launchers are for several jobs."""
    chosen = HydraConfig.get().runtime.choices.get("hardware")
    if chosen == "slurm" and "SLURM_JOB_ID" not in os.environ:
        raise ConfigError("hardware=slurm sends jobs to the cluster, and only with -m; add -m to the command.")
