import numpy as np
import pytest

from beavervision.audio.features import AudioFeatureExtractor, n_frames
from beavervision.audio.mel import log_mel
from beavervision.errors import BeaverError


@pytest.mark.parametrize(
    ("samples", "fps", "frames"),
    [(640, 25.0, 1), (641, 25.0, 2), (16000, 25.0, 25), (16000, 30.0, 30), (16001, 30.0, 31)],
)
def test_frames_that_cover_the_sound(samples, fps, frames):
    assert n_frames(samples, fps) == frames


def test_at_25_fps_rows_are_the_features_themselves(rng):
    samples = rng.standard_normal(7000).astype(np.float32)
    found = AudioFeatureExtractor().extract(samples, 25.0)
    assert found.n_frames == 11
    np.testing.assert_array_equal(found.content, log_mel(samples))
    assert found.pitch.shape == (22,)


def test_at_another_rate_rows_lie_at_the_frames_times():
    samples = np.zeros(32000, np.float32)
    samples[16000] = 1.0  # a click after 1 s
    for fps in (24.0, 30.0, 50.0):
        found = AudioFeatureExtractor().extract(samples, fps)
        assert found.n_frames == 2 * fps
        peak = found.content.sum(axis=1).argmax() / (2 * fps)
        assert abs(peak - 1.0) <= 0.5 / fps


def test_unknown_kinds_are_refused():
    with pytest.raises(BeaverError, match="take speech, mel, hubert or whisper"):
        AudioFeatureExtractor("mfcc").extract(np.zeros(640, np.float32), 25.0)
    with pytest.raises(BeaverError, match="checkpoint"):
        AudioFeatureExtractor("hubert").extract(np.zeros(640, np.float32), 25.0)
