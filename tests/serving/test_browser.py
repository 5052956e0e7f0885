"""The server's page in a real browser: it speaks with an uploaded file and receives WebSocket and WebRTC frames."""

from __future__ import annotations

import os
import shutil
import time

import numpy as np
import pytest
import soundfile
from live_server import documented

sync_api = pytest.importorskip("playwright.sync_api", reason="needs playwright")
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
if CHROMIUM is None:
    pytest.skip("needs a browser: apt-get install chromium", allow_module_level=True)

FLAGS = ["--no-sandbox", "--autoplay-policy=no-user-gesture-required", "--disable-gpu", "--mute-audio"]
CALL = """async () => {
  const peer = new RTCPeerConnection(), video = document.createElement("video");
  video.muted = true; video.srcObject = new MediaStream();
  peer.addTransceiver("video", {direction: "recvonly"}); peer.addTransceiver("audio", {direction: "recvonly"});
  peer.ontrack = event => { video.srcObject.addTrack(event.track); video.play(); };
  await peer.setLocalDescription(await peer.createOffer());
  await new Promise(done => peer.iceGatheringState === "complete" ? done() : peer.onicegatheringstatechange =
    () => peer.iceGatheringState === "complete" && done());
  const answer = await fetch("/v1/webrtc/offer?avatar=lamp",
    {method: "POST", headers: {"content-type": "application/sdp"}, body: peer.localDescription.sdp});
  await peer.setRemoteDescription({type: "answer", sdp: await answer.text()});
  const end = performance.now() + 30000;
  let frames = 0, sound = 0;
  while (performance.now() < end && (frames < 10 || sound === 0)) {
    await new Promise(done => setTimeout(done, 100));
    for (const one of (await peer.getStats()).values())
      if (one.type === "inbound-rtp" && one.kind === "video") frames = one.framesDecoded;
      else if (one.type === "inbound-rtp") sound = one.totalSamplesReceived;
  }
  const size = [video.videoWidth, video.videoHeight];
  peer.close(); await fetch(answer.headers.get("location"), {method: "DELETE"});
  return {status: answer.status, frames, sound, size};
}"""


def until(page, expression, seconds=30):
    """Wait for an expression; `wait_for_function` would need `eval`, which the page's policy forbids."""
    end = time.monotonic() + seconds
    while not page.evaluate(expression):
        assert time.monotonic() < end, (expression, page.inner_text("#state"))
        page.wait_for_timeout(20)


@pytest.fixture(scope="module")
def page(address):
    with sync_api.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page()
        page.goto(f"http://{address}/")
        yield page
        browser.close()


def test_the_page_speaks_with_an_uploaded_file(page, tmp_path):
    tone = 0.5 * np.sin(2 * np.pi * 300 * np.arange(12_000) / 16_000)
    soundfile.write(tmp_path / "speech.wav", tone, 16_000)
    until(page, "document.getElementById('avatar').options.length > 0")
    page.click("#connect")
    until(page, "window.framesShown > 10")
    page.set_input_files("#file", str(tmp_path / "speech.wav"))
    # The lamp is red as far as its mouth is open.
    until(page, "document.getElementById('view').getContext('2d').getImageData(8, 8, 1, 1).data[0] > 60")
    assert "speaking" in page.inner_text("#state")
    until(page, "document.getElementById('state').textContent.includes('listening')")
    page.click("#connect")
    until(page, "document.getElementById('connect').textContent === 'Start'")


def test_the_documented_javascript_client_shows_and_speaks(page, address):
    code = documented("javascript").replace("127.0.0.1:8600", address)
    client = page.context.browser.new_page()
    client.goto(f"http://{address}/healthz")
    client.evaluate("document.body.append(document.createElement('img'))")
    client.add_script_tag(content=code)
    until(client, "document.querySelector('img').naturalWidth === 16")
    client.evaluate("speak(Int16Array.from({length: 16000}, (_, i) => 16000 * Math.sin(i / 8)))")
    painted = """(() => {
      const image = document.querySelector("img"), view = document.createElement("canvas").getContext("2d");
      view.drawImage(image, 0, 0);
      return image.complete && view.getImageData(8, 8, 1, 1).data[0] > 60;
    })()"""
    until(client, painted)
    client.close()


def test_the_browser_receives_frames_over_webrtc(page):
    found = page.evaluate(CALL)
    assert found["status"] == 201
    assert found["frames"] >= 10
    assert found["sound"] > 0
    assert found["size"] == [16, 16]
