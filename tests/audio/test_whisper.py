import sys

import numpy as np
import pytest
import torch
from transformers import HubertConfig, WhisperConfig, WhisperFeatureExtractor, WhisperModel

from beavervision.audio.features import AudioFeatureExtractor
from beavervision.audio.whisper import WhisperEncoder, whisper_encoder
from beavervision.errors import BeaverError

ROWS = 100
"""Rows of the small model's chunk: 2 s instead of 30."""


def save_model(folder, **changes):
    """A randomly initialised Whisper of a few thousand weights with the real one's strides."""
    torch.manual_seed(0)
    sizes = {
        "vocab_size": 16,
        "d_model": 16,
        "encoder_layers": 1,
        "decoder_layers": 1,
        "encoder_attention_heads": 2,
        "decoder_attention_heads": 2,
        "encoder_ffn_dim": 16,
        "decoder_ffn_dim": 16,
        "max_source_positions": ROWS,
        "max_target_positions": 8,
        "pad_token_id": 0,
        "bos_token_id": 1,
        "eos_token_id": 2,
        "decoder_start_token_id": 1,
    }
    WhisperModel(WhisperConfig(**{**sizes, **changes})).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    return save_model(tmp_path_factory.mktemp("whisper"))


def own_answer(folder, samples, rows=ROWS):
    """The model's answer to a sound with silence up to the end of its chunk, as Whisper was trained."""
    mel = WhisperFeatureExtractor(chunk_length=rows // 50)(samples, sampling_rate=16000, return_tensors="pt")
    with torch.no_grad():
        return WhisperModel.from_pretrained(folder).eval().encoder(mel.input_features).last_hidden_state[0].numpy()


@pytest.mark.parametrize("samples", [1, 640, 6400, 16001, 40000])
def test_two_rows_for_every_frame_begun(checkpoint, rng, samples):
    encode = WhisperEncoder(checkpoint)
    features = encode(rng.standard_normal(samples).astype(np.float32))
    assert features.shape == (2 * -(-samples // 640), encode.width)
    assert np.isfinite(features).all()


@pytest.mark.parametrize("samples", [6400, 20000, 32000])
def test_one_chunk_is_the_model_s_own_answer(checkpoint, rng, samples):
    sound = (0.1 * rng.standard_normal(samples)).astype(np.float32)
    found = WhisperEncoder(checkpoint)(sound)
    np.testing.assert_allclose(found, own_answer(checkpoint, sound)[: len(found)], atol=1e-4)


def test_digital_silence_is_the_model_s_own_answer(checkpoint):
    silence = np.zeros(6400, np.float32)
    found = WhisperEncoder(checkpoint)(silence)
    np.testing.assert_allclose(found, own_answer(checkpoint, silence)[: len(found)], atol=1e-4)


def test_a_later_chunk_has_context_and_the_level_of_the_whole_sound(checkpoint, rng):
    # Noise that grows louder: a level by chunk would differ, because log-mel is clipped below the loudest moment.
    samples = (rng.standard_normal(64000) * np.geomspace(1e-4, 1, 64000)).astype(np.float32)
    mel = WhisperFeatureExtractor()(
        samples, sampling_rate=16000, padding="longest", truncation=False, return_tensors="pt"
    ).input_features
    with torch.no_grad():  # rows 40 to 139: the second chunk (60 to 119) with 20 rows on either side
        window = WhisperModel.from_pretrained(checkpoint).eval().encoder(mel[..., 80:280]).last_hidden_state[0]
    features = WhisperEncoder(checkpoint, overlap_rows=20)(samples)
    assert features.shape == (200, 16)
    np.testing.assert_allclose(features[60:120], window[20:80].numpy(), atol=1e-4)


def test_missing_checkpoint_is_named(tmp_path):
    with pytest.raises(BeaverError, match=r"nowhere.*audio_features=speech"):
        WhisperEncoder(tmp_path / "nowhere")


def test_another_model_is_refused(tmp_path):
    HubertConfig().save_pretrained(tmp_path)
    with pytest.raises(BeaverError, match="is a hubert model, not Whisper"):
        WhisperEncoder(tmp_path)


def test_a_folder_without_encoder_is_refused(tmp_path):
    from safetensors.torch import load_file, save_file

    save_model(tmp_path)
    weights = load_file(tmp_path / "model.safetensors")
    kept = {name: value for name, value in weights.items() if not name.startswith("encoder.")}
    save_file(kept, tmp_path / "model.safetensors", {"format": "pt"})
    with pytest.raises(BeaverError, match="lacks the encoder's weights"):
        WhisperEncoder(tmp_path)


def test_other_strides_are_refused(tmp_path):
    save_model(tmp_path)
    WhisperFeatureExtractor(hop_length=80).save_pretrained(tmp_path)
    with pytest.raises(BeaverError, match="steps 160 samples"):
        WhisperEncoder(tmp_path)


def test_other_mel_bands_are_heard_or_refused(tmp_path, rng):
    save_model(tmp_path, num_mel_bins=128)  # as large-v3
    samples = rng.standard_normal(6400).astype(np.float32)
    assert WhisperEncoder(tmp_path)(samples).shape == (20, 16)
    WhisperFeatureExtractor(feature_size=80).save_pretrained(tmp_path)
    with pytest.raises(BeaverError, match="128 mel bands"):
        WhisperEncoder(tmp_path)


def test_ctranslate2_is_optional(tmp_path, monkeypatch):
    (tmp_path / "model.bin").write_bytes(b"nothing")
    monkeypatch.setitem(sys.modules, "ctranslate2", None)
    with pytest.raises(BeaverError, match=r"ctranslate2 is not installed.*beavervision\[whisper\]"):
        WhisperEncoder(tmp_path)


def test_a_damaged_ctranslate2_model_is_refused(tmp_path):
    pytest.importorskip("ctranslate2")
    (tmp_path / "model.bin").write_bytes(b"nothing")
    with pytest.raises(BeaverError, match="cannot be loaded"):
        WhisperEncoder(tmp_path)


def test_features_of_a_speech(checkpoint, rng):
    samples = rng.standard_normal(16000).astype(np.float32)
    heard = AudioFeatureExtractor("whisper", str(checkpoint)).extract(samples, 25.0)
    np.testing.assert_allclose(heard.content, WhisperEncoder(checkpoint)(samples), atol=1e-5)
    assert heard.n_frames == 25
    with pytest.raises(BeaverError, match=r"audio_features=whisper needs audio_features\.checkpoint"):
        AudioFeatureExtractor("whisper").extract(samples, 25.0)


def test_an_encoder_is_loaded_once(checkpoint):
    assert whisper_encoder(str(checkpoint)) is whisper_encoder(str(checkpoint))
