import numpy as np

from beavervision.audio.mfcc import mfcc


def tone():
    rng = np.random.default_rng(0)
    return 0.1 * np.sin(2 * np.pi * 300 * np.arange(2000) / 16000) + 0.01 * rng.standard_normal(2000)


def test_it_is_what_python_speech_features_computes():
    # python_speech_features 0.6, mfcc(round(32768 x).astype(int16), 16000), rows 0, 5 and the last, which is padded
    expected = [
        [17.8515, -16.4772, 13.0336, 5.0014, -5.3493, -17.4898, -21.3644],
        [17.7304, -14.9891, 13.9777, 0.9084, -4.0628, -16.5839, -29.1428],
        [17.9621, -15.8462, 12.8378, 3.1333, -4.4102, -16.3322, -22.9593],
    ]
    found = mfcc(np.round(tone() * 32768) / 32768)
    assert found.shape == (11, 13)
    np.testing.assert_allclose(found[[0, 5, -1], :7], expected, atol=2e-3)


def test_a_hundred_rows_a_second():
    assert len(mfcc(np.zeros(400))) == 1
    assert len(mfcc(np.zeros(401))) == 2
    assert np.isfinite(mfcc(np.zeros(3))).all()
