from types import SimpleNamespace

import numpy as np
import pytest
import torch
from motion_networks import random_speech, tiny_network
from motion_training import make_data, make_module
from stage_training import SaveAt, export, fit

from beavervision.audio.features import AudioFeatureExtractor
from beavervision.audio.level import at_level
from beavervision.audio.pitch import coarse_pitch
from beavervision.data.recording import recording_from_clip
from beavervision.data.speech_sample import make_sample
from beavervision.errors import BeaverError
from beavervision.face.model_registry import load_face_model
from beavervision.stages.audio2motion.batch import collate
from beavervision.stages.audio2motion.inference import AudioToMotion
from beavervision.stages.audio2motion.module import Audio2Motion
from beavervision.stages.audio2motion.speaking_style import mouth_projector
from beavervision.stages.audio2motion.training_stats import compute_training_stats
from beavervision.stages.face_geometry import lip_distance


def write_bundle(folder, module, data):
    export(folder, module, data)
    return AudioToMotion.from_bundle(folder)


@pytest.fixture
def network():
    return tiny_network()


# --- data ---


def test_frames_without_a_face_keep_their_place(speech_clip):
    clip = speech_clip()
    sample = make_sample(recording_from_clip(clip), clip.train_range, AudioFeatureExtractor())
    assert sample.n_frames == 100
    assert not sample.valid[40:48].any()
    assert sample.valid.sum() == 92
    np.testing.assert_array_equal(sample.expression[48], clip.subjects[0].expression[48])
    assert sample.content.shape == (200, 80)


def test_a_draw_is_the_same_whenever_it_is_made(speech_clip):
    data = make_data(speech_clip())
    data.setup("fit")
    first = [data.windows[i] for i in (5, 3, 900)]
    for i, item in zip((900, 3, 5), first[::-1], strict=True):
        torch.testing.assert_close(vars(data.windows[i]), vars(item))
    assert not torch.equal(first[0].content, first[1].content)


def test_collate_pads_to_the_longest(speech_clip):
    short, long = (make_data(speech_clip(str(n)), window=n, batch_size=1) for n in (8, 12))
    for data in (short, long):
        data.setup("fit")
    batch = collate([short.windows[0], long.windows[0]])
    assert batch.content.shape == (2, 24, 80)
    assert batch.inside.tolist() == [[True] * 8 + [False] * 4, [True] * 12]
    assert not batch.known[0, 8:].any()


def poison_test_range(arrays):
    start = len(arrays["visible"]) - 10
    arrays["expression"][start:] = 1e3
    arrays["eye_open"][start:] = 7.0
    arrays["samples"][start * 640 :] = 0.9


def test_a_poisoned_held_out_frame_changes_nothing(speech_clip):
    weights = []
    for name, change in (("clean", None), ("poisoned", poison_test_range)):
        data = make_data(speech_clip(name, change=change))
        module = make_module(data)
        fit(module, data, 2)
        weights.append(module.network.state_dict())
    torch.testing.assert_close(*weights, rtol=0, atol=0)


def test_too_little_of_a_face_is_refused(speech_clip):
    data = make_data(speech_clip(hidden=range(10, 110)))
    with pytest.raises(BeaverError, match=r"clip babble shows the face clearly in 10 of its 100 frames"):
        data.setup("fit")


def test_mouth_projector_moves_the_mouth_and_leaves_the_eyes():
    face = load_face_model()
    projector = mouth_projector(face)
    np.testing.assert_allclose(face.semantic["jaw_open"] @ projector, face.semantic["jaw_open"], atol=1e-4)
    np.testing.assert_allclose(face.semantic["blink_left"] @ projector, 0, atol=1e-4)


def test_statistics_by_hand(speech_clip):
    clip = speech_clip()
    sample = make_sample(recording_from_clip(clip), clip.train_range, AudioFeatureExtractor())
    found = compute_training_stats([sample], ["babble"], load_face_model())
    known = np.r_[0:40, 48:100]
    np.testing.assert_allclose(found.motion_mean, clip.subjects[0].expression[known].mean(0), rtol=1e-4, atol=1e-5)
    lips = lip_distance(load_face_model(), clip.subjects[0].expression[known])
    moved = clip.subjects[0].expression[known] - found.styles["babble"].rest
    assert found.default_style.mouth_amp == pytest.approx(
        np.percentile(lip_distance(load_face_model(), moved), 90), rel=1e-4
    )
    assert lip_distance(load_face_model(), found.styles["babble"].rest) < np.percentile(lips, 20)


# --- stage ---


def test_two_steps_bundle_reload_same_output(speech_clip, tmp_path):
    clip = speech_clip()
    data = make_data(clip)
    module = make_module(data)
    trainer = fit(module, data, 2, val_every=2)
    assert {"val/loss", "val/mouth_correlation", "val/lip_vertex_error_mm2"} <= set(trainer.callback_metrics)
    predictor = write_bundle(tmp_path / "bundle", module, data)
    samples = clip.audio()
    found = predictor.predict(samples)
    assert found.expression.shape == (110, 64)
    assert (found.fps, found.basis) == (25.0, "gpmm")
    heard = data.features.extract(at_level(samples, data.speech_level_db), 25.0)
    speech = SimpleNamespace(**vars(random_speech(np.random.default_rng(0), 1, 110)))
    speech.content = torch.from_numpy(heard.content)[None]
    speech.pitch = torch.from_numpy(coarse_pitch(heard.pitch))[None]
    speech.blink = torch.zeros(1, 110, dtype=torch.long)
    speech.mouth_amp = torch.tensor([data.statistics.default_style.mouth_amp])
    speech.eye_amp = torch.tensor([data.statistics.default_style.eye_amp])
    with torch.no_grad():
        expected = module.network.eval()(speech)[0].numpy()
    np.testing.assert_allclose(found.expression, expected, atol=1e-5)


def test_resume_equals_uninterrupted(speech_clip, tmp_path):
    clip, path = speech_clip(), tmp_path / "last.ckpt"
    straight = make_module(data := make_data(clip))
    fit(straight, data, 8, callbacks=[SaveAt(5, path)])  # epochs are 3 steps: step 5 lies within one
    resumed = make_module(data := make_data(clip))
    torch.manual_seed(123)  # the global generator takes no part
    fit(resumed, data, 8, checkpoint=path)
    torch.testing.assert_close(resumed.state_dict(), straight.state_dict(), rtol=0, atol=0)
    stopped = torch.load(path, weights_only=True)["state_dict"]
    assert any(not torch.equal(stopped[k], v) for k, v in straight.state_dict().items())


def test_prediction_is_deterministic_and_temperature_is_not_silent(network):
    make = AudioToMotion(network, AudioFeatureExtractor(), 25.0, "gpmm", 1.0, 1.0, -20.0)
    samples = np.random.default_rng(0).standard_normal(6400).astype(np.float32)
    still = make.predict(samples).expression
    np.testing.assert_array_equal(make.predict(samples, seed=5).expression, still)
    lively = make.predict(samples, temperature=0.5, seed=5).expression
    np.testing.assert_array_equal(make.predict(samples, temperature=0.5, seed=5).expression, lively)
    assert np.abs(lively - make.predict(samples, temperature=0.5, seed=6).expression).max() > 1e-3
    assert np.abs(lively - still).max() > 1e-3


@pytest.mark.parametrize("samples", [1, 640, 641])
def test_the_shortest_speech_works(network, samples):
    make = AudioToMotion(network, AudioFeatureExtractor(), 25.0, "gpmm", 1.0, 1.0, -20.0)
    assert make.predict(np.full(samples, 0.1, np.float32)).n_frames == -(-samples // 640)


def test_long_speech_in_chunks_equals_one_piece(network):
    samples = np.random.default_rng(0).standard_normal(640 * 330).astype(np.float32)
    whole = AudioToMotion(network, AudioFeatureExtractor(), 25.0, "gpmm", 1.0, 1.0, -20.0)
    chunks = AudioToMotion(network, AudioFeatureExtractor(), 25.0, "gpmm", 1.0, 1.0, -20.0, chunk=40)
    found, expected = (p.predict(samples, temperature=0.3).expression for p in (chunks, whole))
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_misspelt_settings_are_refused(speech_clip):
    data = make_data(speech_clip())
    data.setup("fit")
    with pytest.raises(BeaverError, match=r"model.network.hiden is not a setting; did you mean hidden"):
        Audio2Motion(**data.dimensions(), network={"hiden": 3})
    with pytest.raises(BeaverError, match=r"model.weights.lips"):
        Audio2Motion(**data.dimensions(), weights={"lips": 3})


def test_it_learns_that_loudness_opens_the_mouth(speech_clip):
    data = make_data(speech_clip(n_frames=440), batch_size=8)
    module = make_module(data)
    trainer = fit(module, data, 60, val_every=60)
    assert trainer.callback_metrics["val/mouth_correlation"] > 0.8


def test_digital_silence_is_the_quietest_sound_that_was_trained_on(speech_clip):
    data = make_data(speech_clip())
    module = make_module(data)
    fit(module, data, 1)
    network = module.network.eval()
    speech = random_speech(np.random.default_rng(0), 1, 8)
    silence_share = torch.from_numpy(np.percentile(data.windows._cache[0].content, 1, axis=0).astype(np.float32))
    speech.content = silence_share.expand(1, 16, 80).clone()
    expected = network(speech)
    speech.content = torch.full((1, 16, 80), -6.0)
    torch.testing.assert_close(network(speech), expected)


def test_loudness_of_the_recording_does_not_matter(speech_clip, tmp_path):
    clip = speech_clip()
    data = make_data(clip)
    module = make_module(data)
    fit(module, data, 2)
    predictor = write_bundle(tmp_path / "bundle", module, data)
    samples = clip.audio()
    found, expected = (predictor.predict(s).expression for s in (0.25 * samples, samples))
    np.testing.assert_allclose(found, expected, atol=1e-3)
