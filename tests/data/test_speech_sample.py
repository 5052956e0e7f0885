import numpy as np
import pytest

from beavervision.audio.speech_features import FeatureSettings
from beavervision.data.augmentation import Disturbance, Variety, nobody_speaks
from beavervision.data.recording import recording_of_clip
from beavervision.data.speech_sample import blinks
from beavervision.data.speech_sample import record as take_of

MEL = FeatureSettings()


def record(clip, frames, features, how=None):
    return take_of(recording_of_clip(clip), frames, features, how)


def test_blinks_are_marked_at_the_middle_of_their_run():
    # 75th percentile 1.0: below 0.85 are frames 2-4 and 8; NaN is no blink
    aperture = np.array([1, 1, 0.5, 0.1, 0.5, 1, 1, np.nan, 0.8, 1, 1, 1])
    assert blinks(np.stack([aperture, aperture], 1)).nonzero()[0].tolist() == [3, 8]


def test_no_eyes_no_blinks():
    assert not blinks(np.full((5, 2), np.nan)).any()


def test_a_range_hears_only_itself(speech_clip):
    def shout_outside(arrays):
        arrays["samples"][: 20 * 640] = 0.9
        arrays["samples"][60 * 640 :] = -0.9

    clean, loud = speech_clip("clean"), speech_clip("loud", change=shout_outside)
    takes = [record(clip, range(20, 60), MEL) for clip in (clean, loud)]
    np.testing.assert_array_equal(takes[0].content, takes[1].content)
    np.testing.assert_array_equal(takes[0].pitch, takes[1].pitch)


def test_disturbance_in_time_moves_sound_and_motion_alike(speech_clip):
    clip = speech_clip(hidden=range(0))
    plain = record(clip, range(0, 100), MEL)
    fast = record(clip, range(0, 100), MEL, how=Disturbance(speed=1.25, shift=0.5))
    assert fast.n_frames == pytest.approx(99.5 / 1.25, abs=1)
    place = 0.5 + 1.25 * np.arange(fast.n_frames)
    for found, before in (
        (fast.expression.mean(1), plain.expression.mean(1)),
        (fast.content.mean(1)[::2], plain.content.mean(1)[::2]),
    ):
        expected = np.interp(place, np.arange(100), before)
        assert np.corrcoef(found, expected)[0, 1] > 0.9


def test_a_gap_stays_a_gap_between_frames(speech_clip):
    clip = speech_clip(hidden=range(40, 48))
    shifted = record(clip, range(0, 100), MEL, how=Disturbance(shift=0.5))
    # frame t lies at t + 0.5: unknown when t or t + 1 is hidden
    assert np.flatnonzero(~shifted.valid[:99]).tolist() == list(range(39, 48))
    assert (shifted.expression[~shifted.valid] == 0).all()


def test_frames_between_frames_keep_a_short_closure(speech_clip):
    def one_closure(arrays):
        arrays["expression"][:] = 1.0
        arrays["expression"][50] = 0.0

    clip = speech_clip(hidden=range(0), change=one_closure)
    shifted = record(clip, range(0, 100), MEL, how=Disturbance(shift=0.25))
    # Catmull-Rom a quarter after the dip weighs it with 1 - 2.5 u^2 + 1.5 u^3 = .8672; linear would with .75
    assert shifted.expression[50, 0] == pytest.approx(1 - 0.8672, abs=1e-4)


def test_gain_and_noise_by_level(speech_clip):
    clip = speech_clip()
    plain = record(clip, range(0, 100), MEL)
    loud = record(clip, range(0, 100), MEL, how=Disturbance(gain_db=6.0))
    spoken = plain.content > -3
    np.testing.assert_allclose((loud.content - plain.content)[spoken], 0.3, atol=0.01)  # 6 dB = 0.3 decades
    noisy = record(clip, range(0, 100), MEL, how=Disturbance(noise_db=-10.0))
    assert noisy.content.min(0).mean() > plain.content.min(0).mean() + 0.5
    np.testing.assert_array_equal(noisy.expression, plain.expression)


def test_disturbances_stay_within_bounds_and_follow_the_seed():
    variety = Variety(takes=50, speed=0.1, gain_db=8.0, noise_db=-20.0)
    clean, *drawn = variety.draw(np.random.default_rng(3))
    assert clean == Disturbance()
    assert [clean, *drawn] == variety.draw(np.random.default_rng(3))
    assert all(1 / 1.1 <= d.speed <= 1.1 and 0 <= d.shift < 1 for d in drawn)
    assert all(abs(d.gain_db) <= 8 and -50 <= d.noise_db <= -20 for d in drawn)


def test_a_room_in_which_nobody_speaks_is_as_loud_as_it_says():
    drawn = [nobody_speaks(np.random.default_rng(i)) for i in range(20)]
    for how in drawn:
        noise = how.apply(np.ones(16000, np.float32), 25.0)
        assert noise.shape == (16000,)
        assert 10 * np.log10(np.square(noise).mean()) == pytest.approx(how.noise_db, abs=1e-3)
    assert {-65 <= how.noise_db <= -30 for how in drawn} == {True}


def test_a_part_of_a_take_keeps_sound_and_motion_together(speech_clip):
    take = record(speech_clip(), range(0, 100), MEL)
    part = take.part(range(30, 50))
    np.testing.assert_array_equal(part.content, take.content[60:100])
    np.testing.assert_array_equal(part.expression, take.expression[30:50])
    assert part.unjudged(5).valid.tolist() == [False] * 5 + take.valid[35:50].tolist()
