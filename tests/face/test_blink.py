import numpy as np
import pytest

from beavervision.face.blink import (
    CLOSING_S,
    OPENING_S,
    SHUT_S,
    blink_closure,
    blink_flags,
    blink_rhythm,
    natural_blinks,
)


def test_flags_mark_the_middle_of_each_run():
    aperture = np.full((20, 2), 0.3)
    aperture[4:7] = 0.1  # middle 5
    aperture[12:16] = 0.2  # 0.2 < 0.85 * 0.3; four frames, the earlier middle 13
    aperture[18] = 0.26  # 0.26 > 0.255: no blink
    assert np.flatnonzero(blink_flags(aperture)).tolist() == [5, 13]


def test_frames_without_a_face_do_not_blink():
    aperture = np.full((10, 2), 0.3)
    aperture[3:5] = np.nan
    aperture[7] = 0.05
    assert np.flatnonzero(blink_flags(aperture)).tolist() == [7]
    assert not blink_flags(np.full((4, 2), np.nan)).any()


def test_closure_shuts_fast_holds_and_opens_slowly():
    shut = CLOSING_S, CLOSING_S + SHUT_S
    np.testing.assert_allclose(blink_closure(np.array([0.0, *shut, shut[1] + OPENING_S])), [0, 1, 1, 0], atol=1e-12)
    # Half way through a phase the lids are half way: sin^2(45 deg) = 0.5.
    np.testing.assert_allclose(blink_closure(np.array([CLOSING_S / 2, shut[1] + OPENING_S / 2])), [0.5, 0.5])
    np.testing.assert_allclose(blink_closure(np.array([-1.0, 5.0])), [0.0, 0.0], atol=1e-12)


@pytest.mark.parametrize("fps", [25.0, 30.0])
def test_natural_blinks_keep_their_rate(fps):
    closure = natural_blinks(int(fps * 600), fps, per_minute=17.0, seed=3)
    starts = np.flatnonzero((closure[1:] > 0.5) & (closure[:-1] <= 0.5))
    assert closure.min() >= 0
    assert closure.max() <= 1
    assert 0.8 < len(starts) / 170 < 1.2
    assert np.diff(starts).min() / fps >= 0.7
    assert np.diff(starts).std() / fps > 0.5  # not a metronome


def test_same_seed_same_blinks_whatever_the_length():
    np.testing.assert_array_equal(natural_blinks(100, seed=1), natural_blinks(400, seed=1)[:100])
    assert not np.array_equal(natural_blinks(400, seed=1), natural_blinks(400, seed=2))
    assert not natural_blinks(500, per_minute=0.0).any()


def test_the_rhythm_of_a_person_by_hand():
    # Blinks at 1, 3, 7 and 12 s: pauses of 2, 4 and 5 s, mean 11/3 s: 60 / (11/3) = 16.36 a minute
    eye_open = np.full((400, 2), 0.3)
    for second in (1, 3, 7, 12):
        eye_open[25 * second - 1 : 25 * second + 2] = 0.1
    rate, spread = blink_rhythm(eye_open, 25.0)
    assert rate == pytest.approx(16.364, abs=0.01)
    assert spread == pytest.approx(np.log([1.24, 3.24, 4.24]).std(), abs=1e-6)
    assert blink_rhythm(eye_open[:200], 25.0) is None
    assert blink_rhythm(np.full((100, 2), np.nan), 25.0) is None


def test_a_narrow_spread_blinks_evenly():
    def pauses(spread):
        shut = natural_blinks(25 * 600, 25.0, per_minute=15.0, seed=1, spread=spread) > 0.5
        return np.diff(np.flatnonzero(np.diff(shut.astype(int)) == 1)) / 25

    assert pauses(0.2).std() < 0.5 * pauses(0.8).std()
    assert pauses(0.2).mean() == pytest.approx(4.0, abs=0.3)
