"""The whole chain in miniature, as a user types it: four stages, then a film with sound."""

from __future__ import annotations

import json
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile

from beavervision.artifacts.bundle import Bundle, BundleFacts
from beavervision.artifacts.clip import ClipFacts
from beavervision.artifacts.manifest import Manifest
from beavervision.config.stage_graph import CHAIN, STAGE_INPUTS

pytestmark = pytest.mark.slow

SECONDS = 3.2
"""Of the new speech: longer than the clip's 1.92 s."""


@pytest.fixture(scope="module")
def speech(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Something like speech: a hum whose loudness comes and goes, 44.1 kHz stereo."""
    path = tmp_path_factory.mktemp("speech") / "new.wav"
    time = np.arange(round(SECONDS * 44_100)) / 44_100
    hum = np.sin(2 * np.pi * 140 * time) * (0.5 + 0.5 * np.sin(2 * np.pi * 3 * time)) * 0.3
    soundfile.write(path, np.stack([hum, 0.5 * hum], 1), 44_100)
    return path


def bundle_of(runs: Path, stage: str) -> Bundle:
    (folder,) = (runs / "mini" / stage).glob("*/bundle")
    return Bundle.load(folder, stage)


def test_every_stage_leaves_a_bundle_that_names_what_it_was_made_from(chain):
    clip = Manifest.read(chain / "mini/clip", ClipFacts)
    hashes = {stage: bundle_of(chain, stage).sha256 for stage in CHAIN}
    for stage in CHAIN:
        bundle = bundle_of(chain, stage)
        inputs = Manifest.read(bundle.folder, BundleFacts).inputs
        for needed in STAGE_INPUTS[stage].required if stage in STAGE_INPUTS else ():
            assert inputs[needed].sha256 == hashes[needed]
        assert inputs["clip"].sha256 == bundle.facts.clip_sha256
        assert bundle.facts.clip == clip.facts.name
        assert bundle.metrics["steps"] == 4
        assert any(name.startswith("val/") for name in bundle.metrics), stage
    assert bundle_of(chain, "radnerf_head").facts.frame == bundle_of(chain, "radnerf_torso").facts.frame


def test_the_same_command_again_trains_nothing(chain, chain_command, command_line):
    before = {stage: bundle_of(chain, stage).sha256 for stage in CHAIN}
    done = command_line("train.py", *chain_command, f"paths.runs={chain}")
    assert done.returncode == 0
    assert done.stdout.count("already trained") == len(CHAIN)
    assert {stage: bundle_of(chain, stage).sha256 for stage in CHAIN} == before


@pytest.mark.parametrize("mode", ["avatar", "dub"])
def test_infer_writes_a_film_in_step_with_the_speech(chain, command_line, speech, tmp_path, mode):
    out = tmp_path / f"{mode}.mp4"
    given = ("data=myvideo", "data.name=mini", f"paths.runs={chain}", f"audio={speech}")
    done = command_line("infer.py", *given, f"mode={mode}", f"out={out}")
    assert done.returncode == 0, done.stderr
    assert str(out) in done.stdout
    clip = Manifest.read(chain / "mini/clip", ClipFacts).facts
    with av.open(str(out)) as film:
        video, sound = film.streams.video[0], film.streams.audio[0]
        assert (video.codec_context.name, sound.codec_context.name) == ("h264", "aac")
        assert (video.width, video.height) == (clip.width, clip.height)
        assert video.average_rate == clip.fps
        frames = [float(frame.time) for frame in film.decode(video)]
    # 3.2 s at 25 fps are 80 frames, however short the footage was.
    assert len(frames) == round(SECONDS * clip.fps)
    np.testing.assert_allclose(np.diff(frames), 1 / clip.fps, atol=1e-3)
    with av.open(str(out)) as film:
        heard = sum(frame.samples for frame in film.decode(audio=0)) / film.streams.audio[0].rate
    assert heard == pytest.approx(SECONDS, abs=1 / clip.fps)
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_evaluate_measures_the_head_again(chain, command_line):
    given = ("model=radnerf_head", *("data=myvideo", "data.name=mini", "experiment=demo", "frame.height=64"))
    done = command_line("src/beavervision/cli/__main__.py", "evaluate", *given, f"paths.runs={chain}")
    assert done.returncode == 0, done.stderr
    (measured,) = (chain / "mini/radnerf_head").glob("*/evaluation/metrics.json")
    trained = bundle_of(chain, "radnerf_head").metrics
    figures = json.loads(measured.read_text())
    for name in trained.keys() & figures.keys():
        assert figures[name] == pytest.approx(trained[name], rel=1e-4), name
    # The drawn head beside the footage: a blur of four steps is less sharp.
    assert 0 < figures["val/gradient"] < 1
    assert figures["val/gradient_footage"] > 0
    assert "of the footage's own" in done.stdout
