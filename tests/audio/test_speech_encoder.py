import numpy as np
import pytest
import soxr
import torch

from beavervision.audio.alignment import align, phoneme_log_probabilities, symbol_classes
from beavervision.audio.level import at_level
from beavervision.audio.mel import log_mel, n_rows
from beavervision.audio.phonemes import CLASSES, SILENCE, phoneme_classes
from beavervision.audio.speech_encoder import (
    LOOK_AHEAD_ROWS,
    WEIGHTS,
    WIDTH,
    StreamingSpeechEncoder,
    speech_encoder,
    speech_features,
)
from beavervision.audio.waveform import SAMPLE_RATE
from beavervision.synthetic.corpus.generation import phoneme_rows


def noise(seconds, seed=0):
    return 0.1 * np.random.default_rng(seed).standard_normal(round(16000 * seconds)).astype(np.float32)


@pytest.mark.parametrize("length", [0, 1, 639, 640, 16001])
def test_features_have_the_rows_of_log_mel(length):
    assert speech_features(noise(1.1)[:length]).shape == (n_rows(length), WIDTH)


def test_rows_depend_on_120_ms_of_future_sound_and_no_more():
    sound = noise(2.0)
    changed = sound.copy()
    changed[16000:] = 0
    before, after = speech_features(sound), speech_features(changed)
    # Row 50 is centred at the change; a log-mel row spans 16 ms on either side of its centre.
    first = 50 - LOOK_AHEAD_ROWS
    np.testing.assert_allclose(before[: first - 1], after[: first - 1], atol=1e-5)
    assert np.abs(before[first] - after[first]).max() > 1e-3


@pytest.mark.parametrize("size", [1, 5, 64])
def test_a_stream_of_rows_gives_the_features_of_the_whole(size):
    mel = log_mel(noise(1.0))
    stream = StreamingSpeechEncoder()
    pieces = [stream.push(mel[i : i + size]) for i in range(0, len(mel), size)]
    found = np.concatenate([*pieces, stream.finish()])
    whole = speech_encoder().encode(torch.from_numpy(mel)[None])[0].numpy()
    np.testing.assert_allclose(found, whole, atol=1e-4)


def test_the_weights_are_small():
    assert WEIGHTS.stat().st_size < 15e6


def test_a_diphthong_has_two_classes_and_marks_have_none():
    assert [CLASSES[c][0] for c in phoneme_classes("ˈaɪ")] == ["a", "ɪ"]
    assert [CLASSES[c][0] for c in phoneme_classes("tʃ")] == ["ʃ"]
    assert phoneme_classes("ː") == phoneme_classes("") == [SILENCE]


def test_no_symbol_has_two_classes():
    symbols = [symbol for group in CLASSES for symbol in group]
    assert len(set(symbols)) == len(symbols)


def test_alignment_finds_the_boundaries_and_skips_absent_silence():
    sure = np.full((8, 3), -5.0)
    for row, spoken in enumerate([0, 1, 1, 2, 2, 2, 0, 0]):
        sure[row, spoken] = -0.1
    np.testing.assert_array_equal(align(sure, [1, 0, 2]), [[1, 3], [3, 3], [3, 6]])


def test_alignment_keeps_silence_that_is_there():
    sure = np.full((7, 3), -5.0)
    for row, spoken in enumerate([1, 1, 0, 0, 2, 2, 2]):
        sure[row, spoken] = -0.1
    np.testing.assert_array_equal(align(sure, [1, 0, 2]), [[0, 2], [2, 4], [4, 7]])


def test_more_phonemes_than_rows_are_refused():
    with pytest.raises(ValueError, match=r"3 phonemes do not fit in 2 rows"):
        align(np.zeros((2, 3)), [1, 2, 1])


def test_symbols_of_words_become_classes():
    assert [CLASSES[c][0] for c in symbol_classes("bˈɪn, blˈuː")] == ["b", "ɪ", "n", "", "b", "l", "u"]


def test_a_voice_that_was_not_learnt_is_understood():
    """Many rows of a held-out synthetic voice have the right class; chance is 1 of 41."""
    pytest.importorskip("espeakng_loader", reason="the extra [synthetic] is not installed")
    from beavervision.synthetic.speech import speak

    spoken = speak("The captain of the ship bought four maps of the moon.", voice="en-us+robert")
    samples = soxr.resample(spoken.samples, spoken.rate, SAMPLE_RATE)
    named = phoneme_log_probabilities(at_level(samples, -23.0)).argmax(1)
    truth = phoneme_rows(spoken.phonemes, len(named))
    assert (named == truth)[truth != SILENCE].mean() > 0.3
