"""The audio2motion that comes with the package, judged by speech that it never heard."""

from __future__ import annotations

import copy

import numpy as np
import pytest

from beavervision.audio.waveform import SAMPLE_RATE, load_waveform
from beavervision.face.gpmm import load_gpmm
from beavervision.stages.audio2motion.inference import AudioToMotion
from beavervision.stages.face_geometry import lip_distance
from beavervision.synthetic import speech_audio, speech_truth
from beavervision.workflows.initial_weights import GENERAL

FOLDER = GENERAL / "audio2motion"
LARGEST = 10 << 20
AHEAD = 1
"""Frames by which it moves before the actor does."""


@pytest.fixture(scope="module")
def general():
    return AudioToMotion.from_bundle(FOLDER)


def opening(general, samples):
    return lip_distance(load_gpmm(), general.predict(samples).expression)


@pytest.fixture(scope="module")
def spoken(general):
    return opening(general, load_waveform(speech_audio()).samples)


def test_it_is_small_and_says_what_it_is():
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < LARGEST
    card = (FOLDER / "README.md").read_text(encoding="utf-8")
    for word in ("espeak-ng", "Cooke", "CC BY 4.0", "docs/models/audio2motion.md", "must not be used"):
        assert word in card


def test_its_mouth_follows_the_actors_second_speech(general, spoken):
    # The actor moves with the sound, people (and so this model) a little ahead of it.
    truth = lip_distance(load_gpmm(), speech_truth().expression)[: len(spoken)]
    # The opening is learnt from real people (docs/explanation/speech.md), who move otherwise than the actor.
    assert np.corrcoef(spoken[: len(truth) - AHEAD], truth[AHEAD:])[0, 1] > 0.35
    by_rule = copy.deepcopy(general)
    by_rule.network.opening = None
    opened = opening(by_rule, load_waveform(speech_audio()).samples)
    assert np.corrcoef(opened[: len(truth) - AHEAD], truth[AHEAD:])[0, 1] > 0.75


def test_in_silence_its_mouth_rests(general, spoken):
    silence = opening(general, np.zeros(3 * SAMPLE_RATE, np.float32))
    assert silence.max() < 0.1 * np.percentile(spoken, 95)


def test_a_louder_recording_is_the_same_speech(general, spoken):
    quiet = opening(general, 0.3 * load_waveform(speech_audio()).samples)
    np.testing.assert_allclose(quiet, spoken, atol=0.02)
