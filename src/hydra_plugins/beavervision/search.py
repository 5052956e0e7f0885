"""`hydra/sweeper=search`: Optuna looks for the numbers that give the best `optimized_metric`."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from hydra_plugins.beavervision._job import require
from hydra_plugins.beavervision._params import ParamsSweeper

if TYPE_CHECKING:
    from optuna import Study, Trial

Direction = Literal["maximize", "minimize"]

AGAIN = "again"
"""Attribute of the study: numbers of trials that were killed and take place again under another number."""


class Search(ParamsSweeper):
    """Asks Optuna for numbers, has the launcher train with them, tells Optuna what came of it.

    Every trial is in `storage`, so the same command again goes on where it stopped: a trial that was killed is
    taken up once more, and its run continues from its checkpoint.

    Args:
        params: key -> `interval(1e-4, 1e-2)`, `tag(log, interval(...))`, `range(1, 9)` or a comma list.
        direction: `maximize` or `minimize`.
        n_trials: how many trials in all.
        at_once: how many are asked for before the first is told: as many as the launcher runs side by side.
        seed: of Optuna's sampler.
        storage: the journal of the study.
    """

    def __init__(
        self,
        params: Mapping[str, str],
        direction: Direction,
        n_trials: int,
        at_once: int,
        seed: int,
        storage: str,
    ) -> None:
        super().__init__(params)
        self.direction: Direction = direction
        self.n_trials, self.at_once = n_trials, at_once
        self.seed, self.storage = seed, Path(storage)

    def sweep(self, arguments: list[str]) -> None:
        """Run trials until there are enough."""
        require("optuna", "sweep=search", "search")
        from hydra_plugins.beavervision._space import distributions

        overrides = self.overrides(arguments)
        space = distributions(overrides)
        fixed = [str(o.input_line) for o in overrides if o.get_key_element() not in space]
        study = self._study()
        while (count := _done(study)) < self.n_trials:
            trials = [study.ask(space) for _ in range(min(self.at_once, self.n_trials - count))]
            jobs = [[*fixed, *(f"{key}={value}" for key, value in trial.params.items())] for trial in trials]
            self.validate_batch_is_legal(jobs)
            for trial, job in zip(trials, self.launch(jobs, trials[0].number), strict=True):
                _tell(study, trial, job.return_value)
        _show(study)

    def _study(self) -> Study:
        """Open the study; trials that were running when the last command ended are put first in line."""
        import optuna
        from optuna.storages import JournalStorage
        from optuna.storages.journal import JournalFileBackend
        from optuna.trial import TrialState

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self.storage.parent.mkdir(parents=True, exist_ok=True)
        storage = JournalStorage(JournalFileBackend(str(self.storage)))
        study = optuna.create_study(study_name="search", storage=storage, direction=self.direction, load_if_exists=True)
        # The sampler knows nothing of the last command's draws: with its seed alone it would draw the same again.
        study.sampler = optuna.samplers.TPESampler(seed=self.seed + len(study.trials))
        for trial in study.get_trials(states=(TrialState.RUNNING,)):
            study.set_user_attr(AGAIN, [*study.user_attrs.get(AGAIN, []), trial.number])
            study.tell(trial.number, state=TrialState.FAIL)
            study.enqueue_trial(trial.params)
        return study


def _done(study: Study) -> int:
    """Trials that took place; one that is to be taken up again did not."""
    from optuna.trial import TrialState

    ended = study.get_trials(states=(TrialState.COMPLETE, TrialState.FAIL))
    return len(ended) - len(study.user_attrs.get(AGAIN, []))


def _tell(study: Study, trial: Trial, value: Any) -> None:
    from optuna.trial import TrialState

    if isinstance(value, (int, float)) and math.isfinite(value):
        study.tell(trial, float(value))
    else:
        study.tell(trial, state=TrialState.FAIL)


def _show(study: Study) -> None:
    from optuna.trial import TrialState

    if not study.get_trials(states=(TrialState.COMPLETE,)):
        print("no trial of the search gave a figure", flush=True)
        return
    best = study.best_trial
    numbers: Sequence[str] = [f"{key}={value}" for key, value in best.params.items()]
    print(f"best of {_done(study)} trials: {best.value:.4g} with {' '.join(numbers)}", flush=True)
