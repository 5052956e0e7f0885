import io
import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

from beavervision.artifacts.clip import LABELS, MATTE
from beavervision.audio.waveform import Waveform
from beavervision.face.model_registry import load_face_model
from beavervision.preprocess.background import Background
from beavervision.preprocess.ingest import open_source
from beavervision.preprocess.options import PrepareOptions
from beavervision.preprocess.report import grading
from beavervision.preprocess.report.report_input import Findings, SubjectFindings
from beavervision.preprocess.report.write import write_report
from beavervision.types import Label
from beavervision.video.lossless import GrayWriter

NAME = 'Jürgen <b>"Groß"</b> & Söhne'
VOID = {"meta", "img", "br"}


@pytest.fixture(scope="module", autouse=True)
def _short_clips_do():
    """The miniature lasts a second, and would be refused."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(grading, "FEW_SECONDS", 0.5)
        yield


@pytest.fixture(scope="module")
def findings(miniature, tmp_path_factory):
    """What a preparation would have found of the miniature clip, taken from its truth; frame 5 is a cut."""
    subject, n = miniature.subjects[0], miniature.n_frames
    matte = tmp_path_factory.mktemp("matte") / MATTE.format(0)
    with GrayWriter(matte, *miniature.size, miniature.fps) as writer:
        for _, labels in miniature.labels():
            writer.write(np.where((labels == Label.HAIR) | (labels == Label.FACE), 255, 0).astype(np.uint8))
    found = SubjectFindings(
        person="",
        subject=subject,
        error_px=np.linspace(0.2, 0.4, n),
        light=np.full(n, 120.0),
        sharpness=np.r_[np.nan, np.full(n - 1, 9.0)],
        labels=miniature.folder / LABELS.format(0),
        matte=matte,
    )
    return Findings(
        name=NAME,
        source=open_source(miniature.video, PrepareOptions("mini")),
        model=load_face_model("gpmm"),
        camera=miniature.camera,
        background=Background(miniature.plate(), 0.5, 0.0),
        subjects=[found],
        sound=Waveform(miniature.audio(), 16_000),
        cuts=[5],
    )


@pytest.fixture(scope="module")
def report(findings, tmp_path_factory):
    folder = tmp_path_factory.mktemp("written") / "report"
    return folder, write_report(folder, findings)


class Page(HTMLParser):
    """Elements in order, addresses, text; complains of what is not closed."""

    def __init__(self, text):
        super().__init__()
        self.open, self.elements, self.addresses, self.words = [], [], [], []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        self.addresses += [value for name, value in attrs if name in {"src", "href"}]
        if tag not in VOID and not self.get_starttag_text().endswith("/>"):
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)


def test_the_page_needs_nothing_else(report):
    page = Page((report[0] / "report.html").read_text(encoding="utf-8"))
    assert all(address.startswith(("data:image/jpeg;base64,", "#")) for address in page.addresses)
    assert "http" not in "".join(page.words)
    assert {"name": "viewport", "content": "width=device-width, initial-scale=1"} in [a for _, a in page.elements]


def test_any_name_is_text_and_nothing_but_text(report):
    page = Page((report[0] / "report.html").read_text(encoding="utf-8"))
    assert NAME in page.words
    assert "b" not in {tag for tag, attrs in page.elements if "Groß" in str(attrs)}
    assert "data.name=" in "".join(page.words)


def test_verdicts_and_command_stand_before_pictures_and_strips(report):
    text = (report[0] / "report.html").read_text(encoding="utf-8")
    places = [text.index(part) for part in ("class=headline", "class=verdicts", "python train.py -m", "<img", "<svg")]
    assert places == sorted(places)


def test_every_panel_of_every_moment_is_there(report, findings):
    page = Page((report[0] / "report.html").read_text(encoding="utf-8"))
    titles = [attrs["alt"] for tag, attrs in page.elements if tag == "img"]
    seen = ["frame", "labels", "landmarks", "face model", "matte", "as trained"]
    assert titles == seen * (len(titles) // len(seen))
    assert len(titles) // len(seen) >= 8


def test_what_the_pointer_shows_is_what_was_found(report, findings):
    text = (report[0] / "report.html").read_text(encoding="utf-8")
    told = json.loads(re.search(r"<script type=application/json>(.*?)</script>", text)[1])
    assert (told["fps"], told["frames"]) == (25.0, 24)
    visibility, *strips = told["strips"]
    assert [visibility["states"][code] for code in visibility["codes"]] == ["visible"] * 24
    light = next(strip for strip in strips if strip["lines"][0] == [120.0] * 24)
    assert light["unit"] == "grey values"
    sharp = next(strip for strip in strips if strip["lines"][0][1:] == [9.0] * 23)
    assert sharp["lines"][0][0] is None
    assert text.count("data-kind=") == len(told["strips"])


def test_the_json_says_the_same_as_the_page(report):
    folder, facts = report
    assert json.loads((folder / "report.json").read_text(encoding="utf-8")) == facts
    (subject,) = facts["subjects"]
    assert facts["seconds"] == 0.96
    assert facts["cuts_at_seconds"] == [0.2]
    assert subject["visible_seconds"] == 0.96
    words = "".join(Page((folder / "report.html").read_text(encoding="utf-8")).words)
    for verdict in subject["verdicts"]:
        assert verdict["stage"] in words
        assert all(remark["found"] in words and remark["remedy"] in words for remark in verdict["remarks"])


def test_the_same_clip_gives_the_same_bytes(report, findings, tmp_path):
    write_report(tmp_path / "again", findings)
    names = {path.name for path in report[0].iterdir()}
    assert names == {"report.html", "report.json", "contact_sheet_0.jpg", "thumbnail_0.jpg"}
    for name in names:
        assert (tmp_path / "again" / name).read_bytes() == (report[0] / name).read_bytes(), name


def test_who_is_who_and_a_section_each_for_two_people(findings, tmp_path):
    one = findings.subjects[0]
    both = [vars(one) | {"person": "0 (left)"}, vars(one) | {"person": "1 (right)", "matte": None}]
    crowd = vars(findings) | {
        "subjects": [SubjectFindings(**each) for each in both],
        "who": Image.new("RGB", (64, 48), "red"),
        "lines": ["0: left, 24 frames", "1: right, 24 frames"],
        "sound": None,
    }
    facts = write_report(tmp_path / "report", Findings(**crowd))
    text = (tmp_path / "report" / "report.html").read_text(encoding="utf-8")
    page = Page(text)
    assert text.index('alt="who is who"') < text.index("Person 0 (left)</h2>") < text.index("Person 1 (right)</h2>")
    assert {"#0 (left)", "#1 (right)"} <= set(page.addresses)
    assert {"0 (left)", "1 (right)"} <= {attrs.get("id") for _, attrs in page.elements}
    assert "1: right, 24 frames" in page.words
    assert facts["people"] == 2
    assert "data.subject=1" in facts["subjects"][1]["recommended"]["command"]
    assert {v["grade"] for v in facts["subjects"][0]["verdicts"] if v["stage"] == "syncnet"} == {"not usable"}
    assert Image.open(io.BytesIO((tmp_path / "report" / "thumbnail_1.jpg").read_bytes())).size[0] > 50


def test_a_clip_that_is_no_use_gets_no_command(findings, tmp_path, monkeypatch):
    monkeypatch.setattr(grading, "FEW_SECONDS", 100.0)
    (subject,) = write_report(tmp_path / "report", findings)["subjects"]
    assert subject["headline"].startswith("Not usable for audio2motion")
    assert subject["recommended"]["command"] == ""
    assert "None of the stages" in (tmp_path / "report" / "report.html").read_text(encoding="utf-8")
