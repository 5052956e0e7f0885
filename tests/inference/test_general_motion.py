"""The general network moves a face in the range of its person, known from the footage alone."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from beavervision.face.model_registry import load_face_model
from beavervision.inference.general_motion import MIN_RANGE, in_range_of, refiner_of_footage
from beavervision.stages.audio2motion.inference import AudioToMotion
from beavervision.stages.face_geometry import lip_distance
from beavervision.workflows.initial_weights import GENERAL

FACE = load_face_model("gpmm")


@pytest.fixture(scope="module")
def general() -> AudioToMotion:
    return AudioToMotion.from_bundle(GENERAL / "audio2motion")


def track(opening: np.ndarray, smile: float = 0.5) -> SimpleNamespace:
    """Footage of a person who opens the jaw like this, and always smiles."""
    expression = (opening[:, None] * FACE.semantic["jaw_open"] + smile * FACE.semantic["corners_up"]).astype(np.float32)
    seen = np.ones(len(opening), bool)
    return SimpleNamespace(expression=expression, visible=seen, occluded=~seen)


def babble(seconds: float = 3.0) -> np.ndarray:
    time = np.arange(round(seconds * 16_000)) / 16_000
    tone = sum(np.sin(2 * np.pi * 130 * k * time) / k for k in range(1, 20))
    return (0.1 * tone * (0.5 + 0.5 * np.sin(2 * np.pi * 3 * time))).astype(np.float32)


def test_silence_is_the_persons_own_rest_pose(general):
    opening = np.tile([0.0, 0.0, 0.0, 0.3, 0.8], 20)
    own = in_range_of(general, track(opening), FACE)
    quiet = own.predict(np.zeros(64_000, np.float32)).expression[50:]
    rest = track(np.zeros(1)).expression[0]
    np.testing.assert_allclose(np.median(quiet, 0), rest, atol=0.05)
    before = general.predict(np.zeros(64_000, np.float32)).expression[50:]
    assert np.abs(np.median(before, 0) - rest).max() > 0.2  # the network's own rest is another face


def test_a_lively_person_opens_the_mouth_wider_than_a_calm_one(general):
    ranges = []
    for widest in (0.25, 0.8):
        people = track(np.tile(np.linspace(0, widest, 10), 10))
        lips = lip_distance(FACE, in_range_of(general, people, FACE).predict(babble()).expression)
        ranges.append(np.percentile(lips, 95) - np.percentile(lips, 5))
    assert ranges[1] > 1.2 * ranges[0]


def test_who_never_opens_the_mouth_gets_the_networks_own_amplitude(general):
    shut = track(np.zeros(50))
    own = in_range_of(general, shut, FACE)
    assert own.mouth_amp == general.mouth_amp
    assert np.ptp(lip_distance(FACE, own.predict(babble()).expression)) > MIN_RANGE


def test_the_refiner_pulls_towards_the_persons_own_frames(general):
    people = track(np.tile(np.linspace(0, 0.8, 10), 10))
    identity = np.zeros(len(FACE.id_basis), np.float32)
    motion, sound = general.predict(babble()), babble()
    refiner = refiner_of_footage(people, FACE, identity)
    own = FACE.condition68(identity, people.expression).reshape(100, -1)

    def distance(mode: str) -> float:
        moved = refiner.refine(motion, sound, mode).condition68.reshape(motion.n_frames, -1)
        return float(np.linalg.norm(moved[:, None] - own[None], axis=2).min(1).mean())

    assert distance("both") == distance("lle") < distance("none") == distance("postnet")
    silent = refiner_of_footage(track(np.zeros(50)), FACE, identity)
    np.testing.assert_array_equal(
        silent.refine(motion, sound, "both").condition68, silent.refine(motion, sound, "none").condition68
    )
