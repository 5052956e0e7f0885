"""One job of a command: alone, or among those of a sweep, in this process or another."""

from __future__ import annotations

import importlib
import traceback
from collections.abc import Callable, Mapping
from typing import Any

from omegaconf import DictConfig

from beavervision.run.failure import EXIT_MISTAKE, is_mistake, report, sentence
from beavervision.run.multirun.sweep import Sweep
from beavervision.run.outcome import Outcome
from beavervision.run.resolvers import register_resolvers
from beavervision.run.run_folder import forget_untouched, was_untouched


class Jobs:
    """Runs a verb once for each config that Hydra makes of the command line.

    Args:
        verb: name of the function, and of its module in `beavervision.run`.
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
        return result.value if isinstance(result, Outcome) else result

    def _single(self, cfg: DictConfig) -> Any:
        """A mistake of use is told in one sentence; a fault of ours is raised."""
        try:
            return self._call(cfg)
        except Exception as error:
            if cfg.run.debug or not is_mistake(error):
                self.broken = True
                raise
            report(error)
            self.code = EXIT_MISTAKE
            return None

    def _one_of(self, sweep: Sweep, cfg: DictConfig) -> Any:
        """Whatever happens to one job of a sweep is recorded, and does not stop the others; Ctrl-C does."""
        record = sweep.begin()
        try:
            outcome = self._call(cfg)
            sweep.keep(record.ended(outcome))
            return outcome
        except Exception as error:
            if cfg.run.debug:
                raise
            report(error)
            fault = not is_mistake(error)
            if fault:
                trace = record.beside(sweep.folder, ".txt")
                trace.write_text(traceback.format_exc(), encoding="utf-8")
            sweep.keep(record.failed(sentence(error) + (f"; see {trace}" if fault else ""), fault=fault))
            return None
        except BaseException:
            sweep.keep(record.interrupted("stopped; the same command continues it"))
            raise

    def _call(self, cfg: DictConfig) -> Any:
        untouched = was_untouched()
        try:
            module = importlib.import_module(f"beavervision.run.{self.verb}")
            function: Callable[[DictConfig], Any] = getattr(module, self.verb)
            return function(cfg)
        except Exception:
            if untouched:
                forget_untouched(cfg.paths.runs)
            raise
