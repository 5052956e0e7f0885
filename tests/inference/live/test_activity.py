"""Speech is told from silence and steady noise while it arrives."""

import numpy as np

from beavervision.inference.live.activity import StreamingActivity

FRAME = 640


def noise(level, frames, seed=0):
    return level * np.random.default_rng(seed).standard_normal((frames, FRAME))


def test_silence_is_no_speech_and_speech_is_followed_by_a_hangover():
    activity = StreamingActivity(25)
    found = [activity(frame) for frame in [*np.zeros((20, FRAME)), *noise(0.1, 20), *np.zeros((40, FRAME))]]
    assert not any(found[:20])
    assert all(found[20:49])
    assert not any(found[50:])


def test_a_steady_noise_becomes_the_floor_and_a_voice_is_above_it():
    activity = StreamingActivity(25)
    found = [activity(frame) for frame in [*noise(0.01, 150), *noise(0.05, 25, 1)]]
    assert not any(found[60:150])
    assert all(found[151:])


def test_the_floor_forgets_and_memory_is_flat():
    activity = StreamingActivity(25)
    for frame in noise(0.001, 600):
        activity(frame)
    assert len(activity._levels) == len(activity._ordered) == 200
    assert activity._ordered == sorted(activity._levels)
