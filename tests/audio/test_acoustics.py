from dataclasses import replace

import numpy as np
import pytest

from beavervision.audio.acoustics import (
    Acoustics,
    add_breath,
    apply_filter,
    apply_reverb,
    mu_law,
    noise_like,
    random_acoustics,
)
from beavervision.audio.level import speech_level_db

TIME = np.arange(16000) / 16000


def tone(hertz):
    return np.sin(2 * np.pi * hertz * TIME)


def level(sound):
    return 10 * np.log10(np.square(sound).mean())


def test_nothing_changes_nothing():
    sound = tone(300).astype(np.float32)
    np.testing.assert_array_equal(Acoustics().heard(sound), sound)


def test_a_filter_scales_a_tone_by_its_gain_there():
    halved = apply_filter(tone(400), lambda hertz: np.where(hertz < 1000, 0.5, 1.0))
    assert level(halved[2000:-2000]) - level(tone(400)[2000:-2000]) == pytest.approx(-6.02, abs=0.1)


def test_a_line_lets_through_what_lies_between():
    line = Acoustics(low_hz=300, high_hz=3400)
    change = [level(line.heard(tone(hertz))[2000:-2000]) - level(tone(hertz)) for hertz in (75, 1000, 6800)]
    # gains 1/(1 + 4^4) = -48.2 dB, about 1, 1/(1 + 2^8) = -48.2 dB
    assert change == pytest.approx([-48.2, 0.0, -48.2], abs=0.3)


def test_an_equaliser_tilts():
    bright = Acoustics(equaliser_db=(-12.0, 12.0))
    low, high = (level(bright.heard(tone(hertz))[2000:-2000]) for hertz in (120, 4000))
    # 5.06 octaves apart of 7.06 between 60 Hz and 8 kHz, 24 dB in all
    assert high - low == pytest.approx(24 * np.log2(4000 / 120) / np.log2(8000 / 60), abs=0.3)


def test_noise_has_its_level_over_the_speech():
    speech = tone(200)
    noise = noise_like(speech, -20.0, -6.0, np.random.default_rng(1))
    assert level(noise) == pytest.approx(speech_level_db(speech) - 20, abs=1e-6)
    low, high = (np.abs(np.fft.rfft(noise))[a:b].mean() for a, b in ((200, 400), (2000, 4000)))
    assert 20 * np.log10(high / low) == pytest.approx(-6 * np.log2(10), abs=2)
    assert not noise_like(np.zeros(100), -20.0, 0.0, np.random.default_rng(1)).any()


def test_a_room_answers_after_the_direct_sound_and_falls_by_60_db():
    click = np.zeros(16000)
    click[1000] = 1.0
    heard = apply_reverb(click, 0.5, 6.0, np.random.default_rng(2))
    assert np.abs(heard[:1000]).max() < 1e-12
    assert heard[1000] == pytest.approx(1.0)
    answer = heard[1001:]
    assert 10 * np.log10(1 / np.square(answer).sum()) == pytest.approx(6.0, abs=0.01)
    # half way, after 0.25 s, energy has fallen by 30 dB
    early, late = level(answer[:400]), level(answer[4000:4400])
    assert early - late == pytest.approx(30.0, abs=1.5)


def test_eight_bits_keep_speech_to_within_their_steps():
    sound = 0.3 * tone(300)
    coarse = mu_law(sound)
    assert len(np.unique(coarse)) <= 255
    assert level(sound) - level(coarse - sound) == pytest.approx(37, abs=3)  # G.711 gives 36 to 38 dB


def test_same_seed_same_sound_in_step():
    rng = np.random.default_rng(5)
    click = np.zeros(8000, np.float32)
    click[3000] = 0.5
    for _ in range(20):
        place = random_acoustics(rng)
        heard = place.heard(click)
        np.testing.assert_array_equal(heard, place.heard(click))
        assert heard.shape == click.shape
        assert heard.dtype == np.float32
        assert np.isfinite(heard).all()
        assert np.abs(replace(place, noise_db=-np.inf, voiced_hz=8000.0).heard(click)).argmax() == pytest.approx(
            3000, abs=2
        )


def test_breath_takes_harmonics_away_and_leaves_the_spectrum():
    buzz = sum(np.cos(2 * np.pi * 150 * k * TIME) for k in range(1, 40))  # harmonics of 150 Hz up to 5.85 kHz
    spectrum = np.abs(np.fft.rfft(buzz)), np.abs(np.fft.rfft(add_breath(buzz, 2000.0, np.random.default_rng(4))))
    voice, breath = ([s[first : first + 1500] for first in (150, 3000)] for s in spectrum)

    def on_harmonics(part):
        return np.square(part[::150]).sum() / np.square(part).sum()

    assert on_harmonics(voice[1]) > 0.99
    assert on_harmonics(breath[0]) > 0.9  # below 2 kHz
    assert on_harmonics(breath[1]) < 0.05
    assert 20 * np.log10(np.linalg.norm(breath[1]) / np.linalg.norm(voice[1])) == pytest.approx(0, abs=2)
