from dataclasses import replace

import numpy as np
import pytest
import torch
from speech_clips import write_speech_clip
from stage_training import SaveAt, export, fit

from beavervision.artifacts.bundle import Bundle
from beavervision.artifacts.motion import Motion
from beavervision.errors import BeaverError
from beavervision.face.model_registry import load_face_model
from beavervision.nerf.condition_normalizer import ConditionNormalizer
from beavervision.stages.audio2motion.data import Audio2MotionData
from beavervision.stages.audio2motion.module import Audio2Motion
from beavervision.stages.postnet.batch import RefinementBatch, frame_pitch
from beavervision.stages.postnet.data import PostNetData
from beavervision.stages.postnet.inference import MODES, MotionRefiner
from beavervision.stages.postnet.lip_metrics import LipMetrics
from beavervision.stages.postnet.losses import adversarial_loss, discriminator_loss, lip_gap
from beavervision.stages.postnet.module import PostNetTraining
from beavervision.stages.postnet.network import PostNet
from beavervision.stages.postnet.refinement_choice import choose_refinement

TINY = {"widths": [16, 16]}
SMALL_VAE = {
    "hidden": 8, "latent": 4, "condition": 8, "audio_hidden": 8, "branch": 4, "encoder_layers": 1,
    "decoder_layers": 1, "couplings": 1, "flow_hidden": 4, "flow_layers": 1,
}  # fmt: skip


def poison(arrays):
    arrays["expression"][-10:] = 1e3
    arrays["samples"][-6400:] = 0.9


def predicted(folder, clip):
    """Bundle of an audio2motion trained for ten steps."""
    data = Audio2MotionData(clip.folder, {"kind": "mel"}, batch_size=4, augmented_copies=0)
    data.setup("fit")
    torch.manual_seed(0)
    module = Audio2Motion(**data.dimensions(), network=SMALL_VAE, schedule={"learning_rate": 5e-3, "warm_up": 1})
    fit(module, data, 10)
    export(folder, module, data)
    return folder


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    """The same clip with and without a poisoned end, and the bundle of their audio2motion."""
    folder = tmp_path_factory.mktemp("postnet")
    clean = write_speech_clip(folder / "clean" / "clip")
    bad = write_speech_clip(folder / "bad" / "clip", change=poison)
    return {"clean": clean, "bad": bad, "upstream": {"audio2motion": predicted(folder / "a2m", clean)}}


def make_data(clips, which="clean", **settings):
    settings = {"batch_size": 4, "window": 24, "augmented_copies": 1, "steps_per_epoch": 3, **settings}
    return PostNetData(clips[which].folder, clips["upstream"], **settings)


def make_module(data, **settings):
    data.setup("fit")
    torch.manual_seed(0)
    return PostNetTraining(**data.dimensions(), network=TINY, discriminator={"widths": [8]}, **settings)


# --- network and losses ---


def test_a_new_network_is_the_identity_and_reach_bounds_what_a_frame_depends_on():
    torch.manual_seed(0)
    network = PostNet(**TINY).eval()
    condition, pitch = torch.randn(1, 40, 204), torch.randn(1, 40)
    torch.testing.assert_close(network(condition, pitch), condition)
    torch.nn.init.normal_(network.layers[-1].weight)
    condition.requires_grad_()
    network(condition, pitch)[0, 20].sum().backward()
    touched = condition.grad[0].abs().sum(-1).nonzero()[:, 0]
    assert (int(touched.min()), int(touched.max())) == (20 - network.reach, 20 + network.reach)


def test_least_squares_gan_by_hand():
    known = torch.tensor([[True, True, False]])
    own, refined = torch.tensor([[1.0, 0.5, 9.0]]), torch.tensor([[0.0, 1.0, 9.0]])
    # (0 + .25) / 2 = .125 and (0 + 1) / 2 = .5: half of their sum
    assert float(discriminator_loss(own, refined, known)) == pytest.approx(0.3125)
    assert float(adversarial_loss(refined, known)) == pytest.approx(0.5)


def test_lip_gap_is_upper_minus_lower():
    condition = torch.zeros(1, 68, 3)
    condition[0, 62] = torch.tensor([0.0, 1.0, 0.0])
    condition[0, 66] = torch.tensor([0.0, -2.0, 0.5])
    assert lip_gap(condition.flatten(1))[0, 1].tolist() == [0.0, 3.0, -0.5]


def test_pitch_of_a_frame_is_the_mean_of_its_voiced_rows():
    # 160 Hz is octave 0, 320 Hz octave 1
    assert frame_pitch(np.array([160.0, 320, 320, 0, 0, 0])).tolist() == [0.5, 1.0, 0.0]


def test_figures_by_hand():
    face = load_face_model()
    mean_gap = 10 * np.linalg.norm(face.mean[face.landmarks68[62]] - face.mean[face.landmarks68[66]])
    truth = torch.zeros(4, 68, 3)
    truth[:, 66, 1] = torch.tensor([0.0, -4.0, -8.0, 0.0])
    figures = LipMetrics(face, truth.flatten(1))
    assert float(figures.opening(truth.flatten(1))[0]) == pytest.approx(mean_gap, abs=1e-3)
    found = truth.clone()
    found[1, 50] += torch.tensor([0.0, 3.0, 4.0])  # 5 mm off in one lip vertex of one frame
    found[2, 8] += 100.0  # the chin is no lip
    values = figures(found.flatten(1), truth.flatten(1), torch.ones(4, dtype=torch.bool))
    assert float(values["lip_vertex_error_mm2"]) == pytest.approx(25 / 4)
    assert float(values["mouth_correlation"]) == pytest.approx(1.0)
    assert figures(found.flatten(1), truth.flatten(1), torch.zeros(4, dtype=torch.bool)) == {}


# --- stage ---


def test_two_steps_bundle_reload_same_output(clips, tmp_path):
    data = make_data(clips)
    module = make_module(data)
    trainer = fit(module, data, 2, val_every=2)
    wanted = {"val/lip_vertex_error_mm2", "val/lip_vertex_error_mm2_before", "val/lip_vertex_error_mm2_chosen"}
    assert wanted <= set(trainer.callback_metrics)
    module.chosen.load_state_dict(module.network.state_dict())  # not the identity
    bundle = export(tmp_path / "bundle", module, data)
    assert {f"{part}/{mode}/lip_vertex_error_mm2" for mode in MODES for part in ("test", "auto")} <= set(bundle.metrics)
    refiner = MotionRefiner.from_bundle(tmp_path / "bundle")
    held_out = data.held_out()
    found = refiner.refine_condition(
        held_out.predicted[0].numpy().reshape(-1, 68, 3), held_out.pitch[0].numpy(), "postnet"
    )
    with torch.no_grad():
        expected = module.network.eval()(held_out.predicted, held_out.pitch)[0]
    np.testing.assert_allclose(found.reshape(len(found), -1), expected, atol=1e-4)
    assert not np.allclose(found.reshape(len(found), -1), held_out.predicted[0], atol=1e-4)
    np.testing.assert_array_equal(refiner.identity, clips["clean"].subjects[0].identity)


def test_resume_equals_uninterrupted(clips, tmp_path):
    path = tmp_path / "last.ckpt"
    straight = make_module(data := make_data(clips), halve_every=2)
    trainer = fit(straight, data, 7, callbacks=[SaveAt(4, path)])
    assert trainer.fit_loop.total_batch_idx + 1 == 7  # a step is both networks' step
    resumed = make_module(data := make_data(clips), halve_every=2)
    fit(resumed, data, 7, checkpoint=path)
    torch.testing.assert_close(resumed.state_dict(), straight.state_dict(), rtol=0, atol=0)


def test_a_poisoned_held_out_frame_changes_nothing(clips):
    contents = []
    for which in ("clean", "bad"):
        module = make_module(data := make_data(clips, which))
        fit(module, data, 2, val_every=2)
        contents.append(module.bundle_contents(data))
    clean, bad = contents
    torch.testing.assert_close(clean.weights, bad.weights, rtol=0, atol=0)
    for name, value in clean.assets.items():
        np.testing.assert_array_equal(value, bad.assets[name], err_msg=name)
    assert clean.metrics != bad.metrics


def test_statistics_are_those_of_the_known_training_frames(clips):
    data = make_data(clips)
    data.setup("fit")
    subject, face = clips["clean"].subjects[0], load_face_model()
    known = np.r_[0:40, 48:100]
    identity = np.broadcast_to(subject.identity, (len(known), 80))
    own = face.condition68(identity, subject.expression[known])
    np.testing.assert_allclose(data.database, own, atol=1e-3)
    expected = ConditionNormalizer.from_training_frames(own)
    for name, value in vars(expected).items():
        np.testing.assert_allclose(getattr(data.scale, name), value, atol=1e-3, err_msg=name)


def test_validation_keeps_the_best_network_and_never_one_whose_lips_stay_open(clips):
    module = make_module(data := make_data(clips))
    fit(module, data, 1, val_every=1)
    before, chosen = torch.tensor(10.0), module.chosen.layers[0].bias.clone()
    module.least_error.fill_(torch.inf)
    module.log = module.log_dict = lambda *_: None

    def validate(error, closures):
        with torch.no_grad():
            module.network.layers[0].bias.fill_(error)
        module._measured = [
            {
                "lip_vertex_error_mm2": torch.tensor(error),
                "lip_vertex_error_mm2_before": before,
                "closure_recall": torch.tensor(closures),
                "closure_recall_before": torch.tensor(0.8),
            }
        ]
        module.on_validation_epoch_end()
        return module.chosen.layers[0].bias[0].item()

    assert validate(11.0, 0.8) == chosen[0].item()  # worse than before refining
    assert validate(9.0, 0.7) == chosen[0].item()  # better, but lips stay open
    assert validate(9.0, 0.9) == 9.0
    assert validate(8.95, 0.9) == 9.0  # within the margin of chance
    assert validate(7.0, 0.8) == 7.0
    assert validate(8.0, 0.8) == 7.0
    assert float(module.least_error) == 7.0


def test_without_audio2motion_there_is_nothing_to_refine(clips):
    with pytest.raises(BeaverError, match="model=audio2motion on clip babble first"):
        PostNetData(clips["clean"].folder).setup("fit")


# --- inference ---


@pytest.fixture
def refiner():
    face, rng = load_face_model(), np.random.default_rng(0)
    database = rng.standard_normal((50, 68, 3)).astype(np.float32)
    identity = rng.standard_normal(80).astype(np.float32)
    torch.manual_seed(0)
    network = PostNet(**TINY)
    torch.nn.init.normal_(network.layers[-1].weight, std=0.01)
    return MotionRefiner(network, face, identity, ConditionNormalizer.from_training_frames(database), database)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("frames", [1, 2, 7])
def test_every_mode_fills_the_condition(refiner, mode, frames):
    motion = Motion(np.random.default_rng(1).standard_normal((frames, 64)).astype(np.float32), 25.0)
    refined = refiner.refine(motion, np.zeros(100, np.float32), mode=mode)
    assert refined.condition68.shape == (frames, 68, 3)
    assert np.isfinite(refined.condition68).all()
    np.testing.assert_array_equal(refined.expression, motion.expression)
    plain = load_face_model().condition68(np.broadcast_to(refiner.identity, (frames, 80)), motion.expression)
    assert np.allclose(refined.condition68, plain, atol=1e-3) == (mode == "none")


def test_auto_is_what_was_chosen(refiner):
    rng = np.random.default_rng(0)
    condition, pitch = rng.standard_normal((7, 68, 3)).astype(np.float32), np.zeros(7, np.float32)
    for mode in MODES:
        refiner.chosen = mode
        np.testing.assert_array_equal(
            refiner.refine_condition(condition, pitch), refiner.refine_condition(condition, pitch, mode)
        )


@pytest.mark.parametrize(("noise", "mode"), [(1.0, "lle"), (0.0, "none")])
def test_what_helps_on_held_out_speech_is_chosen(noise, mode):
    # The person's frames lie on a line; LLE brings noisy predictions back to it, and has nothing to do without noise.
    rng, face = np.random.default_rng(0), load_face_model()
    line = (np.linspace(-3, 3, 400)[:, None, None] * rng.standard_normal((68, 3))).astype(np.float32)
    scale = ConditionNormalizer.from_training_frames(line)
    refiner = MotionRefiner(PostNet(**TINY), face, np.zeros(80, np.float32), scale, line[::2])  # PostNet: the identity
    truth = torch.from_numpy(line[1::20].reshape(1, -1, 204))
    predicted = truth + noise * torch.from_numpy(rng.standard_normal(truth.shape).astype(np.float32))
    frames = truth.shape[1]
    known, nothing = torch.ones(1, frames, dtype=torch.bool), torch.zeros(1, frames)
    speech = RefinementBatch(predicted, truth, known, nothing, torch.zeros(1, 2 * frames, 1))
    choice = choose_refinement(refiner, [speech], LipMetrics(face, truth[0]))
    assert choice.mode == mode
    assert f"refine=auto takes {mode}: lip error, mm^2" in choice.why
    unseen = replace(speech, known=~known)
    assert choose_refinement(refiner, [unseen], LipMetrics(face, truth[0])).mode == "none"


def test_a_smaller_error_by_less_motion_is_not_chosen():
    # The predictions have nothing to do with the truth, so whatever moves less has a smaller error.
    rng, face = np.random.default_rng(0), load_face_model()
    line = (np.linspace(-3, 3, 400)[:, None, None] * rng.standard_normal((68, 3))).astype(np.float32)
    scale = ConditionNormalizer.from_training_frames(line)
    refiner = MotionRefiner(PostNet(**TINY), face, np.zeros(80, np.float32), scale, 0.1 * line)
    truth = torch.from_numpy(line[1::20].reshape(1, -1, 204))
    predicted = truth[:, rng.permutation(truth.shape[1])]
    known = torch.ones(1, truth.shape[1], dtype=torch.bool)
    speech = RefinementBatch(predicted, truth, known, torch.zeros(known.shape), torch.zeros(1, 2 * known.shape[1], 1))
    choice = choose_refinement(refiner, [speech], LipMetrics(face, truth[0]))
    assert choice.figures["lle"]["lip_vertex_error_mm2"] < 0.98 * choice.figures["none"]["lip_vertex_error_mm2"]
    assert choice.figures["lle"]["opening_ratio"] < 0.95
    assert choice.mode == "none"


def test_long_motion_in_chunks_equals_one_piece(refiner, monkeypatch):
    rng = np.random.default_rng(0)
    condition, pitch = rng.standard_normal((95, 68, 3)).astype(np.float32), rng.standard_normal(95)
    whole = refiner.refine_condition(condition, pitch, "both")
    monkeypatch.setattr("beavervision.stages.postnet.inference.CHUNK", 20)
    np.testing.assert_allclose(refiner.refine_condition(condition, pitch, "both"), whole, atol=1e-4)


def test_unknown_modes_and_other_faces_are_refused(refiner):
    motion = Motion(np.zeros((2, 64), np.float32), 25.0)
    with pytest.raises(BeaverError, match="refine=gan is unknown"):
        refiner.refine(motion, np.zeros(100, np.float32), mode="gan")
    with pytest.raises(BeaverError, match="the motion is bfm, the refiner gpmm"):
        refiner.refine(Motion(motion.expression, 25.0, "bfm"), np.zeros(100, np.float32))


def test_a_bundle_of_another_stage_is_refused(clips):
    with pytest.raises(BeaverError, match="is a bundle of audio2motion, not of postnet"):
        MotionRefiner.from_bundle(clips["upstream"]["audio2motion"])
    assert Bundle.load(clips["upstream"]["audio2motion"], "audio2motion").facts.clip == "babble"
