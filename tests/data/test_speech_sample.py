import numpy as np
import pytest

from beavervision.audio.features import AudioFeatureExtractor
from beavervision.data.augmentation import AudioAugmentation, RandomAugmentation, silence_augmentation
from beavervision.data.recording import recording_from_clip
from beavervision.data.speech_sample import blink_flags
from beavervision.data.speech_sample import make_sample as take_of

MEL = AudioFeatureExtractor()


def make_sample(clip, frames, features, augmentation=None):
    return take_of(recording_from_clip(clip), frames, features, augmentation)


def test_blinks_are_marked_at_the_middle_of_their_run():
    # 75th percentile 1.0: below 0.85 are frames 2-4 and 8; NaN is no blink
    aperture = np.array([1, 1, 0.5, 0.1, 0.5, 1, 1, np.nan, 0.8, 1, 1, 1])
    assert blink_flags(np.stack([aperture, aperture], 1)).nonzero()[0].tolist() == [3, 8]


def test_no_eyes_no_blinks():
    assert not blink_flags(np.full((5, 2), np.nan)).any()


def test_a_range_hears_only_itself(speech_clip):
    def shout_outside(arrays):
        arrays["samples"][: 20 * 640] = 0.9
        arrays["samples"][60 * 640 :] = -0.9

    clean, loud = speech_clip("clean"), speech_clip("loud", change=shout_outside)
    augmented_copies = [make_sample(clip, range(20, 60), MEL) for clip in (clean, loud)]
    np.testing.assert_array_equal(augmented_copies[0].content, augmented_copies[1].content)
    np.testing.assert_array_equal(augmented_copies[0].pitch, augmented_copies[1].pitch)


def test_disturbance_in_time_moves_sound_and_motion_alike(speech_clip):
    clip = speech_clip(hidden=range(0))
    plain = make_sample(clip, range(0, 100), MEL)
    fast = make_sample(clip, range(0, 100), MEL, augmentation=AudioAugmentation(speed=1.25, shift=0.5))
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
    shifted = make_sample(clip, range(0, 100), MEL, augmentation=AudioAugmentation(shift=0.5))
    # frame t lies at t + 0.5: unknown when t or t + 1 is hidden
    assert np.flatnonzero(~shifted.valid[:99]).tolist() == list(range(39, 48))
    assert (shifted.expression[~shifted.valid] == 0).all()


def test_frames_between_frames_keep_a_short_closure(speech_clip):
    def one_closure(arrays):
        arrays["expression"][:] = 1.0
        arrays["expression"][50] = 0.0

    clip = speech_clip(hidden=range(0), change=one_closure)
    shifted = make_sample(clip, range(0, 100), MEL, augmentation=AudioAugmentation(shift=0.25))
    # Catmull-Rom a quarter after the dip weighs it with 1 - 2.5 u^2 + 1.5 u^3 = .8672; linear would with .75
    assert shifted.expression[50, 0] == pytest.approx(1 - 0.8672, abs=1e-4)


def test_gain_and_noise_by_level(speech_clip):
    clip = speech_clip()
    plain = make_sample(clip, range(0, 100), MEL)
    loud = make_sample(clip, range(0, 100), MEL, augmentation=AudioAugmentation(gain_db=6.0))
    spoken = plain.content > -3
    np.testing.assert_allclose((loud.content - plain.content)[spoken], 0.3, atol=0.01)  # 6 dB = 0.3 decades
    noisy = make_sample(clip, range(0, 100), MEL, augmentation=AudioAugmentation(noise_db=-10.0))
    assert noisy.content.min(0).mean() > plain.content.min(0).mean() + 0.5
    np.testing.assert_array_equal(noisy.expression, plain.expression)


def test_disturbances_stay_within_bounds_and_follow_the_seed():
    augmentation = RandomAugmentation(augmented_copies=50, speed=0.1, gain_db=8.0, noise_db=-20.0)
    clean, *drawn = augmentation.draw(np.random.default_rng(3))
    assert clean == AudioAugmentation()
    assert [clean, *drawn] == augmentation.draw(np.random.default_rng(3))
    assert all(1 / 1.1 <= d.speed <= 1.1 and 0 <= d.shift < 1 for d in drawn)
    assert all(abs(d.gain_db) <= 8 and -50 <= d.noise_db <= -20 for d in drawn)


def test_a_room_in_which_nobody_speaks_is_as_loud_as_it_says():
    drawn = [silence_augmentation(np.random.default_rng(i)) for i in range(20)]
    for augmentation in drawn:
        noise = augmentation.apply(np.ones(16000, np.float32), 25.0)
        assert noise.shape == (16000,)
        assert 10 * np.log10(np.square(noise).mean()) == pytest.approx(augmentation.noise_db, abs=1e-3)
    assert {-65 <= augmentation.noise_db <= -30 for augmentation in drawn} == {True}


def test_a_part_of_a_take_keeps_sound_and_motion_together(speech_clip):
    sample = make_sample(speech_clip(), range(0, 100), MEL)
    part = sample.part(range(30, 50))
    np.testing.assert_array_equal(part.content, sample.content[60:100])
    np.testing.assert_array_equal(part.expression, sample.expression[30:50])
    assert part.mask_first_frames(5).valid.tolist() == [False] * 5 + sample.valid[35:50].tolist()
