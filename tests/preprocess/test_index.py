import json
import re

import pytest
from PIL import Image

from beavervision.preprocess.report.assessment import NEEDS
from beavervision.preprocess.report.index import write_index


@pytest.fixture
def runs(tmp_path):
    for name, people in (("anna", [""]), ("zwei & mehr", ["0 (left)", "1 (right)"])):
        folder = tmp_path / name / "clip" / "report"
        folder.mkdir(parents=True)
        subjects = [
            {
                "person": person,
                "face_height_px": {"median": 123.4} if i == 0 else None,
                "verdicts": [{"stage": s, "grade": "not usable" if i else "good", "why": "<why>"} for s in NEEDS],
            }
            for i, person in enumerate(people)
        ]
        (folder / "report.json").write_text(json.dumps({"clip": name, "seconds": 12.34, "subjects": subjects}))
        for i in range(len(people)):
            Image.new("RGB", (8, 8)).save(folder / f"thumbnail_{i}.jpg")
    return tmp_path


def test_every_clip_has_a_row_a_link_and_its_verdicts(runs):
    path = write_index(runs)
    text = path.read_text(encoding="utf-8")
    assert path == runs / "prepared.html"
    links = re.findall(r'<a href="([^"]*)">([^<]*)</a>', text)
    assert links == [
        ("anna/clip/report/report.html", "anna"),
        ("zwei%20%26%20mehr/clip/report/report.html", "zwei &amp; mehr, person 0 (left)"),
        ("zwei%20%26%20mehr/clip/report/report.html", "zwei &amp; mehr, person 1 (right)"),
    ]
    assert text.count("data:image/jpeg;base64,") == 3
    assert text.count(">good</td>") == 2 * len(NEEDS)
    assert text.count(">not usable</td>") == len(NEEDS)
    assert "123 px" in text
    assert "<why>" not in text
    assert "2 prepared, 0 failed" in text


def test_what_failed_is_listed_with_its_sentence(runs):
    text = write_index(runs, {"böse": "b.mp4 shows no face anywhere; use other footage <here>."}).read_text("utf-8")
    assert "b.mp4 shows no face anywhere; use other footage &lt;here&gt;." in text
    assert "1 failed" in text


def test_a_clip_that_failed_this_time_is_not_listed_as_prepared(runs):
    text = write_index(runs, {"anna": "it is broken."}).read_text(encoding="utf-8")
    assert "anna/clip" not in text
    assert "it is broken." in text


def test_an_empty_folder_gives_an_empty_page(tmp_path):
    assert "0 prepared, 0 failed" in write_index(tmp_path).read_text(encoding="utf-8")
