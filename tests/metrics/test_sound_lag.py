import numpy as np
import pytest

from beavervision.audio.waveform import load_waveform
from beavervision.metrics.sound_lag import Lag, sound_lag
from beavervision.synthetic import actor_truth, actor_video

FPS = 25.0


@pytest.fixture(scope="module")
def talk():
    return actor_truth().mouth_open.astype(float), load_waveform(actor_video()).samples


def test_sound_that_is_shifted_is_found_as_late_as_it_was_shifted(talk):
    mouth, sound = talk
    own = sound_lag(mouth, sound, FPS)
    assert own.certain
    assert not own.remarkable
    for frames in (-5, 4, 6):
        shifted = sound_lag(mouth, np.roll(sound, 640 * frames), FPS)
        assert shifted.certain
        assert shifted.frames == pytest.approx(own.frames + frames, abs=1)


def test_sound_that_is_far_out_of_step_is_remarkable(talk):
    mouth, sound = talk
    assert sound_lag(mouth, np.roll(sound, 640 * 7), FPS).remarkable


@pytest.mark.parametrize("other", ["backwards", "silence", "noise"])
def test_nothing_is_certain_where_sound_and_mouth_have_nothing_to_do_with_each_other(talk, other):
    mouth, sound = talk
    noise = np.random.default_rng(1).normal(0, 0.1, len(sound)).astype(np.float32)
    unrelated = {"backwards": sound[::-1], "silence": np.zeros_like(sound), "noise": noise}[other]
    assert not sound_lag(mouth, unrelated, FPS).certain


def test_gaps_in_what_is_seen_do_not_move_the_answer(talk):
    mouth, sound = talk
    whole = sound_lag(mouth, sound, FPS)
    holes = mouth.copy()
    holes[100:160] = holes[400:430] = np.nan
    found = sound_lag(holes, sound, FPS)
    assert found.certain
    assert abs(found.frames - whole.frames) <= 1


def test_too_little_to_tell_says_nothing(talk):
    mouth, sound = talk
    assert sound_lag(mouth[:120], sound[: 120 * 640], FPS) is None
    assert sound_lag(np.full_like(mouth, np.nan), sound, FPS) is None


def test_only_what_is_certain_and_beyond_what_anybody_sees_is_remarkable():
    assert not Lag(3, 0.1, certain=False).remarkable
    assert not Lag(-2, 0.6, certain=True).remarkable
    assert Lag(-3, 0.6, certain=True).remarkable
