"""A run's dashboard in wandb, read back from its offline file, beside those in CSV, TensorBoard and HTML."""

from __future__ import annotations

import csv
import sys
from pathlib import Path
from types import SimpleNamespace

import av
import pytest
from offline_run import OfflineRun
from stub_artifacts import stub_clip
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from beavervision.callbacks.record import RunRecord
from beavervision.callbacks.wandb_run import WandbRun, artifact_name
from beavervision.cli.entry import run

SUPPORT = Path(__file__).parents[1] / "support"
FOLDER = "anna/ridge/default"
SCALARS = {
    "train/loss", "train/lr", "train/steps_per_second", "train/peak_memory_mb", "val/mse", "epoch",
}  # fmt: skip
MEDIA = {"media/strip", "media/wave", "media/voice", "media/preview"}


def offline(folder: Path) -> list[OfflineRun]:
    return [OfflineRun.read(path) for path in sorted(folder.glob("wandb/offline-run-*"))]


@pytest.fixture(scope="module")
def logged(tmp_path_factory) -> Path:
    """Folder of a run that told every logger; for reading only."""
    runs = tmp_path_factory.mktemp("logged") / "runs"
    clip = runs / "anna" / "clip"
    stub_clip(clip)
    fixed = ("--config-dir", str(SUPPORT / "outside_conf"), "model=ridge", "data=myvideo", "data.name=anna")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(SUPPORT / "outside"))
        patch.setattr(sys, "argv", ["train", *fixed, f"paths.runs={runs}", "logger=many", "trainer.max_steps=40"])
        assert run("train") == 0
    return runs / FOLDER


def test_the_offline_run_holds_every_key(logged):
    (found,) = offline(logged)
    assert found.keys == {*SCALARS, *MEDIA, "trainer/global_step"}
    assert found.config["model"]["lr"] == 0.1
    assert (found.run.run_group, found.run.job_type) == ("anna", "ridge")
    assert {"ridge", "anna", "auto", "mel"} <= set(found.run.tags)


def test_films_in_the_offline_run_have_sound(logged):
    (found,) = offline(logged)
    films = list((found.folder / "files/media/videos").rglob("*.mp4"))
    assert len(films) == 2 + 1  # a voice at steps 20 and 40, and the preview
    for path in films:
        with av.open(str(path)) as film:
            assert [stream.type for stream in film.streams] == ["video", "audio"]
            # 5 frames at 25 fps
            assert sum(frame.samples for frame in film.decode(audio=0)) >= 0.2 * 16_000
    assert len(list((found.folder / "files/media/images").rglob("*.png"))) == 4


def test_a_run_that_continues_is_the_same_run(ridge, runs, capsys):
    assert ridge("logger=wandb_offline", "trainer.max_steps=20") == 0
    (first,) = offline(runs / FOLDER)
    assert f"wandb sync {first.folder}\n" in capsys.readouterr().out
    assert ridge("logger=wandb_offline", "trainer.max_steps=40") == 0
    first, second = offline(runs / FOLDER)
    assert first.run.run_id == second.run.run_id
    assert second.history[0]["trainer/global_step"] >= 20
    assert f"wandb sync {first.folder} && wandb sync --append {second.folder}" in capsys.readouterr().out


def test_jobs_of_a_sweep_are_runs_of_their_own(ridge, runs):
    assert ridge("-m", "model.lr=0.1,0.2", "logger=wandb_offline", "trainer.max_steps=5") == 0
    found = [offline(folder) for folder in sorted((runs / "anna/ridge").iterdir())]
    assert [len(each) for each in found] == [1, 1]
    assert found[0][0].run.run_id != found[1][0].run.run_id


def test_csv_and_tensorboard_hold_the_same_keys(logged):
    with (logged / "logs/csv/version_0/metrics.csv").open(newline="") as stream:
        columns = set(csv.DictReader(stream).fieldnames or [])
    assert columns - {"step"} == SCALARS
    events = EventAccumulator(str(logged / "logs/tensorboard"))
    events.Reload()
    assert set(events.Tags()["scalars"]) >= SCALARS
    assert set(events.Tags()["images"]) == MEDIA
    assert events.Tags()["audio"] == ["media/voice_sound", "media/preview_sound"]


def test_lineage_leads_from_the_clip_through_what_was_made_to_what_uses_it(logged, tmp_path):
    (first,) = offline(logged)
    made = artifact_name("ridge", "anna", "default")
    assert set(first.used) == {"clip-anna"}
    assert set(first.made) == {made}
    assert {entry.path for entry in first.used["clip-anna"].manifest.contents} == {"manifest.json"}
    later = WandbRun(str(tmp_path / "later"), offline=True, project="beavervision", id="later")
    (tmp_path / "later").mkdir()
    trainer = SimpleNamespace(fast_dev_run=False, is_global_zero=True, loggers=[later])
    inputs = {"clip": logged.parents[1] / "clip", "ridge": logged / "bundle"}
    RunRecord({}, inputs).on_fit_start(trainer, None)  # type: ignore[arg-type]
    later.close()
    (second,) = offline(tmp_path / "later")
    # Known by their contents: what one run made is what the other used.
    assert second.used[made].digest == first.made[made].digest
    assert second.used["clip-anna"].digest == first.used["clip-anna"].digest


def test_the_local_page_shows_the_same(logged):
    page = (logged / "dashboard.html").read_text()
    for name in SCALARS - {"epoch"}:
        assert f'aria-label="{name}"' in page
    for name in ("strip_step_000040.png", "wave_step_000040.png", "voice_step_000040.mp4", "preview.mp4"):
        assert f'src="media/{name}"' in page
        assert (logged / "media" / name).exists()
    assert 'href="media/strip_step_000020.png"' in page
    assert "lr: 0.1" in page
    assert (logged / "bundle/preview.mp4").exists()
