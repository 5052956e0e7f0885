import numpy as np
import pytest

from beavervision.audio.level import at_level, speech_level_db, spoken_level_of, window_powers
from beavervision.audio.streaming_level import StreamingLevel


def syllables(rng, seconds, level_db):
    """Noise that comes and goes four times a second, its loud half at a level."""
    time = np.arange(int(16000 * seconds)) / 16000
    envelope = np.where(np.sin(2 * np.pi * 4 * time) > 0, 1.0, 0.03)
    return (10 ** (level_db / 20) * envelope * rng.standard_normal(len(time))).astype(np.float32)


def run(level, samples, size=640):
    return np.concatenate([level(samples[i : i + size]) for i in range(0, len(samples), size)])


def test_a_known_level_gives_what_at_level_gives(rng):
    speech = syllables(rng, 1.0, -35)
    own = spoken_level_of(window_powers(speech))
    np.testing.assert_array_equal(run(StreamingLevel(-20.0, own), speech, 333), at_level(speech, -20.0))


@pytest.mark.parametrize("own", [-33.0, -12.0])
def test_it_comes_to_the_level_of_the_whole(rng, own):
    found = run(StreamingLevel(-20.0), syllables(rng, 20.0, own))
    assert speech_level_db(found[-5 * 16000 :]) == pytest.approx(-20, abs=1.0)


def test_the_gain_glides(rng):
    speech = syllables(rng, 4.0, -38)
    level = StreamingLevel(-20.0)
    gains = np.concatenate([level(np.full(640, 1.0, np.float32) * 0 + part) / part for part in np.split(speech, 100)])
    steps = np.abs(np.diff(20 * np.log10(gains)))
    assert steps.max() < 0.1  # dB from a sample to the next


@pytest.mark.parametrize("noise_db", [-50.0, -40.0, -25.0])
def test_steady_noise_is_left_as_it_is(rng, noise_db):
    noise = (10 ** (noise_db / 20) * rng.standard_normal(48000)).astype(np.float32)
    np.testing.assert_array_equal(run(StreamingLevel(-20.0), noise), noise)
