from __future__ import annotations

import base64
import csv
import io
import re

import numpy as np
from PIL import Image

from beavervision.cli.multirun.page import WIDTH, write_sweep_page
from beavervision.cli.multirun.record import JobRecord, read_records
from beavervision.cli.multirun.table import metric_text, print_table, time_text, write_csv
from beavervision.workflows.run_result import RunResult


def records(tmp_path):
    picture = tmp_path / "strip.png"
    Image.fromarray(np.full((40, 2 * WIDTH, 3), (200, 30, 30), np.uint8)).save(picture)
    done = JobRecord(0, ["frame=1x1", "model.field={a: 1}"], str(tmp_path / "one"))
    outcome = RunResult(tmp_path / "one", "done", "val/psnr", {"val/psnr": 26.123, "steps": 20}, picture)
    failed = JobRecord(1, ["frame=<9x16>"], str(tmp_path / "two")).failed("No face; look [here].", fault=False)
    return [done.ended(outcome), failed]


def test_durations_as_people_say_them():
    assert [time_text(seconds) for seconds in (42.4, 185, 3600, 7300)] == ["42 s", "3:05 min", "1:00 h", "2:01 h"]


def test_records_are_read_as_they_were_written(tmp_path):
    written = records(tmp_path)
    for record in reversed(written):
        record.write(tmp_path)
    assert read_records(tmp_path) == written
    (tmp_path / "jobs" / "half.json").write_text("{")
    assert read_records(tmp_path) == written


def test_the_csv_has_a_column_for_each_swept_key_and_each_figure(tmp_path):
    write_csv(tmp_path / "jobs.csv", records(tmp_path))
    with (tmp_path / "jobs.csv").open(newline="") as stream:
        one, two = csv.DictReader(stream)
    assert (one["frame"], one["val/psnr"], one["value"], one["status"]) == ("1x1", "26.123", "26.123", "done")
    assert one["model.field"] == "{a: 1}"
    assert (two["frame"], two["val/psnr"], two["sentence"]) == ("<9x16>", "", "No face; look [here].")


def test_the_terminal_shows_every_job(tmp_path, capsys):
    print_table("framing", records(tmp_path))
    said = capsys.readouterr().out
    assert all(text in said for text in ("framing", "val/psnr 26.12", "failed: No face; look [here].", "{a: 1}"))


def test_the_page_needs_no_other_file(tmp_path):
    write_sweep_page(tmp_path / "sweep" / "index.html", "framing", "train.py -m 'x<y'", records(tmp_path))
    text = (tmp_path / "sweep" / "index.html").read_text()
    assert "&lt;9x16&gt;" in text
    assert "x&lt;y" in text
    (picture,) = re.findall(r'src="data:image/jpeg;base64,([^"]+)"', text)
    shown = Image.open(io.BytesIO(base64.b64decode(picture)))
    assert shown.size == (WIDTH, 20)
    assert np.abs(np.asarray(shown)[10, 10].astype(int) - (200, 30, 30)).max() < 6
    assert 'href="../strip.png"' in text


def test_a_job_without_a_figure_shows_none():
    assert metric_text(JobRecord(0, [], "")) == ""
    assert metric_text(JobRecord(0, [], "", metric="val/psnr", value=26.123)) == "val/psnr 26.12"
