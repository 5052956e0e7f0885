import numpy as np
import pytest
import torch
from speech_clips import write_speech_clip
from stage_training import SaveAt, export, fit

from beavervision.artifacts.motion import Motion
from beavervision.audio.features import AudioFeatureExtractor
from beavervision.errors import BeaverError
from beavervision.face.model_registry import load_face_model
from beavervision.stages.audio2motion.data import Audio2MotionData
from beavervision.stages.audio2motion.module import Audio2Motion
from beavervision.stages.lip_landmarks import LipNormalizer, lip_shape_of, mirror_lips
from beavervision.stages.syncnet.data import SyncNetData
from beavervision.stages.syncnet.inference import SyncExpert
from beavervision.stages.syncnet.module import SyncExpertTraining
from beavervision.stages.syncnet.network import SyncNet
from beavervision.stages.syncnet.pairs import MotionNoise, window_starts

TINY = {"hidden": 16, "embedding": 8, "dropout": 0.1}


def make_data(clip, **settings):
    settings = {"batch_size": 16, "augmented_copies": 1, "steps_per_epoch": 3, **settings}
    return SyncNetData(clip.folder, {"kind": "mel"}, **settings)


def make_module(data, **settings):
    data.setup("fit")
    torch.manual_seed(0)
    return SyncExpertTraining(**data.dimensions(), network=TINY, **{"learning_rate": 3e-3, **settings})


def test_embeddings_are_of_unit_length_and_one_a_window():
    torch.manual_seed(0)
    network = SyncNet(80, **TINY).eval()
    content, lips = torch.randn(2, 24, 80), torch.randn(2, 12, 60)
    sound, motion = network.embed_sound(content), network.embed_lips(lips)
    assert sound.shape == motion.shape == (2, 8, 8)
    torch.testing.assert_close(sound.norm(dim=-1), torch.ones(2, 8))
    # a window depends on its ten rows and five frames alone
    torch.testing.assert_close(network.embed_sound(content[:, 6:16])[:, 0], sound[:, 3])
    torch.testing.assert_close(network.embed_lips(lips[:, 3:8])[:, 0], motion[:, 3])


def test_lips_are_the_condition_s_without_identity():
    face, rng = load_face_model(), np.random.default_rng(0)
    expression = rng.standard_normal((4, 64)).astype(np.float32)
    expected = face.condition68(np.zeros(80), expression)[:, 48:].reshape(4, 60)
    np.testing.assert_allclose(lip_shape_of(face, expression), expected, atol=1e-4)
    np.testing.assert_allclose(LipNormalizer(face)(torch.from_numpy(expression)), expected, atol=1e-4)


def test_what_differs_between_left_and_right_is_not_seen():
    face = load_face_model()
    lips = torch.from_numpy(lip_shape_of(face, np.random.default_rng(0).standard_normal((7, 64)).astype(np.float32)))
    torch.testing.assert_close(mirror_lips(mirror_lips(lips)), lips)
    jaw = torch.from_numpy(lip_shape_of(face, face.semantic["jaw_open"][None]))
    torch.testing.assert_close(mirror_lips(jaw), jaw, atol=0.02, rtol=0)  # the template is symmetric
    torch.manual_seed(0)
    network = SyncNet(80, **TINY).eval()
    torch.testing.assert_close(network.embed_lips(mirror_lips(lips)[None]), network.embed_lips(lips[None]))


def test_roughness_scales_shifts_and_shakes():
    motion, rng = np.ones((4, 64)), np.random.default_rng(0)
    np.testing.assert_array_equal(MotionNoise(0.0, 0.0, 0.0).apply(motion, rng), motion)
    scaled = MotionNoise(0.5, 0.0, 0.0).apply(motion, rng)
    assert np.ptp(scaled) == 0
    assert 1 / 1.5 <= scaled[0, 0] <= 1.5
    shifted = MotionNoise(0.0, 0.5, 0.0).apply(motion, rng)
    assert np.ptp(shifted, axis=0).max() == 0
    assert 0.35 < shifted[0].std() < 0.65
    shaken = MotionNoise(0.0, 0.0, 0.2).apply(motion, rng)
    assert 0.15 < np.diff(shaken, axis=0).std() / 2**0.5 < 0.25


def test_windows_need_every_frame():
    valid = np.ones(14, bool)
    valid[7] = False
    assert window_starts(valid).tolist() == [0, 1, 2, 8, 9]
    assert window_starts(valid[:4]).tolist() == []


def test_half_of_the_pairs_are_in_step_and_the_others_are_three_frames_off_at_least(speech_clip):
    data = make_data(speech_clip(), augmented_copies=0, shift=0.5, scale=0.0, offset=0.0, jitter=0.0)
    data.setup("fit")
    take_content = {}
    pairs, face = data.pairs, load_face_model()
    content, lips = pairs._cache[0].content, lip_shape_of(face, pairs._cache[0].expression)
    for start in range(len(lips) - 4):
        take_content[content[2 * start : 2 * start + 10].tobytes()] = start
    drawn, distances = [pairs[i] for i in range(400)], []
    for pair in drawn:
        heard = take_content[pair.content.numpy().tobytes()]
        seen = next(s for s in range(len(lips) - 4) if np.allclose(lips[s : s + 5], pair.lips.numpy(), atol=1e-4))
        distances.append(abs(heard - seen))
        assert (distances[-1] == 0) == bool(pair.in_step)
    negatives = np.array([d for d in distances if d])
    assert 0.4 < len(negatives) / 400 < 0.6
    assert negatives.min() == 3
    assert 0.4 < (negatives <= 15).mean() < 0.6


def test_two_steps_bundle_reload_same_output(speech_clip, tmp_path):
    clip = speech_clip(n_frames=140)
    data = make_data(clip)
    module = make_module(data)
    trainer = fit(module, data, 2, val_every=2)
    assert {"val/offset", "val/confidence", "val/accuracy"} <= set(trainer.callback_metrics)
    export(tmp_path / "bundle", module, data)
    expert = SyncExpert.from_bundle(tmp_path / "bundle")
    content, lips = torch.randn(1, 20, 80), torch.randn(1, 10, 60)
    torch.testing.assert_close(expert.network(content, lips), module.network.eval()(content, lips))


def test_resume_equals_uninterrupted(speech_clip, tmp_path):
    clip, path = speech_clip(), tmp_path / "last.ckpt"
    straight = make_module(data := make_data(clip))
    fit(straight, data, 7, callbacks=[SaveAt(4, path)])
    resumed = make_module(data := make_data(clip))
    fit(resumed, data, 7, checkpoint=path)
    torch.testing.assert_close(resumed.state_dict(), straight.state_dict(), rtol=0, atol=0)


def test_a_poisoned_held_out_frame_changes_nothing(speech_clip):
    def poison(arrays):
        arrays["expression"][-10:] = 1e3
        arrays["samples"][-6400:] = 0.9

    weights = []
    for name, change in (("clean", None), ("poisoned", poison)):
        module = make_module(data := make_data(speech_clip(name, change=change)))
        fit(module, data, 2)
        weights.append(module.network.state_dict())
    torch.testing.assert_close(*weights, rtol=0, atol=0)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sync")
    clip = write_speech_clip(folder / "clip", n_frames=660, hidden=range(40, 48))
    module = make_module(data := make_data(clip, batch_size=64, augmented_copies=2, shift=0.7))
    fit(module, data, 150, val_every=150)
    export(folder / "bundle", module, data)
    return folder / "bundle", clip


@pytest.mark.parametrize("shift", [-4, 0, 6])
def test_the_expert_tells_the_offset_of_held_out_speech(trained, shift):
    bundle, clip = trained
    frames = slice(clip.test_range.start, clip.test_range.stop)
    samples = np.roll(clip.audio(), shift * 640)[frames.start * 640 : frames.stop * 640]
    motion = Motion(clip.subjects[0].expression[frames], 25.0)
    found = SyncExpert.from_bundle(bundle).judge(motion, samples)
    assert abs(int(found.offset) - shift) <= 1
    assert found.confidence > 0.1


def test_the_expert_is_a_loss_that_reaches_the_motion_but_not_itself(trained):
    bundle, clip = trained
    expert = SyncExpert.from_bundle(bundle).train()
    assert not expert.network.training
    frames = slice(100, 150)
    content = torch.from_numpy(AudioFeatureExtractor().extract(clip.audio(), 25.0).content[200:300])[None]
    lips = torch.from_numpy(lip_shape_of(load_face_model(), clip.subjects[0].expression[frames]))[None].requires_grad_()
    known = torch.ones(1, 50, dtype=torch.bool)
    loss = expert.loss(content, lips, known)
    loss.backward()
    assert lips.grad.abs().sum() > 0
    assert all(p.grad is None for p in expert.network.parameters())
    assert expert.loss(content, lips.roll(12, 1), known) > loss
    assert float(expert.loss(content, lips, torch.zeros_like(known))) == 0.0


def test_audio2motion_listens_to_the_expert(trained):
    bundle, clip = trained
    data = Audio2MotionData(
        clip.folder, {"kind": "mel"}, upstream={"syncnet": bundle}, batch_size=2, augmented_copies=0
    )
    data.setup("fit")
    module = Audio2Motion(**data.dimensions())
    trainer = fit(module, data, 1, val_every=1)
    assert trainer.callback_metrics["train/sync"] > 0


def test_an_expert_of_other_features_is_refused(trained):
    expert = SyncExpert.from_bundle(trained[0])
    with pytest.raises(BeaverError, match="knows mel and gpmm, not hubert"):
        expert.require(AudioFeatureExtractor("hubert", "x"), "gpmm")


def test_too_short_a_clip_is_refused(speech_clip):
    with pytest.raises(BeaverError, match="too short"):
        make_data(speech_clip(n_frames=34, hidden=range(0))).setup("fit")
