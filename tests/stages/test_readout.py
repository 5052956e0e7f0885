"""Adaptation of audio2motion to one person in closed form."""

import numpy as np
import pytest
import torch
from motion_networks import TINY, random_speech, tiny_network

from beavervision.audio.features import AudioFeatureExtractor
from beavervision.face.model_registry import load_face_model
from beavervision.metrics.lip_motion import opening_ratio
from beavervision.stages.audio2motion.adaptation import with_new_readout
from beavervision.stages.audio2motion.batch import SpeechMotion
from beavervision.stages.audio2motion.inference import AudioToMotion
from beavervision.stages.audio2motion.personal import PersonalMotionVAE
from beavervision.stages.audio2motion.readout_fit import (
    GUARD_FRAMES,
    LipLimit,
    Rows,
    fit_readout,
    gap_of,
    held_out_stretches,
    lip_correlation,
)
from beavervision.stages.audio2motion.speaking_style import mouth_projector
from beavervision.stages.audio2motion.streaming import MotionStream
from beavervision.stages.face_geometry import FaceGeometry

FRAMES = 300


@pytest.fixture(scope="module")
def face():
    return load_face_model()


@pytest.fixture(scope="module")
def geometry(face):
    return FaceGeometry(face)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def personal(**settings):
    arguments = {"content_dim": 80, "motion_dim": 64, **TINY, **settings}
    return with_new_readout(tiny_network(**settings), {**arguments, "taps": 3}).eval()


def spoken(network, rng, truth):
    """A sample whose true motion is `truth(prior motion, input of the readout)`."""
    speech = random_speech(rng, 1, FRAMES)
    with torch.no_grad():
        motion, _, condition = network.prior_motion(speech)
    known = torch.ones(1, FRAMES, dtype=torch.bool)
    return SpeechMotion(**vars(speech), expression=truth(motion, condition), known=known, closed=~known)


def predicted(network, speech):
    with torch.no_grad():
        return network(speech)[0].double().numpy()


def fit(network, speech, face, geometry, **more):
    return fit_readout(network, [speech], geometry, mouth_projector(face), **more)


def test_a_new_one_is_the_general_network(rng):
    speech = random_speech(rng, 2, 21)
    general, own = tiny_network(), personal()
    torch.testing.assert_close(own(speech), general(speech))
    assert own.past == general.past + 4


def test_the_readout_sees_the_frame_and_those_before_it():
    network = personal()
    g = torch.arange(16.0).reshape(1, 8, 2).expand(1, 8, 2)
    tapped = network._tapped(g, torch.ones(1, 2, dtype=torch.bool))
    assert tapped.shape == (1, 2, 24)
    torch.testing.assert_close(tapped[0, 1, :8], g[0, :, 1])
    torch.testing.assert_close(tapped[0, 1, 8:16], g[0, :, 0])
    assert not tapped[0, 1, 16:].any()


def test_a_person_who_moves_with_the_condition_is_learnt(face, geometry, rng):
    network = personal()
    way = 3 * torch.from_numpy(rng.standard_normal((24, 64)).astype(np.float32))
    learnt = spoken(network, rng, lambda prior, condition: condition @ way + 0.3)
    found = fit(network, learnt, face, geometry)
    assert not found.kept_general
    assert found.lip_correlation > 0.95 > found.general_lip_correlation + 0.02
    assert found.metrics["adaptation/readout"] == 1
    unseen = spoken(personal(), rng, lambda prior, condition: condition @ way + 0.3)
    lips = geometry.lip_basis.numpy().reshape(64, -1)
    assert lip_correlation(lips, predicted(network, unseen), unseen.expression[0].numpy()) > 0.95


def test_the_general_network_is_kept_where_the_readout_does_not_help(face, geometry, rng):
    network = personal()
    shift = torch.from_numpy(0.1 * rng.standard_normal(64).astype(np.float32))
    speech = spoken(network, rng, lambda prior, condition: prior + shift)
    found = fit(network, speech, face, geometry)
    assert found.kept_general
    assert found.why.endswith("general 1.00")
    assert found.gain == pytest.approx(1.0, abs=0.03)
    # Only the lips' lowest frames are changed, to the person's smallest gap.
    np.testing.assert_allclose(np.median(predicted(network, speech) - speech.expression[0].numpy(), 0), 0, atol=1e-3)


def with_a_head(network, geometry):
    """Give a new network's opening head weights of its own."""
    torch.manual_seed(3)
    head = network.opening
    normal = geometry.gap_basis[:, 0, 1] / 10
    with torch.no_grad():
        head.gap.weight.normal_(0, 0.05)
        head.low.fill_(-9.0)
        head.normal.copy_(normal)
        head.shape.copy_(normal / normal.square().sum())
    return network


@pytest.mark.parametrize("head_share", [0.0, 1.0])
def test_the_opening_head_is_taken_where_it_helps(face, geometry, rng, head_share):
    network = with_a_head(personal(opening=True), geometry)
    speech = random_speech(rng, 1, FRAMES)
    with torch.no_grad():
        motion, plain, _ = network.prior_motion(speech)
        assert not torch.allclose(motion, plain)
        truth = plain + head_share * (motion - plain) + 0.2
    known = torch.ones(1, FRAMES, dtype=torch.bool)
    learnt = SpeechMotion(**vars(speech), expression=truth, known=known, closed=~known)
    found = fit(network, learnt, face, geometry)
    assert (found.kept_general, found.head_share) == (True, head_share)
    assert network.head_share == head_share
    assert found.metrics["adaptation/head_share"] == head_share


@pytest.mark.parametrize("scale", [0.6, 1.5])
def test_the_mouth_has_the_person_s_range(face, geometry, rng, scale):
    network = personal()
    jaw = torch.from_numpy(face.semantic["jaw_open"].astype(np.float32))
    speech = spoken(network, rng, lambda prior, condition: (1 + scale * torch.tanh(prior[..., :1])) * jaw)
    fit(network, speech, face, geometry)
    gaps = (gap_of(geometry, motion) for motion in (predicted(network, speech), speech.expression[0].double().numpy()))
    assert 0.9 < opening_ratio(*gaps) < 1.1


def test_without_speech_only_the_pose_is_adapted(face, geometry, rng):
    network = personal()
    speech = spoken(network, rng, lambda prior, condition: 0 * prior + 0.2)
    found = fit(network, speech, face, geometry, spoken=False)
    assert (found.kept_general, found.gain, found.why) == (True, 1.0, "nobody speaks in the training split")
    np.testing.assert_allclose(predicted(network, speech).mean(0), 0.2, atol=0.05)


def test_a_face_that_is_hardly_seen_keeps_the_general_network(face, geometry, rng):
    network = personal()
    speech = spoken(network, rng, lambda prior, condition: prior)
    speech.known[:, 60:] = False
    assert fit(network, speech, face, geometry).why == "only 60 frames show the face"


def test_silence_is_learnt_as_rest(face, geometry, rng):
    network = personal()
    way = 3 * torch.from_numpy(rng.standard_normal((24, 64)).astype(np.float32))
    speech = spoken(network, rng, lambda prior, condition: condition @ way)
    silence = spoken(network, rng, lambda prior, condition: 0 * prior)
    silence.content[:] = -4.0
    silence.pitch[:] = 1
    with_silence, without = personal(), personal()
    fit_readout(with_silence, [speech], geometry, mouth_projector(face), [silence])
    fit_readout(without, [speech], geometry, mouth_projector(face))
    # A linear map of a random condition cannot tell silence apart entirely.
    assert np.abs(predicted(with_silence, silence)).mean() < 0.7 * np.abs(predicted(without, silence)).mean()


def test_stretches_are_held_out_in_turn_with_a_guard():
    time = np.r_[np.arange(100), 200:300, np.full(7, -1)]
    rows = Rows(np.zeros((207, 2)), *np.zeros((3, 207, 1)), time)
    counts = np.zeros(207, int)
    for learnt, held_out in held_out_stretches(rows):
        counts += held_out
        assert learnt[-7:].all()
        assert not (learnt & held_out).any()
        between = np.abs(time[learnt & (time >= 0)][:, None] - time[held_out][None])
        assert between.min() > GUARD_FRAMES
    assert counts.tolist() == [1] * 200 + [0] * 7


def test_lips_do_not_pass_through_one_another(face, geometry):
    jaw = face.semantic["jaw_open"].astype(float)
    truth = np.linspace(0, 1, 101)[:, None] * jaw
    limit = LipLimit.of(geometry, truth)
    assert limit.normal @ limit.shape == pytest.approx(1.0)
    np.testing.assert_allclose(limit(truth[50:]), truth[50:])
    np.testing.assert_allclose(limit(-0.5 * jaw[None])[0], 0.02 * jaw, atol=1e-6)  # the 2nd percentile


@pytest.mark.parametrize("opening", [False, True])
def test_a_stream_is_the_whole_speech(face, geometry, rng, opening):
    network = personal(look_ahead=5, pitch=False, opening=opening)
    if opening:
        with_a_head(network, geometry)
    speech = spoken(network, rng, lambda prior, condition: condition @ torch.ones(24, 64) * 0.1)
    fit(network, speech, face, geometry)
    predictor = AudioToMotion(network, AudioFeatureExtractor(), 25.0, "gpmm", 1.0, 1.0, -20.0, chunk=40)
    samples = (0.1 * rng.standard_normal(640 * 150)).astype(np.float32)
    whole = predictor.predict(samples, level_db=-20.0).expression
    stream = MotionStream(predictor, level_db=-20.0)
    pieces = [stream.push(samples[i : i + 3000]) for i in range(0, len(samples), 3000)]
    np.testing.assert_allclose(np.concatenate([*pieces, stream.finish()]), whole, atol=1e-5)


def test_another_person_s_readout_is_dropped(face, geometry, rng):
    network = personal()
    fit(network, spoken(network, rng, lambda prior, condition: prior + 1.0), face, geometry)
    arguments = {"content_dim": 80, "motion_dim": 64, **TINY, "taps": 3}
    again = with_new_readout(network, arguments)
    assert isinstance(again, PersonalMotionVAE)
    speech = random_speech(rng, 1, 20)
    torch.testing.assert_close(again.eval()(speech), personal()(speech))
    plain = with_new_readout(network, {name: value for name, value in arguments.items() if name != "taps"})
    assert not isinstance(plain, PersonalMotionVAE)
    torch.testing.assert_close(plain.eval()(speech), personal()(speech))
