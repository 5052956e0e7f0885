from __future__ import annotations

import signal

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser

optuna = pytest.importorskip("optuna")

SHORT = ("trainer.max_steps=12", "schedule.val_every=6", "logger=[]", "callbacks=quiet", "optimized_metric=val/mse")
SEARCH = (
    "-m",
    "sweep=search",
    "hydra.sweeper.direction=minimize",
    "model.lr=tag(log,interval(0.001,0.5))",
    "hydra.sweeper.at_once=1",
)


def trials(runs):
    (journal,) = runs.glob("anna/sweeps/*/study.journal")
    storage = optuna.storages.JournalStorage(optuna.storages.journal.JournalFileBackend(str(journal)))
    return optuna.load_study(study_name="search", storage=storage).trials


def test_a_search_goes_on_where_it_stopped(ridge, runs, table, capsys):
    assert ridge(*SEARCH, "hydra.sweeper.n_trials=2", *SHORT) == 0
    assert [row["status"] for row in table().values()] == ["done", "done"]
    # The third trial is stopped: it takes place again, with the same number, and continues from its checkpoint.
    halt = "+callbacks.halt={_target_: halt.Halt, folder: '${hydra:runtime.output_dir}', step: 8, number: %d}"
    with pytest.raises(SystemExit):
        ridge(*SEARCH, "hydra.sweeper.n_trials=4", *SHORT, halt % signal.SIGTERM)
    capsys.readouterr()
    assert ridge(*SEARCH, "hydra.sweeper.n_trials=4", *SHORT) == 0
    said = capsys.readouterr().out
    assert "continues from" in said
    assert "best of 4 trials" in said
    found = trials(runs)
    assert [trial.state.name for trial in found] == ["COMPLETE", "COMPLETE", "FAIL", "COMPLETE", "COMPLETE"]
    assert found[2].params == found[3].params
    assert len({trial.params["model.lr"] for trial in found}) == 4
    values = [float(row["value"]) for row in table().values()]
    assert sorted(values) == pytest.approx(sorted(trial.value for trial in found if trial.value is not None))


def test_what_may_be_chosen_is_written_as_hydra_has_it():
    from hydra_plugins.beavervision._space import distributions

    lines = [
        "seed=1",
        "a=interval(0.0,0.3)",
        "b=int(tag(log,interval(1,64)))",
        "c=range(2,7)",
        "d=x,y",
        "e=range(0.5,2,0.5)",
    ]
    space = distributions(OverridesParser.create().parse_overrides(lines))
    assert space == {
        "a": optuna.distributions.FloatDistribution(0.0, 0.3),
        "b": optuna.distributions.IntDistribution(1, 64, log=True),
        "c": optuna.distributions.IntDistribution(2, 6),
        "d": optuna.distributions.CategoricalDistribution(["x", "y"]),
        "e": optuna.distributions.FloatDistribution(0.5, 1.5, step=0.5),
    }


def test_a_search_without_a_choice_is_a_sentence(ridge, capsys):
    assert ridge("-m", "sweep=search", "hydra.sweeper.direction=minimize", *SHORT) == 2
    assert "nothing to choose" in capsys.readouterr().err
