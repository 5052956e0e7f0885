"""`beavervision serve` with really trained, tiny people: the whole way from the command to frames and signed films."""

from __future__ import annotations

import json
import subprocess
import sys

import httpx
import numpy as np
import pytest
import soundfile
from live_server import Message, is_event, receive, running
from websockets.sync.client import connect

from beavervision.config.compose import composed_job
from beavervision.config.schemas import ServeSettings, typed_node
from beavervision.provenance.verification import verify
from beavervision.serving.serve import server_parts


@pytest.fixture(scope="module")
def served(live_runs, tmp_path_factory):
    folder = tmp_path_factory.mktemp("serve") / "private"
    overrides = [f"paths.runs={live_runs}", f"serve.folder={folder}", "hardware=cpu", "serve.max_speech_s=5"]
    with composed_job("serve", overrides) as cfg:
        parts = server_parts(cfg, typed_node(cfg, "serve", ServeSettings))
    with running(parts) as (address, _):
        yield address


def speech_file(path, seconds=0.6):
    time = np.arange(round(16_000 * seconds)) / 16_000
    soundfile.write(path, 0.3 * np.sin(900 * time) * np.sin(12 * time), 16_000)
    return path


def test_the_people_are_listed(served):
    (one,) = httpx.get(f"http://{served}/v1/avatars").json()
    assert (one["name"], one["loaded"], one["generates"], one["consent"]) == ("mini", True, "lower_face", False)


def test_a_live_session(served, tmp_path):
    samples, _ = soundfile.read(speech_file(tmp_path / "speech.wav"), dtype="int16")
    with connect(f"ws://{served}/v1/sessions", max_size=None) as socket:
        socket.send(json.dumps({"type": "start", "avatar": "mini"}))
        socket.send(samples.tobytes())
        socket.send('{"type": "end_speech"}')
        found = receive(socket, is_event("speech_ended"), 60)
    assert found[0]["type"] == "started"
    assert found[-1]["played"] == pytest.approx(0.6, abs=0.01)
    assert sum(isinstance(one, Message) and bool(one.picture) for one in found) > 1


def test_a_film_is_made_and_signed(served, tmp_path):
    content = speech_file(tmp_path / "speech.wav").read_bytes()
    with httpx.Client(base_url=f"http://{served}", timeout=60) as client:
        job = client.post("/v1/films?avatar=mini&mode=dub", content=content).json()
        while (job := client.get(f"/v1/films/{job['id']}").json())["state"] in ("queued", "running"):
            pass
        assert job["state"] == "done", job
        (tmp_path / "film.mp4").write_bytes(client.get(job["film"]).content)
        assert verify(tmp_path / "film.mp4").holds
        long = speech_file(tmp_path / "long.wav", 6.0).read_bytes()
        for sound, error in ((b"no sound at all", "speech"), (long, "lasts 6 s")):
            job = client.post("/v1/films?avatar=mini", content=sound).json()
            while (job := client.get(f"/v1/films/{job['id']}").json())["state"] in ("queued", "running"):
                pass
            assert job["state"] == "failed"
            assert error in job["error"]
            assert "private" not in job["error"]


@pytest.mark.parametrize(
    ("override", "sentence"),
    [
        ("serve.host=0.0.0.0", "tokens are needed"),
        ("serve.tokens=nothing.yaml", "cannot be read"),
        ("serve.port=99999", "serve.port"),
        ("serve.latency=0.01", "serve.latency"),
        ("avatars=nobody/*", "no trained person"),
        ("serve.fly=1", "fly"),
    ],
)
def test_mistakes_are_one_sentence(verb, live_runs, tmp_path, capsys, override, sentence):
    assert verb("serve", f"paths.runs={live_runs}", f"serve.folder={tmp_path}", "hardware=cpu", override) == 2
    told = capsys.readouterr().err
    assert told.startswith("error: ")
    assert sentence in told
    assert len(told.splitlines()) == 1


def test_consent_is_required_where_the_operator_says_so(live_runs, tmp_path):
    from beavervision.errors import ConfigError

    overrides = [f"paths.runs={live_runs}", f"serve.folder={tmp_path}", "hardware=cpu", "serve.require_consent=true"]
    with composed_job("serve", overrides) as cfg:
        parts = server_parts(cfg, typed_node(cfg, "serve", ServeSettings))
    with pytest.raises(ConfigError, match="no consent record"):
        parts.library.person("mini")


def test_serving_imports_no_mediapipe():
    code = (
        "import sys, beavervision.serving.app, beavervision.serving.serve, beavervision.serving.film_maker;"
        "sys.exit('mediapipe' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
