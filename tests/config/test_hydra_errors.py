from __future__ import annotations

import pytest


@pytest.mark.parametrize(
    ("name", "argument", "expected"),
    [
        ("train", "frmae=1x1", ["frmae is not a key of train", "did you mean frame"]),
        ("train", "frame=9x17", ["there is no such frame", "did you mean 9x16", "1x1", "native"]),
        ("train", "model=radnerf_heat", ["there is no such model", "radnerf_head"]),
        ("train", "data.nmae=me", ["data.nmae is not a key of train", "data.name"]),
        ("train", "frame.face_scael=0.4", ["did you mean frame.face_scale"]),
        ("train", "trainer.max_step=3", ["did you mean trainer.max_steps"]),
        ("train", "model.learning_rat=3", ["model.learning_rat is not a key"]),
        ("train", "data.fps=fast", ["data.fps", "fast", "Float"]),
        ("train", "sed=3", ["did you mean seed"]),
        ("train", "a b=3", ["a b=3 cannot be read as key=value"]),
        ("train", "+trainer.max_stepz=3", ["trainer.max_stepz is not an argument of lightning.Trainer"]),
        ("prepare", "data.vidoe=me.mp4", ["did you mean data.video"]),
        ("prepare", "logger=csv", ["logger= is not for prepare"]),
        ("infer", "aduio=x.wav", ["did you mean audio"]),
        ("infer", "mdoe=dub", ["did you mean mode"]),
        ("evaluate", "modle=postnet", ["did you mean model"]),
        ("doctor", "path.runs=x", ["did you mean paths.runs"]),
        ("train", "frame=[[[1]]]", ["frame=[[[1]]]", "give each group one of its options"]),
        ("train", "debug=nonsense", ["there is no such debug"]),
    ],
)
def test_a_typo_is_answered_with_names(verb, runs, capsys, name, argument, expected):
    given = ("data=myvideo", "data.name=anna") if name != "doctor" else ()
    assert verb(name, *given, f"paths.runs={runs}", argument) == 2
    said = capsys.readouterr().err
    assert all(part in said for part in expected), said
    assert said.startswith("error: ")
    assert len(said.strip().splitlines()) == 1
    assert [path.name for path in (runs / "anna").iterdir()] == ["clip"]


@pytest.mark.parametrize(
    ("name", "arguments", "expected"),
    [
        ("train", ["frame=1x1", "frame.face_scale=3"], "error: frame.face_scale is 3.0; give face height"),
        ("train", ["frame.height=abc"], "error: frame.height: Value 'abc'"),
        ("train", ["model.distill_share=1.5"], "model.distill_share=1.5 cannot be; give a number from 0 to 0.9."),
        ("train", ["model.field.hidden=0"], "model.field.hidden=0 cannot be; give a whole number from 1 on."),
        ("train", ["model.lr_grid=abc"], "model.lr_grid=abc cannot be; give a number from 0 on."),
        ("evaluate", ["datamodule.frames=0"], "datamodule.frames=0 cannot be"),
        ("train", ["hardware.render=fats"], "did you mean fast"),
        ("train", ["schedule.max_steps=-5"], "schedule.max_steps=-5 cannot be; give a whole number from -1 on."),
        ("train", ["logger=[csv,tensorbord]"], "did you mean tensorboard"),
    ],
)
def test_a_value_that_cannot_be_is_refused_before_anything_is_done(verb, runs, capsys, name, arguments, expected):
    given = ("model=radnerf_head", "data=myvideo", "data.name=anna", f"paths.runs={runs}")
    assert verb(name, *given, *arguments) == 2
    said = capsys.readouterr().err
    assert expected in said
    assert len(said.strip().splitlines()) == 1
    assert [path.name for path in (runs / "anna").iterdir()] == ["clip"]


def test_a_typo_in_a_sweep_is_answered_too(verb, runs, capsys):
    assert verb("train", "-m", "model=audio2motion,postnett", f"paths.runs={runs}") == 2
    assert "did you mean postnet" in capsys.readouterr().err


def test_debug_shows_the_traceback(verb, runs):
    with pytest.raises(Exception, match="Could not override"):
        verb("train", "debug=fdr", "sed=3", f"paths.runs={runs}")
