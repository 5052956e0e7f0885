"""The opening head, against values worked out by hand, and the shipped one on sounds that are no speech."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from beavervision.face.model_registry import load_face_model
from beavervision.stages.audio2motion.inference import AudioToMotion
from beavervision.stages.audio2motion.network import MotionVAE, SpeechFeatures
from beavervision.stages.audio2motion.opening_head import FUTURE, PAST, TAPS, OpeningHead
from beavervision.stages.face_geometry import FaceGeometry
from beavervision.workflows.initial_weights import GENERAL


def test_inputs_are_the_rows_around_a_frame_and_the_condition_before_it():
    head = OpeningHead(content_dim=1, condition=2, motion_dim=3)
    frames = 4
    content = torch.arange(2.0 * (frames + 1)).reshape(1, -1, 1)  # one frame of look-ahead
    g = torch.arange(8.0).reshape(1, 2, 4)
    inputs = head.inputs(content, torch.tensor([-9.0]), g, frames)
    assert inputs.shape == (1, frames, 2 * (PAST + 1 + FUTURE) + 2 * TAPS)
    rows = inputs[0, 1, : 2 * (PAST + 1 + FUTURE)].tolist()
    assert rows == [-9.0] * (2 * PAST - 2) + [float(row) for row in range(10)] + [-9.0] * 2
    # Condition of frame 1 and of the four before it, of which three are before the sequence: oldest first.
    assert inputs[0, 1, 2 * (PAST + 1 + FUTURE) :].tolist() == [0, 0, 0, 0, 0, 0, 0, 4, 1, 5]


def test_only_the_opening_changes():
    head = OpeningHead(content_dim=1, condition=1, motion_dim=2)
    with torch.no_grad():
        head.gap.weight.zero_()
        head.gap.bias.fill_(0.5)
        head.voice.weight.zero_()
        head.voice.bias.fill_(0.0)  # half of the time somebody speaks
        head.normal.copy_(torch.tensor([2.0, 0.0]))
        head.shape.copy_(torch.tensor([0.5, 0.25]))
        head.rest.fill_(0.1)
    motion, mean = torch.tensor([[[1.0, 5.0]]]), torch.tensor([0.5, 0.0])
    inputs = torch.zeros(1, 1, head.gap.in_features)
    found = head(motion, mean, inputs, torch.tensor([2.0]))
    # wanted gap .1 + 2 (.5 x .5) = .6; it is (1 - .5) 2 = 1, so the face moves by -.4 of the shape.
    assert torch.allclose(found, torch.tensor([[[1.0 - 0.2, 5.0 - 0.1]]]))
    assert head.normal @ head.shape == 1
    assert ((found - mean) @ head.normal).item() == pytest.approx(0.6)


def test_lips_do_not_pass_through_one_another():
    head = OpeningHead(content_dim=1, condition=1, motion_dim=2)
    with torch.no_grad():
        head.gap.weight.zero_()
        head.gap.bias.fill_(-3.0)
        head.low.fill_(-0.25)
    assert head.opened(torch.zeros(1, head.gap.in_features)).item() == pytest.approx(-0.25)


def test_steady_sound_has_no_spread():
    head = OpeningHead(content_dim=2, condition=1, motion_dim=1)
    steady = torch.full((1, head.gap.in_features), 3.0)
    spread, mean, largest = head.voice_inputs(steady)[0, :6].reshape(3, 2)
    assert [spread.tolist(), mean.tolist(), largest.tolist()] == [[0, 0], [3, 3], [3, 3]]


def test_a_new_head_changes_nothing():
    torch.manual_seed(0)
    plain = MotionVAE(4, 6, hidden=8, condition=8, audio_hidden=8, branch=4, look_ahead=5, pitch=False).eval()
    headed = MotionVAE(
        4, 6, hidden=8, condition=8, audio_hidden=8, branch=4, look_ahead=5, pitch=False, opening=True
    ).eval()
    headed.load_state_dict({**headed.state_dict(), **plain.state_dict()})
    speech = SpeechFeatures(
        content=torch.randn(1, 24, 4),
        pitch=torch.ones(1, 24, dtype=torch.int64),
        blink=torch.zeros(1, 12, dtype=torch.int64),
        mouth_amp=torch.ones(1),
        eye_amp=torch.ones(1),
        inside=torch.ones(1, 12, dtype=torch.bool),
    )
    with torch.inference_mode():
        assert torch.equal(plain(speech), headed(speech))


@pytest.fixture(scope="module")
def general() -> AudioToMotion:
    return AudioToMotion.from_bundle(GENERAL / "audio2motion")


@pytest.mark.parametrize("level_db", [-70, -50, -35])
def test_noise_does_not_open_the_shipped_network_s_lips(general, level_db):
    geometry = FaceGeometry(load_face_model(general.basis))

    def gaps(motion: np.ndarray) -> np.ndarray:
        return geometry.gap(geometry.lips(torch.from_numpy(motion))).numpy() / 10

    noise = np.random.default_rng(7).standard_normal(48_000) * 10 ** (level_db / 20)
    resting = gaps(general.resting()[None])[0]
    opened = gaps(general.predict(noise.astype(np.float32)).expression) - resting
    assert np.abs(opened[10:]).max() < 0.15 * general.mouth_amp
