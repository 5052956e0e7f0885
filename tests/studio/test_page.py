"""The studio in a real browser: prepare, train and dub the demo's actor; it survives reloads, a stop and a crash."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import soundfile

from beavervision.synthetic import actor_video, speech_audio

pytest.importorskip("gradio", reason="the studio's page needs the extra: pip install 'beavervision[studio]'")
playwright = pytest.importorskip(
    "playwright.sync_api", reason="the browser test needs playwright: pip install playwright"
)
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="the browser test needs Chromium, such as apt-get install chromium"),
]
PATIENCE = 600
"""Seconds for one job; it takes one minute on two idle cores."""


@pytest.fixture(scope="module")
def runs(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("studio") / "runs"


@pytest.fixture(scope="module")
def address(runs) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "beavervision.cli", "studio", f"paths.runs={runs}", f"studio.port={port}"]
    studio = subprocess.Popen([*command, "studio.browser=false"], stdout=subprocess.PIPE, text=True)
    assert studio.stdout is not None
    assert "Ctrl-C ends" in studio.stdout.readline()
    found = f"http://127.0.0.1:{port}/"
    wait(lambda: answers(found), 60)
    yield found
    studio.send_signal(signal.SIGINT)
    assert studio.wait(90) == 130  # as every verb after Ctrl-C


@pytest.fixture(scope="module")
def page(address) -> Iterator[Any]:
    with playwright.sync_playwright() as engine:
        arguments = ["--no-sandbox", "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream"]
        browser = engine.chromium.launch(executable_path=CHROMIUM, args=arguments)
        page = browser.new_page(viewport={"width": 1280, "height": 900}, permissions=["microphone"])
        page.set_default_timeout(60_000)
        elsewhere, errors = [], []
        own = (address, "data:", f"blob:{address}")
        page.on("request", lambda request: None if request.url.startswith(own) else elsewhere.append(request.url))
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(address)
        yield page
        browser.close()
    assert elsewhere == []
    assert errors == []


def answers(address: str) -> bool:
    try:
        return urllib.request.urlopen(address, timeout=5).status == 200
    except OSError:
        return False


def wait(true: Callable[[], object], seconds: float = PATIENCE) -> None:
    limit = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < limit, "it did not happen in time"
        time.sleep(0.3)


def jobs(runs: Path) -> list[dict[str, Any]]:
    found = [json.loads(path.read_text()) for path in (runs / ".studio/jobs").glob("*/job.json")]
    return sorted(found, key=lambda job: job["order"])


def open_tab(page: Any, name: str) -> None:
    page.get_by_role("tab", name=name, exact=True).click()


def sees(page: Any, place: str, words: str, seconds: float = PATIENCE) -> None:
    page.locator(place, has_text=words).wait_for(timeout=1000 * seconds)


def test_prepare(page, runs):
    sees(page, "#people", "Nobody is here yet", 60)
    open_tab(page, "Prepare")
    page.get_by_role("button", name="Prepare", exact=True).click()
    page.get_by_role("alert").filter(has_text="There is no footage yet; drop a video").wait_for()
    page.set_input_files("#footage input[type=file]", actor_video())
    page.get_by_text(actor_video().name).first.wait_for()
    page.get_by_label("Name").fill("actor")
    page.get_by_role("button", name="Consent and further settings").click()
    page.locator("#prepare-settings textarea").fill("data.end=3.0")
    page.get_by_role("button", name="Prepare", exact=True).click()
    # The job's process is killed: the page says so, and Continue goes on.
    wait(lambda: jobs(runs) and jobs(runs)[0]["state"] == "running", 60)
    page.get_by_role("progressbar", name="Prepare actor").wait_for()
    os.killpg(jobs(runs)[0]["pid"], signal.SIGKILL)
    sees(page, "#prepare-outcome", "ended unexpectedly (signal 9)", 60)
    open_tab(page, "Jobs")
    page.get_by_role("button", name="Continue: Prepare actor").click()
    wait(lambda: jobs(runs)[0]["state"] == "running", 60)
    page.reload()
    open_tab(page, "Prepare")
    sees(page, "#report", "Report of actor")
    sees(page, "#prepare-outcome", "Prepare actor: done")
    report = page.get_by_role("link", name="Open the whole report").get_attribute("href")
    assert page.request.get(page.url.rstrip("/") + report).status == 200


def test_train(page, runs):
    open_tab(page, "Train")
    assert page.get_by_label("Person", exact=True).input_value() == "actor"
    page.get_by_label("Trial: small networks").check()
    for stage in ("head (radnerf_head)", "shoulders and body (radnerf_torso)"):
        page.get_by_label(stage).uncheck()
    page.get_by_role("button", name="Further settings").click()
    page.locator("#train-settings textarea").fill("trainer.max_steps=4\nschedule.val_every=4\nlogger=csv")
    page.get_by_role("button", name="Train", exact=True).click()
    wait(lambda: jobs(runs)[-1]["state"] == "running", 60)
    page.get_by_role("button", name="Stop", exact=True).click()
    sees(page, "#train-outcome", "stopped. Continue goes on where it stopped.", 120)
    page.get_by_role("button", name="Continue", exact=True).click()
    wait(lambda: jobs(runs)[-1]["state"] == "running", 60)
    page.reload()
    open_tab(page, "Train")
    assert page.get_by_label("Person", exact=True).input_value() == "actor"
    sees(page, "#train-outcome", "Train actor: done")
    assert page.locator("#states li", has_text="mouth and chin").get_by_text("trained", exact=True).is_visible()
    page.locator("#run .bv-frames img").first.wait_for()


def test_dub(page, runs, tmp_path):
    words, rate = soundfile.read(speech_audio())
    soundfile.write(tmp_path / "words.wav", words[:rate], rate)
    open_tab(page, "Speak")
    page.set_input_files("#speech input[type=file]", tmp_path / "words.wav")
    page.locator("#speech").get_by_label("Play").first.wait_for()
    page.get_by_role("button", name="Make the film").click()
    sees(page, "#film", "signature and bytes hold")
    sees(page, "#film-outcome", "Dub actor: done", 60)
    videos = page.locator("#film video")
    assert videos.count() == 2
    wait(lambda: [one.evaluate("video => video.videoWidth") for one in videos.all()] == [1280, 1280], 60)
    with page.expect_download() as download:
        page.get_by_role("link", name="Download the film").click()
    film = runs / "actor/infer/words_dub.mp4"
    assert Path(download.value.path()).read_bytes() == film.read_bytes()
    assert "words.wav" in page.locator("#film dl").inner_text()


def test_the_microphone_and_the_keyboard(page, runs):
    open_tab(page, "Speak")
    page.locator("#speech").get_by_label("Record audio").first.click()
    page.get_by_role("button", name="Record", exact=True).click()
    time.sleep(1.5)
    page.get_by_role("button", name="Stop", exact=True).click()
    page.locator("#speech").get_by_label("Play").first.wait_for()
    page.get_by_role("button", name="Make the film").focus()
    page.keyboard.press("Enter")
    wait(lambda: len(jobs(runs)) == 4, 60)
    speech = Path(jobs(runs)[-1]["task"]["speech"])
    assert soundfile.info(speech).duration > 0.5
    open_tab(page, "Jobs")
    page.get_by_role("button", name="Stop: Dub actor").or_(page.get_by_role("button", name="Cancel: Dub actor")).focus()
    page.keyboard.press("Enter")
    wait(lambda: jobs(runs)[-1]["state"] in ("stopped", "done"), 60)


def test_every_field_has_a_label(page):
    for name in ("People", "Prepare", "Train", "Speak", "Jobs"):
        open_tab(page, name)
        nameless = page.evaluate(NAMELESS)
        assert nameless == [], name
    page.set_viewport_size({"width": 390, "height": 844})
    for name in ("People", "Prepare", "Train", "Speak", "Jobs"):
        open_tab(page, name)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, name


NAMELESS = """() => [...document.querySelectorAll('button, input, textarea, select, img, video')]
  .filter(e => e.getClientRects().length && e.type !== 'file')
  .filter(e => !(e.innerText || '').trim() && !e.getAttribute('aria-label') && !e.alt && !e.title
    && !(e.labels && [...e.labels].some(l => l.innerText.trim())) && !e.closest('[aria-hidden=true]'))
  .map(e => e.outerHTML.slice(0, 160))"""


def test_who_may_ask(tmp_path):
    from starlette.testclient import TestClient

    from beavervision.studio.job_queue import JobQueue
    from beavervision.studio.server import create_app

    queue = JobQueue(tmp_path)
    (tmp_path / "page.html").write_text("seen")
    own = TestClient(create_app(queue), base_url="http://localhost")
    assert own.get("/files/page.html").text == "seen"
    assert "default-src 'self'" in own.get("/").headers["content-security-policy"]
    assert own.get("/", headers={"host": "elsewhere.example"}).status_code == 400
    assert own.get("/files/.studio/x.json").status_code == own.get("/footage/nobody").status_code == 404
    guarded = TestClient(create_app(queue, "0.0.0.0", "long-password"), base_url="http://any.example")
    for path in ("/", "/config", "/gradio_api/info", "/files/page.html", "/footage/x"):
        assert guarded.get(path).status_code == 401, path
        assert guarded.get(path, auth=("me", "wrong-password")).status_code == 401, path
    assert guarded.get("/files/page.html", auth=("me", "long-password")).text == "seen"
    queue.close()
