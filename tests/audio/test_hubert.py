import numpy as np
import pytest
import torch
from transformers import (
    HubertConfig,
    HubertModel,
    Wav2Vec2Config,
    Wav2Vec2FeatureExtractor,
    Wav2Vec2Model,
    WavLMConfig,
    WavLMModel,
)

from beavervision.audio.features import AudioFeatureExtractor
from beavervision.audio.hubert import HubertEncoder, hubert_encoder
from beavervision.errors import BeaverError

STRIDES = {"conv_stride": [5, 2, 2, 2, 2, 2, 2], "conv_kernel": [10, 3, 3, 3, 3, 2, 2]}


def save_model(folder, kind=(HubertConfig, HubertModel), **changes):
    """A randomly initialised HuBERT, or a relative, of a few thousand weights with the real one's strides."""
    torch.manual_seed(0)
    config = kind[0](
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        conv_dim=[8] * 7,
        feat_extract_norm="layer",
        num_conv_pos_embeddings=16,
        num_conv_pos_embedding_groups=2,
        do_stable_layer_norm=True,
        **{**STRIDES, **changes},
    )
    kind[1](config).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    return save_model(tmp_path_factory.mktemp("hubert"))


@pytest.mark.parametrize("samples", [1, 640, 6400, 16001])
def test_two_rows_for_every_frame_begun(checkpoint, rng, samples):
    encode = HubertEncoder(checkpoint)
    features = encode(rng.standard_normal(samples).astype(np.float32))
    assert features.shape == (2 * -(-samples // 640), encode.width)
    assert np.isfinite(features).all()


def test_one_chunk_is_the_model_s_own_answer(checkpoint, rng):
    samples = rng.standard_normal(6400).astype(np.float32)
    model = HubertModel.from_pretrained(checkpoint).eval()
    sound = torch.from_numpy(np.pad((samples - samples.mean()) / samples.std(), (0, 80)))
    with torch.no_grad():
        expected = model(sound[None].float()).last_hidden_state[0].numpy()
    np.testing.assert_allclose(HubertEncoder(checkpoint)(samples), expected, atol=1e-4)


def test_chunk_borders_do_not_show(checkpoint, rng):
    # Noise that grows louder: a normalisation by chunk would show as a step.
    samples = (rng.standard_normal(64000) * np.linspace(0.1, 1, 64000)).astype(np.float32)
    whole = HubertEncoder(checkpoint, chunk_rows=1000)(samples)
    pieces = HubertEncoder(checkpoint, chunk_rows=50, overlap_rows=40)(samples)
    assert pieces.shape == whole.shape
    # Attention reaches over the whole chunk, so equality is not exact; a step from row to row would be 100 %.
    steps = np.abs(np.diff(whole, axis=0)).max()
    assert np.abs(pieces - whole).max() < 0.05 * steps
    bare = HubertEncoder(checkpoint, chunk_rows=50, overlap_rows=0)(samples)
    assert np.abs(bare - whole).max() > 0.1 * steps  # the overlap is what does it


def test_loudness_does_not_matter(checkpoint, rng):
    samples = rng.standard_normal(6400).astype(np.float32)
    encode = HubertEncoder(checkpoint)
    np.testing.assert_allclose(encode(0.1 * samples), encode(samples), atol=1e-3)


def test_missing_checkpoint_is_named(tmp_path):
    with pytest.raises(BeaverError, match=r"nowhere.*audio_features=mel"):
        HubertEncoder(tmp_path / "nowhere")


def test_other_strides_are_refused(tmp_path):
    folder = save_model(tmp_path, conv_stride=[5, 2, 2, 2, 2, 2, 1])
    with pytest.raises(BeaverError, match="160 samples"):
        HubertEncoder(folder)


@pytest.mark.parametrize("kind", [(Wav2Vec2Config, Wav2Vec2Model), (WavLMConfig, WavLMModel)])
def test_relatives_of_hubert_are_heard(tmp_path, rng, kind):
    folder = save_model(tmp_path, kind)
    samples = rng.standard_normal(6400).astype(np.float32)
    model = kind[1].from_pretrained(folder).eval()
    sound = torch.from_numpy(np.pad((samples - samples.mean()) / samples.std(), (0, 80)))
    with torch.no_grad():
        expected = model(sound[None].float()).last_hidden_state[0].numpy()
    np.testing.assert_allclose(
        AudioFeatureExtractor("hubert", str(folder)).extract(samples, 25.0).content, expected, atol=1e-4
    )


def test_an_encoder_trained_on_raw_sound_gets_it_raw(tmp_path, rng):
    folder = save_model(tmp_path)
    samples = rng.standard_normal(6400).astype(np.float32)
    usual = HubertEncoder(folder)(samples)
    Wav2Vec2FeatureExtractor(do_normalize=False).save_pretrained(folder)
    raw = HubertEncoder(folder)
    standard = ((samples - samples.mean()) / np.sqrt(samples.var() + 1e-7)).astype(np.float32)
    np.testing.assert_allclose(raw(standard), usual, atol=1e-5)
    assert np.abs(raw(0.1 * samples + 1.0) - usual).max() > 1e-3


def test_an_encoder_is_loaded_once(checkpoint):
    assert hubert_encoder(str(checkpoint)) is hubert_encoder(str(checkpoint))
