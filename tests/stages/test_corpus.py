"""Stages of speech learn from many speakers as they do from one."""

import numpy as np
import pytest
import torch
from corpora import write_speech_corpus, write_speech_talk
from motion_networks import TINY
from motion_training import FAST, make_data, make_module
from stage_training import export, fit
from transformers import HubertConfig, HubertModel

from beavervision.artifacts.corpus import Corpus, write_corpus
from beavervision.errors import BeaverError
from beavervision.stages.audio2motion.adaptation import adopt_scale
from beavervision.stages.audio2motion.data import Audio2MotionData
from beavervision.stages.audio2motion.inference import AudioToMotion
from beavervision.stages.audio2motion.module import Audio2Motion
from beavervision.stages.lip_landmarks import lip_shape_of
from beavervision.stages.syncnet.data import SyncNetData


@pytest.fixture
def corpus(tmp_path) -> Corpus:
    """Ann speaks three times as much as Bob; somebody else is held out."""
    return write_speech_corpus(tmp_path / "talks", {"ann": [100, 110, 90], "bob": [100]})


def test_speakers_are_drawn_alike_and_told_their_own_amplitude(corpus):
    data = make_data(corpus, augmented_copies=0, batch_size=8, amplitude=0.0)
    data.setup("fit")
    own = {name: style.mouth_amp for name, style in data.statistics.styles.items()}
    assert set(own) == {"ann", "bob"}
    told = torch.cat([data.windows[step].mouth_amp for step in range(40)]).numpy()
    shares = [np.isclose(told, own[name]).mean() for name in ("ann", "bob")]
    assert sum(shares) == 1
    assert shares == pytest.approx([0.5, 0.5], abs=0.1)


def test_short_speech_is_batched_with_its_like_and_never_more_frames_than_asked_for(tmp_path):
    corpus = write_speech_corpus(tmp_path, {"ann": [100, 11, 10], "bob": [12, 24]})
    data = make_data(corpus, augmented_copies=0, batch_size=4, window=24)
    data.setup("fit")
    shapes = {tuple(data.windows[step].inside.shape) for step in range(60)}
    # whole windows of 24 frames: 4 a batch; talks of 10 to 12 frames: 8, padded to the longest drawn
    assert {shape[0] for shape in shapes} == {4, 8}
    assert {shape[1] for shape in shapes if shape[0] == 4} == {24}
    assert {shape[1] for shape in shapes if shape[0] == 8} <= {10, 11, 12}
    assert all(data.windows[step].inside.float().mean() > 0.8 for step in range(20))


def test_processes_share_a_batch_without_gap_or_overlap(corpus):
    data = make_data(corpus)
    data.setup("fit")
    halves = [data.windows.share(rank, 2)[3] for rank in (0, 1)]
    torch.testing.assert_close(torch.cat([half.content for half in halves]), data.windows[3].content)
    with pytest.raises(BeaverError, match=r"datamodule\.batch_size=4 cannot be shared equally by 3 devices"):
        data.windows.share(0, 3)


def test_to_the_noise_of_a_room_the_face_rests(corpus):
    data = make_data(corpus, augmented_copies=1, batch_size=8, amplitude=0.0, silence_share=0.2)
    data.setup("fit")
    resting = 0
    for step in range(40):
        batch = data.windows[step]
        still = (batch.expression == batch.expression[:, :1]).flatten(1).all(1)
        rests = [torch.from_numpy(style.rest) for style in data.statistics.styles.values()]
        assert all(any(torch.equal(face, rest) for rest in rests) for face in batch.expression[still, 0])
        assert not batch.closed[still].any()
        # what a room's noise lacks is the voice: the clip's own is far louder
        assert (batch.content[still].mean((1, 2)) < batch.content[~still].mean()).all()
        resting += int(still.sum())
    assert resting / 320 == pytest.approx(0.2, abs=0.07)


def test_truth_of_bilabials_takes_the_place_of_a_guess(corpus):
    data = make_data(corpus, augmented_copies=0, batch_size=8, window=100, silence_share=0.0)
    data.setup("fit")
    closed = data.windows[0].closed[0].numpy()
    assert set(np.diff(np.flatnonzero(closed))) == {20}


def test_a_corpus_leaves_a_bundle_of_nobody(corpus, tmp_path):
    data = make_data(corpus)
    module = make_module(data)
    trainer = fit(module, data, 2, val_every=2)
    assert {"val/loss", "val/mouth_correlation"} <= set(trainer.callback_metrics)
    bundle = export(tmp_path / "bundle", module, data)
    assert "subject" not in bundle.facts.model_dump()
    assert (bundle.facts.clip, bundle.facts.clip_sha256) == ("voices", corpus.sha256)
    assert len(AudioToMotion.from_bundle(bundle.folder).predict(np.zeros(6400, np.float32)).expression) == 10


def test_held_out_talks_change_nothing(tmp_path):
    weights = []
    for name in ("clean", "poisoned"):
        corpus = write_speech_corpus(tmp_path / name, {"ann": [60], "bob": [60]})
        if name == "poisoned":
            poison = {"samples": np.full(40 * 640, 0.9), "expression": np.full((40, 64), 1e3)}
            write_speech_talk(tmp_path / name / "held_out", "nobody", 40, "test", **poison)
        data = make_data(corpus)
        module = make_module(data)
        fit(module, data, 2, val_every=50)
        weights.append(module.network.state_dict())
    torch.testing.assert_close(*weights, rtol=0, atol=0)


def test_recordings_that_do_not_go_together_are_refused(tmp_path):
    talks = [write_speech_talk(tmp_path / str(fps), "ann", 50, fps=fps) for fps in (25.0, 30.0)]
    corpus = write_corpus(tmp_path / "corpus", "mixed", talks)
    with pytest.raises(BeaverError, match=r"talk 30\.0 speaks gpmm at 30\.0 fps, talk 25\.0 gpmm at 25\.0"):
        make_data(corpus).setup("fit")


def test_a_corpus_of_held_out_talks_only_is_refused(tmp_path):
    corpus = write_corpus(tmp_path / "c", "none", [write_speech_talk(tmp_path / "talk", "ann", 50, "test")])
    with pytest.raises(BeaverError, match="holds nothing to learn from"):
        make_data(corpus).setup("fit")


def test_a_corpus_that_holds_nothing_out_is_refused(tmp_path):
    corpus = write_corpus(tmp_path / "c", "all", [write_speech_talk(tmp_path / "talk", "ann", 50)])
    with pytest.raises(BeaverError, match="is held out to judge by"):
        make_data(corpus).setup("fit")


def test_a_quarter_of_false_pairs_hear_somebody_else(corpus):
    data = SyncNetData(corpus.folder, {"kind": "mel"}, augmented_copies=0, shift=0.5, scale=0.0, offset=0.0, jitter=0.0)
    data.setup("fit")
    hears, sees, lips = {}, [], []
    for sample, entry in zip(data.pairs._cache, data.pairs._cache.entries, strict=True):
        whole = lip_shape_of(data.face, sample.expression)
        for start in range(sample.n_frames - 4):
            hears[sample.content[2 * start : 2 * start + 10].tobytes()] = entry.speaker
            sees.append(entry.speaker)
            lips.append(whole[start : start + 5])
    negatives = [pair for pair in (data.pairs[draw] for draw in range(800)) if not pair.in_step]
    seen = [sees[np.abs(np.stack(lips) - pair.lips.numpy()).max((1, 2)).argmin()] for pair in negatives]
    other = [hears[pair.content.numpy().tobytes()] != name for pair, name in zip(negatives, seen, strict=True)]
    # 400 or so false pairs: a share of 0.25 has a deviation of 0.02
    assert np.mean(other) == pytest.approx(0.25, abs=0.07)


def test_a_speech_encoder_is_heard_from_the_shelf_as_log_mel_is(corpus, tmp_path):
    torch.manual_seed(0)
    widths = dict(hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16, conv_dim=[8] * 7)
    HubertModel(HubertConfig(**widths, num_conv_pos_embedding_groups=2)).save_pretrained(tmp_path / "encoder")
    settings = {"kind": "hubert", "checkpoint": str(tmp_path / "encoder")}
    data = Audio2MotionData(
        corpus.folder, settings, augmented_copies=0, batch_size=2, window=24, cache=tmp_path / "cache"
    )
    data.setup("fit")
    assert data.dimensions()["content_dim"] == 16
    assert data.windows[0].content.shape == (2, 48, 16)
    assert data.facts()["audio_features"] == settings


def test_identity_is_learnt_beside_the_expression(speech_clip, tmp_path):
    clip = speech_clip()
    data = make_data(clip, motion="id_exp")
    module = make_module(data)
    assert data.dimensions()["motion_dim"] == 80 + 64
    batch = data.windows[0]
    np.testing.assert_allclose(batch.expression[0, 0, :80], clip.subjects[0].identity * bool(batch.known[0, 0]))
    fit(module, data, 2, val_every=2)
    bundle = export(tmp_path / "bundle", module, data)
    motion = AudioToMotion.from_bundle(bundle.folder).predict(clip.audio())
    assert motion.expression.shape == (110, 64)
    with torch.no_grad():
        whole = module.network.eval()(next(iter(data.clean_speech())))[0]
    np.testing.assert_allclose(whole[:, :80], np.tile(clip.subjects[0].identity, (100, 1)), atol=0.05)


def test_unknown_kinds_of_motion_are_refused(speech_clip):
    with pytest.raises(BeaverError, match=r"datamodule.motion=both is unknown; take exp or id_exp"):
        make_data(speech_clip(), motion="both")


# --- adaptation ---


def test_a_network_is_adapted_with_its_sizes_and_scales(corpus, speech_clip, tmp_path):
    general = make_data(corpus)
    teacher = make_module(general)
    fit(teacher, general, 2)
    folder = export(tmp_path / "general", teacher, general).folder
    clip = speech_clip(change=lambda arrays: arrays["expression"].__iadd__(0.5))
    data = make_data(clip, upstream={"init": folder})
    data.setup("fit")
    assert data.speech_level_db == general.speech_level_db
    student = Audio2Motion(**data.dimensions(), network={"hidden": 99, "dropout": 0.0}, schedule=FAST)
    assert student._network_hparams == {**teacher._network_hparams, "dropout": 0.0, "taps": 5}
    fit(student, data, 1, val_every=5)
    for name in ("content_mean", "content_std", "content_low"):
        torch.testing.assert_close(getattr(student.network, name), getattr(teacher.network, name))
    assert student.network.readout.bias.any()


def test_training_on_a_corpus_continues_without_a_readout(corpus, tmp_path):
    general = make_data(corpus)
    teacher = make_module(general)
    fit(teacher, general, 1)
    folder = export(tmp_path / "general", teacher, general).folder
    data = make_data(corpus, upstream={"init": folder})
    data.setup("fit")
    student = Audio2Motion(**data.dimensions(), schedule=FAST, adaptation={"learning_rate": 0.0})
    fit(student, data, 2)
    assert student._network_hparams == teacher._network_hparams
    assert not torch.equal(student.network.leave.weight, teacher.network.leave.weight)


def test_a_person_s_scale_is_taken_over_without_a_change_of_what_is_said(corpus):
    data = make_data(corpus)
    network = make_module(data).network.eval()
    with torch.no_grad():
        network.motion_std[3:].fill_(1e-3)
        speech = next(iter(data.clean_speech()))
        before = network(speech)
        adopt_scale(network, torch.full((64,), 0.5))
        torch.testing.assert_close(network(speech), before)
    assert network.motion_std.min() >= 0.5
    assert (network.motion_std[:3] == 1).all()  # what the network knows to move more stays


def test_the_rest_is_taken_over_in_closed_form(corpus, speech_clip, tmp_path):
    general = make_data(corpus)
    teacher = make_module(general)
    fit(teacher, general, 1)
    folder = export(tmp_path / "general", teacher, general).folder
    data = make_data(speech_clip(), upstream={"init": folder})
    data.setup("fit")
    student = Audio2Motion(**data.dimensions(), adaptation={"learning_rate": 0.0}, schedule=FAST)
    fit(student, data, 1)
    speech = next(iter(data.clean_speech()))
    with torch.no_grad():
        away = (student.network.eval()(speech) - speech.expression)[speech.known].mean(0)
    # The step at learning rate 0 changes nothing; only lips that would cross are moved.
    torch.testing.assert_close(away, torch.zeros(64), atol=0.05, rtol=0)


def test_a_network_of_other_sizes_is_refused(corpus, speech_clip, tmp_path):
    general = make_data(corpus)
    teacher = make_module(general)
    fit(teacher, general, 1)
    folder = export(tmp_path / "general", teacher, general).folder
    data = make_data(speech_clip(), upstream={"init": folder}, motion="id_exp")
    data.setup("fit")
    with pytest.raises(BeaverError, match=r"has motion_dim 64, this clip needs 144; give model.init=none"):
        Audio2Motion(**data.dimensions(), network=TINY)
