"""A real Pipecat pipeline, in its own Python, against a real server in this one."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

pytest.importorskip("fastapi", reason="needs the extra [serve]")
from live_server import parts, running

ROOT = Path(__file__).resolve().parents[2]
PYTHON = os.environ.get("PIPECAT_PYTHON")
"""Python of an environment with pipecat-ai, websockets and pillow; mediapipe's protobuf keeps it apart from ours."""


@pytest.mark.skipif(PYTHON is None, reason="PIPECAT_PYTHON names no Python with pipecat-ai")
def test_a_pipeline_speaks_and_is_interrupted(tmp_path):
    assert PYTHON is not None
    with running(parts(tmp_path / "private")) as (address, _):
        script = ROOT / "tests/support/pipecat_pipeline.py"
        environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
        command = [PYTHON, str(script), f"ws://{address}/v1/sessions"]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["whole"] == pytest.approx(1.0, abs=0.08)
    assert 0.3 <= found["before_interruption"] < 3
    assert found["after_interruption"] == 0
    assert found["sizes"] == [[16, 16]]
    assert {"TTSStartedFrame", "TTSStoppedFrame"} <= set(found["kinds"])
