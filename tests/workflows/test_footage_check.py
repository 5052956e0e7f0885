"""Silent and short footage: what can be trained is trained, and what cannot is one line."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
from omegaconf import OmegaConf

from beavervision.artifacts.clip import Clip
from beavervision.synthetic.miniature import miniature_clip
from beavervision.workflows.footage_check import speech_objection

SMALL = (
    "experiment=demo",
    "trainer.max_steps=2",
    "schedule.val_every=2",
    "datamodule.largest=64",
    "callbacks.media=null",
)


@pytest.fixture
def word(tmp_path) -> Path:
    """A quarter of a second of noise."""
    path = tmp_path / "word.wav"
    soundfile.write(path, 0.1 * np.random.default_rng(0).standard_normal(4000), 16_000)
    return path


@pytest.fixture(scope="module")
def silent(tmp_path_factory) -> Path:
    """A runs folder with a clip of 3 s without sound."""
    runs = tmp_path_factory.mktemp("silent") / "runs"
    miniature_clip(runs / "mini" / "clip", n_frames=75, width=96, height=72, sound=False)
    return runs


def test_the_chain_leaves_out_speech_and_a_dub_speaks_by_the_general_network(verb, silent, tmp_path, word, capsys):
    whose = ("data=myvideo", "data.name=mini", f"paths.runs={silent}")
    assert verb("train", "-m", "model=audio2motion,postnet", *whose, "experiment=demo") == 0
    said = capsys.readouterr().out
    for stage in ("audio2motion", "postnet"):
        assert f"{stage} is left out (the footage has no sound); infer takes the general network" in said
    assert verb("train", "model=lower_face", *whose, *SMALL) == 0
    assert {path.parts[-4] for path in silent.glob("mini/*/*/bundle/manifest.json")} == {"lower_face"}
    assert verb("infer", *whose, f"audio={word}", "mode=dub", f"out={tmp_path / 'dub.mp4'}") == 0
    said = capsys.readouterr().out
    assert said.count("speech: by the general audio2motion network in the person's own range") == 1
    assert (tmp_path / "dub.mp4").is_file()


def test_a_single_command_for_a_stage_of_speech_says_what_it_lacks(verb, silent, capsys):
    whose = ("data=myvideo", "data.name=mini", f"paths.runs={silent}")
    assert verb("train", "model=audio2motion", *whose, "experiment=demo") == 2
    assert "has no sound; speech stages need footage with speech" in capsys.readouterr().err


def test_the_reports_verdict_decides_for_footage_with_sound(tmp_path, speech_clip):
    clip = speech_clip()
    cfg = OmegaConf.create({"run": {"stage": "audio2motion"}, "datamodule": {"subject": 0}})
    assert speech_objection(cfg, clip.folder) is None
    verdict = {"stage": "audio2motion", "grade": "not usable", "why": "only 1.4 s of speech"}
    manifest = clip.folder / "manifest.json"
    text = json.loads(manifest.read_text(encoding="utf-8"))
    text["facts"]["report"] = {"subjects": [{"verdicts": [verdict]}]}
    manifest.write_text(json.dumps(text), encoding="utf-8")
    assert speech_objection(cfg, Clip.load(clip.folder).folder) == "only 1.4 s of speech"
    cfg.run.stage = "radnerf_head"
    assert speech_objection(cfg, clip.folder) is None


def test_a_second_of_footage_is_refused_in_one_sentence(verb, tmp_path, capsys):
    miniature_clip(tmp_path / "mini" / "clip", n_frames=25, width=96, height=72)
    for stage in ("radnerf_head", "lower_face"):
        given = ("data=myvideo", "data.name=mini", f"paths.runs={tmp_path}", "experiment=demo", f"model={stage}")
        assert verb("train", *given) == 2
        said = capsys.readouterr().err
        assert said.count("error:") == 1
        assert "Clip clip shows the face clearly in 23 of its 23 frames to train on; at least 25 are needed" in said
