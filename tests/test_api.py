"""The Python API: the same workflows as the command line, and no trace of them in the process."""

from __future__ import annotations

import logging
import os
import random
import signal
import subprocess
import sys
import threading
import warnings
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig

import beavervision as bv
from beavervision.config.python_overrides import override_list
from beavervision.provenance.verification import verify
from beavervision.synthetic.miniature import miniature_clip
from beavervision.video.probe import probe

SMALL = {"trainer.max_steps": 2, "schedule.val_every": 2, "frame.height": 64, "logger": "csv"}


@pytest.fixture(scope="module")
def clip(tmp_path_factory) -> bv.Clip:
    return miniature_clip(tmp_path_factory.mktemp("api") / "runs/mini/clip", n_frames=40, width=96, height=72)


@pytest.fixture(scope="module")
def avatar(clip) -> bv.Avatar:
    return bv.train(clip, preset="demo", overrides=SMALL, progress=False)


@pytest.fixture(scope="module")
def speech(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("speech") / "word.wav"
    soundfile.write(path, 0.1 * np.random.default_rng(0).standard_normal(6400), 16_000)
    return path


def global_state() -> list[object]:
    return [
        GlobalHydra.instance().hydra,
        HydraConfig.instance().cfg,
        random.getstate(),
        np.random.get_state()[1].tobytes(),  # noqa: NPY002
        torch.get_rng_state().numpy().tobytes(),
        torch.get_num_threads(),
        dict(os.environ),
        list(sys.argv),
        Path.cwd(),
        logging.getLogger("lightning").level,
        list(warnings.filters),
        signal.getsignal(signal.SIGINT),
        sys.stdout,
    ]


def test_importing_the_package_loads_no_torch():
    code = "import sys, beavervision as bv; assert 'torch' not in sys.modules and 'Avatar' in dir(bv)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_every_public_name_exists():
    for name in bv.__all__:
        assert getattr(bv, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'speek'"):
        _ = bv.speek


def test_overrides_are_keywords_or_a_mapping():
    assert override_list({"frame": "1x1"}, {"trainer__max_steps": 10}) == ["frame=1x1", "trainer.max_steps=10"]
    values = {"a": None, "b": True, "c": "x y", "d": [1, 2.5], "e": "10", "f": "true"}
    assert override_list(values, {}) == ["a=null", "b=true", 'c="x y"', "d=[1,2.5]", 'e="10"', 'f="true"']
    with pytest.raises(bv.ConfigError, match="given twice"):
        override_list({"trainer.max_steps": 1}, {"trainer__max_steps": 2})
    with pytest.raises(bv.ConfigError, match="is a object"):
        override_list({"seed": object()}, {})


@pytest.mark.parametrize(
    ("keywords", "sentence"),
    [
        ({"trainr__max_steps": 1}, "trainr.max_steps is not a key of train"),
        ({"trainer__max_stps": 1}, "did you mean trainer.max_steps"),
        ({"preset": "cpu_quik"}, "did you mean cpu_quick"),
        ({"stages": "postnett"}, "did you mean postnet"),
    ],
)
def test_a_wrong_setting_is_a_config_error(clip, keywords, sentence):
    before = global_state()
    with pytest.raises(bv.ConfigError, match=sentence):
        bv.train(clip, **keywords)
    assert global_state() == before


@pytest.mark.slow
def test_training_is_skipped_the_second_time(avatar, clip):
    stages = []
    before = global_state()
    again = bv.train(clip, preset="demo", overrides=SMALL, progress=lambda *call: stages.append(call))
    assert global_state() == before
    assert stages == []
    assert again.folder == avatar.folder
    assert (avatar.folder / "radnerf_head/demo-auto-h64/bundle/manifest.json").is_file()


@pytest.mark.slow
def test_training_reports_its_steps_and_leaves_no_trace(clip, tmp_path, capsys):
    calls = []
    before = global_state()
    bv.train(clip, "postnet", preset="demo", seed=3, progress=lambda *call: calls.append(call), overrides=SMALL)
    assert global_state() == before
    assert calls[-1] == ("postnet", 2, 2)
    assert capsys.readouterr().out == ""


@pytest.mark.slow
def test_frames_come_with_time_and_sound(avatar, speech):
    video = avatar.speak(speech, progress=False)
    before = global_state()
    frames = list(video)
    assert global_state() == before
    assert len(frames) == len(video) == 10
    assert frames[0].image.shape == (72, 96, 3)
    assert frames[0].image.dtype == np.uint8
    assert [frame.time for frame in frames] == pytest.approx([i / 25 for i in range(10)])
    assert {len(frame.sound) for frame in frames} == {48_000 // 25}
    assert frames[3].sound.dtype == np.float32
    assert np.abs(np.concatenate([frame.sound for frame in frames])).max() > 0.05
    assert video.figures["frames"] == 10
    assert video.figures["frames_per_second"] > 0
    again = list(video)
    assert all(np.array_equal(a.image, b.image) for a, b in zip(frames, again, strict=True))


@pytest.mark.slow
def test_a_film_is_saved_and_its_frames_are_counted(avatar, speech, tmp_path):
    calls = []
    video = bv.Avatar.load(avatar.folder).dub(speech, progress=lambda *call: calls.append(call))
    path = video.save(tmp_path / "dub.mp4")
    assert probe(path).width == 96
    assert verify(path).holds
    assert calls[-1] == ("render", 10, 10)
    assert any(name.startswith("ms_per_frame/") for name in video.figures)


@pytest.mark.slow
def test_motion_without_rendering(avatar, speech):
    motion = avatar.motion(speech, control__mouth_amp=1.2)
    assert isinstance(motion, bv.Motion)
    assert motion.n_frames == 10


@pytest.mark.slow
def test_evaluation_finds_the_settings_of_the_run(avatar):
    calls = []
    result = bv.evaluate(avatar, "radnerf_head", progress=lambda *call: calls.append(call))
    assert calls[0][:2] == ("radnerf_head", 0)
    assert calls[-1][1] == calls[-1][2] > 1
    assert any(name.startswith("val/") for name in result.figures)
    assert (result.folder / "metrics.json").is_file()
    assert result.folder.parent.name == "demo-auto-h64"


@pytest.mark.slow
def test_a_thread_other_than_the_main_one(clip, speech, avatar):
    results: list[object] = []

    def work() -> None:
        bv.train(clip, "postnet", preset="demo", seed=4, overrides=SMALL, progress=False)
        results.append(sum(1 for _ in avatar.speak(speech, progress=False)))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert results == [10]


@pytest.mark.slow
def test_errors_are_sentences(avatar, tmp_path):
    with pytest.raises(bv.AudioError, match=r"nothing\.wav"):
        avatar.speak(tmp_path / "nothing.wav")
    with pytest.raises(bv.ConfigError, match="did you mean"):
        avatar.speak("word.wav", contrl__mouth_amp=1.0)
    with pytest.raises(bv.BundleError, match="does not exist"):
        bv.Avatar.load(tmp_path / "nobody")
    with pytest.raises(bv.BundleError, match="has no finished syncnet"):
        bv.evaluate(avatar, "syncnet")
