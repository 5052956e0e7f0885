import numpy as np
import pytest

from beavervision.audio.vad import detect_voice_activity, frames_with_speech
from beavervision.audio.waveform import load_waveform
from beavervision.synthetic import actor_truth, actor_video, speech_audio, speech_truth

FPS = 25


def spoken(truth, n_frames):
    """Frames in which most of the time some phoneme is spoken, at eight instants a frame."""
    instants = (np.arange(8 * n_frames) + 0.5) / (8 * FPS)
    said = np.zeros(len(instants), bool)
    for phoneme in truth.phonemes:
        if phoneme.symbol:
            said |= (instants >= phoneme.start) & (instants < phoneme.end)
    return said.reshape(n_frames, 8).mean(1) > 0.5


def agreement(found, true):
    """F1 of frames."""
    return 2 * (found & true).sum() / (found.sum() + true.sum())


@pytest.fixture(scope="module", params=["speech", "actor"])
def talk(request):
    """Samples, and whether something is spoken in each frame."""
    sound, truth = {"speech": (speech_audio, speech_truth), "actor": (actor_video, actor_truth)}[request.param]
    return load_waveform(sound()).samples, spoken(truth(), len(truth().mouth_open))


@pytest.mark.parametrize(("noise_db", "least"), [(None, 0.95), (30, 0.95), (20, 0.95), (10, 0.9)])
def test_speech_is_found_where_phonemes_truly_are(talk, rng, noise_db, least):
    samples, true = talk
    if noise_db is not None:
        power = np.mean(samples[np.abs(samples) > 1e-3] ** 2) / 10 ** (noise_db / 10)
        samples = samples + rng.normal(0, np.sqrt(power), len(samples)).astype(np.float32)
    found = detect_voice_activity(samples)
    assert agreement(found.frames(len(true), FPS), true) >= least
    if noise_db is not None:
        assert found.snr_db == pytest.approx(noise_db, abs=1.5)


def seconds(n):
    return np.arange(16_000 * n) / 16_000


def rocking_noise(rng):
    return 0.05 * rng.normal(size=96_000) * (1 + 0.9 * np.sin(2 * np.pi * 0.7 * seconds(6)))


@pytest.mark.parametrize(
    "sound",
    [
        lambda rng: np.zeros(96_000),
        lambda rng: 0.05 * rng.normal(size=96_000),
        rocking_noise,
        lambda rng: 0.1 * np.sin(2 * np.pi * 100 * seconds(6)) + 0.003 * rng.normal(size=96_000),
        lambda rng: 0.5 * (np.arange(96_000) % 16_000 < 40) + 0.001 * rng.normal(size=96_000),
        lambda rng: np.zeros(0),
    ],
    ids=["silence", "noise", "rocking noise", "mains hum", "clicks", "nothing"],
)
def test_what_is_no_speech_is_not_taken_for_it(rng, sound):
    found = detect_voice_activity(sound(rng).astype(np.float32))
    assert not found.speech.any()
    assert found.snr_db is None


def test_a_louder_recording_gives_the_same_speech(talk):
    samples, _ = talk
    np.testing.assert_array_equal(detect_voice_activity(samples).speech, detect_voice_activity(4 * samples).speech)


def test_rows_are_shared_out_to_frames():
    # 20 frames a second: 2.5 rows a frame, so row 2 counts half in frame 0 and half in frame 1
    rows = np.array([1.0, 0.0, 1.0, 0.0, 0.0])
    np.testing.assert_allclose(frames_with_speech(rows, 3, 20.0), [1.5 / 2.5, 0.5 / 2.5, 0.0])


def test_a_video_longer_than_its_sound_ends_in_silence(talk):
    samples, true = talk
    frames = detect_voice_activity(samples).frames(len(true) + 50, FPS)
    assert len(frames) == len(true) + 50
    assert not frames[-49:].any()
