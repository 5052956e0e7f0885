from dataclasses import replace

import numpy as np

from beavervision.preprocess.report.av_sync import lips_move, own_speech


def test_lips_move_where_they_open_within_half_a_second():
    mouth = np.full(100, 0.01)
    mouth[40] = 0.05
    # 25 frames about each: 12 before and 12 after
    np.testing.assert_array_equal(np.flatnonzero(lips_move(mouth, 25.0)), np.arange(28, 53))


def test_trembling_and_what_is_not_seen_are_no_movement():
    rng = np.random.default_rng(0)
    mouth = 0.2 + rng.uniform(0, 0.008, 100)
    assert not lips_move(mouth, 25.0).any()
    mouth[50:60] = np.nan
    mouth[70:] += 0.1
    moving = lips_move(mouth, 25.0)
    assert not moving[:58].any()
    assert moving[65:75].all()


def test_own_speech_is_heard_seen_and_moved(miniature):
    subject, n = miniature.subjects[0], miniature.n_frames
    heard, seen = np.arange(n) % 2 == 0, np.arange(n) < 20
    shown = replace(subject, visible=seen, mouth_open=np.linspace(0, 0.5, n))
    np.testing.assert_array_equal(own_speech(shown, heard, 25.0), heard & seen)
    still = replace(shown, mouth_open=np.zeros(n))
    assert not own_speech(still, heard, 25.0).any()
