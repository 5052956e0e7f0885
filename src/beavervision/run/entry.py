"""From the command line to a verb: Hydra composes the config, mistakes become one sentence."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable
from typing import Any

import hydra
from omegaconf import DictConfig

from beavervision.run.conf_folder import conf_folder
from beavervision.run.config_errors import ConfigError, as_sentence
from beavervision.run.failure import EXIT_INTERRUPTED, EXIT_MISTAKE, is_mistake, report, wants_traceback
from beavervision.run.resolvers import register_resolvers
from beavervision.run.run_folder import forget_untouched, was_untouched
from beavervision.run.wildcards import expand

VERBS = {
    "prepare": "look at footage: faces, pose, expression, labels, background",
    "train": "train one stage, or with -m the whole chain or a sweep",
    "infer": "make the avatar speak: speech in, mp4 out",
    "evaluate": "measure a trained stage on frames that it never saw",
    "doctor": "check this machine",
}
"""Verb -> what it does; each is a function of that name in a module of that name."""

MULTIRUN = ("-m", "--multirun")
"""Hydra's parser wants these before or after all overrides; we take them anywhere."""


def main(verb: str) -> None:
    """Run a verb with the arguments of the command line, and exit with its code."""
    sys.exit(run(verb))


def run(verb: str) -> int:
    """Run a verb with the arguments of the command line.

    Returns:
        0; 2 after a mistake of use, told in one sentence; 130 after Ctrl-C.
    """
    # Hydra would print errors its own way and exit with 1; we want them here.
    os.environ["HYDRA_FULL_ERROR"] = "1"
    register_resolvers()
    sys.argv[1:] = sorted(sys.argv[1:], key=lambda argument: argument not in MULTIRUN)
    jobs = Jobs(verb)

    def job(cfg: DictConfig) -> Any:
        return jobs.run(cfg)

    try:
        sys.argv[1:] = expand(sys.argv[1:], multirun=any(flag in sys.argv for flag in MULTIRUN))
        hydra.main(config_path=str(conf_folder()), config_name=verb, version_base="1.3")(job)()
    except KeyboardInterrupt:
        print("\nstopped; the same command starts again", file=sys.stderr)
        return EXIT_INTERRUPTED
    except Exception as error:
        if wants_traceback(sys.argv):
            raise
        if isinstance(error, ConfigError) and not jobs.broken:
            error = as_sentence(error, verb, sys.argv[1:])
        elif not is_mistake(error):
            raise
        report(error)
        return EXIT_MISTAKE
    return jobs.code


class Jobs:
    """Runs a verb once for each config that Hydra makes of the command line."""

    def __init__(self, verb: str) -> None:
        self.verb = verb
        self.code = 0
        """What the process exits with."""
        self.broken = False
        """A job failed by a fault of ours, not of the user."""

    def run(self, cfg: DictConfig) -> Any:
        """Run one job; a mistake of use is told and remembered, and does not stop a sweep's other jobs."""
        untouched = was_untouched()
        try:
            module = importlib.import_module(f"beavervision.run.{self.verb}")
            function: Callable[[DictConfig], Any] = getattr(module, self.verb)
            return function(cfg)
        except Exception as error:
            if untouched:
                forget_untouched(cfg.paths.runs)
            if cfg.run.debug or not is_mistake(error):
                self.broken = True
                raise
            report(error)
            self.code = EXIT_MISTAKE
            return None
