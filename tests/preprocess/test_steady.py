import numpy as np
from faces import landmarks

from beavervision.face.landmarks import EYES, LIPS
from beavervision.preprocess.landmark_smoothing import SMOOTHED_LANDMARKS, smooth_outline


def trembling(n, seed=0):
    rng = np.random.default_rng(seed)
    return np.stack([landmarks()] * n) + rng.normal(size=(n, 478, 3)).astype(np.float32)


def test_the_outline_trembles_less_and_lips_and_lids_are_untouched():
    noisy = trembling(50)
    calm = smooth_outline(noisy, np.ones(50, bool))
    assert (
        np.diff(calm[:, SMOOTHED_LANDMARKS], 2, axis=0).std()
        < 0.6 * np.diff(noisy[:, SMOOTHED_LANDMARKS], 2, axis=0).std()
    )
    sharp = np.concatenate([EYES.ravel(), LIPS])
    assert np.array_equal(calm[:, sharp], noisy[:, sharp])


def test_even_motion_and_acceleration_pass_unchanged():
    t = np.arange(20, dtype=np.float32)[:, None, None]
    moving = landmarks()[None] + 3 * t + 0.2 * t**2
    assert np.allclose(smooth_outline(moving, np.ones(20, bool)), moving, atol=1e-2)


def test_nothing_leaks_across_a_gap():
    clip = trembling(20)
    visible = np.ones(20, bool)
    visible[9:11] = False
    clip[9:11] = np.nan
    jump = clip.copy()
    jump[11:] += 500
    assert np.array_equal(smooth_outline(clip, visible)[:9], smooth_outline(jump, visible)[:9])
    assert np.isnan(smooth_outline(clip, visible)[9:11]).all()


def test_runs_too_short_to_smooth_are_left():
    clip = trembling(4)
    assert np.array_equal(smooth_outline(clip, np.ones(4, bool)), clip)
