"""What the studio finds in the runs folder, what it shows of it, and what it makes of its forms."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from PIL import Image

from beavervision.errors import AudioError, ConfigError, FootageError
from beavervision.studio.addresses import file_address, find_file
from beavervision.studio.desk import Desk
from beavervision.studio.forms import film_task, parse_overrides, prepare_task, train_task
from beavervision.studio.job import Job, PrepareTask
from beavervision.studio.job_queue import JobQueue
from beavervision.studio.job_view import job_list
from beavervision.studio.people import list_people


@pytest.fixture
def runs(tmp_path, miniature) -> Path:
    """A prepared person with one trained stage, one that was begun, and a film; and things that are nobody."""
    person = tmp_path / "runs" / "mini"
    shutil.copytree(miniature.folder, person / "clip")
    report = person / "clip" / "report"
    report.mkdir(exist_ok=True)
    verdicts = [{"stage": "postnet", "grade": "usable", "why": "20 s of <speech>"}]
    facts = {"subjects": [{"headline": "Usable for postnet.", "verdicts": verdicts}]}
    (report / "report.json").write_text(json.dumps(facts))
    trained = person / "audio2motion" / "demo"
    for folder in (trained / ".hydra", trained / "bundle", person / "postnet" / "default" / ".hydra"):
        folder.mkdir(parents=True)
    (trained / "bundle" / "manifest.json").write_text("{}")
    state = {"fingerprint": "x", "target": {}, "finished": True, "went": {"steps": 40.0}}
    (trained / "run.json").write_text(json.dumps(state))
    log = person / "postnet/default/logs/csv/version_0/metrics.csv"
    log.parent.mkdir(parents=True)
    log.write_text("step,train/loss\n0,2.0\n10,1.0\n")
    (person / "postnet/default/media").mkdir()
    Image.new("RGB", (8, 8)).save(person / "postnet/default/media/strip_step_000010.png")
    (person / "infer").mkdir()
    (person / "infer" / "talk.mp4").touch()
    for nobody in (".studio", "sweeps"):
        (tmp_path / "runs" / nobody).mkdir()
    return tmp_path / "runs"


def test_the_listing_of_runs(runs):
    (person,) = list_people(runs)
    assert (person.name, person.is_prepared, person.trained) == ("mini", True, ("audio2motion",))
    run = person.stages["audio2motion"]
    assert (run.preset, run.trained, run.steps) == ("demo", True, 40)
    assert not person.stages["postnet"].trained
    assert [film.name for film in person.films] == ["talk.mp4"]
    assert person.modes == ()
    assert person.seconds == pytest.approx(24 / 25)
    (person.folder / "lower_face/demo/bundle").mkdir(parents=True)
    (person.folder / "lower_face/demo/bundle/manifest.json").write_text("{}")
    assert list_people(runs)[0].modes == ("dub",)


def test_a_damaged_clip_is_told_in_one_sentence(runs):
    (runs / "mini/clip/manifest.json").write_text("[1]")
    (person,) = list_people(runs)
    assert not person.is_prepared
    assert person.problem
    assert "\n" not in person.problem


def test_the_texts_of_the_page(runs):
    queue = JobQueue(runs)
    texts = Desk(queue).texts("mini")
    queue.close()
    assert "data-person='mini'" in texts["people"]
    assert "20 s of &lt;speech&gt;" in texts["report"]
    assert "Usable for postnet." in texts["report"]
    assert "demo, 40 steps" in texts["stages"]
    assert 'aria-label="train/loss: 1"' in texts["run"]
    assert "alt='strip, step 10'" in texts["run"]
    assert texts["now"] == ""


def test_empty_screens_say_what_to_do(tmp_path):
    queue = JobQueue(tmp_path / "new")
    texts = Desk(queue).texts(None)
    queue.close()
    assert "drop a video" in texts["people"]
    for place in ("report", "stages", "run", "jobs"):
        assert "bv-empty" in texts[place], place


def test_what_people_typed_is_never_markup():
    job = Job(task=PrepareTask(person="<b>x</b>", video="/a/<i>.mp4"), state="failed", error="<script>")
    shown = job_list([job])
    assert "<script>" not in shown
    assert "<b>x</b>" not in shown
    assert "<i>" not in shown


def test_only_shown_kinds_below_the_runs_folder_are_handed_out(runs, tmp_path):
    (runs / "mini/last.ckpt").touch()
    (runs / ".studio/page.html").touch()
    (tmp_path / "secret.json").touch()
    (runs / "mini/out.json").symlink_to(tmp_path / "secret.json")
    film = runs / "mini/infer/talk.mp4"
    address = file_address(runs, film)
    assert address.startswith("/files/mini/infer/talk.mp4?v=")
    assert find_file(runs, "mini/infer/talk.mp4") == film
    refused = ("mini/last.ckpt", ".studio/page.html", "../secret.json", "mini/../../secret.json", "mini/out.json")
    for path in (*refused, "/etc/hosts.txt", "mini//x.html", "", "mini", "a\0.html"):
        assert find_file(runs, path) is None, path


def test_the_form_of_preparation(tmp_path):
    upload = tmp_path / "cache" / "Anna talks (2).mp4"
    upload.parent.mkdir()
    upload.write_bytes(b"film")
    task = prepare_task(tmp_path / "runs", str(upload), "", "", None, "data.start=2.0\n\n# a remark\nframe=1x1")
    assert task.person == "Anna_talks_2"
    assert Path(task.video).read_bytes() == b"film"
    assert Path(task.video).parent == tmp_path / "runs/Anna_talks_2/footage"
    assert task.overrides == {"data.start": 2.0, "frame": "1x1"}
    own = tmp_path / "own.mp4"
    own.write_bytes(b"own")
    assert prepare_task(tmp_path, None, str(own), "ben", None, "").video == str(own)
    for path, name, settings, error, words in (
        ("", "", "", FootageError, "There is no footage yet"),
        ("none.mp4", "", "", FootageError, "none.mp4 does not exist"),
        (str(own), "../x", "", ConfigError, "cannot be a name"),
        (str(own), "x", "no setting", ConfigError, "is not a setting"),
    ):
        with pytest.raises(error, match=words):
            prepare_task(tmp_path, None, path, name, None, settings)


def test_the_forms_of_training_and_film(tmp_path):
    task = train_task("anna", ["lower_face", "audio2motion"], "full", "trainer.max_steps=4")
    assert (task.stages, task.preset) == (["audio2motion", "lower_face"], None)
    with pytest.raises(ConfigError, match="No stage is chosen"):
        train_task("anna", [], "demo", "")
    with pytest.raises(ConfigError, match="Nobody is chosen"):
        train_task(None, ["postnet"], "demo", "")
    outs = []
    for number in range(2):
        speech = tmp_path / str(number) / "audio.wav"
        speech.parent.mkdir()
        speech.touch()
        film = film_task(tmp_path, "anna", "avatar", str(speech), "none", "", label=True)
        Path(film.out).parent.mkdir(parents=True, exist_ok=True)
        Path(film.out).touch()
        outs.append(film.out)
    assert film.overrides == {"background": "none", "label": "text"}
    assert outs[0] != outs[1]
    assert Path(outs[0]).name.startswith("recording_")
    assert Path(outs[0]).suffix == ".mov"
    with pytest.raises(AudioError, match="There is no speech yet"):
        film_task(tmp_path, "anna", "dub", None, "", "", label=False)


@pytest.mark.parametrize(
    ("text", "found"),
    [("a=1e-3", {"a": 0.001}), ("a.b=null", {"a.b": None}), ("a=[1,2]", {"a": [1, 2]}), ("a=x=y", {"a": "x=y"})],
)
def test_settings_are_read_as_on_the_command_line(text, found):
    assert parse_overrides(text) == found
