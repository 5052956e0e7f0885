import numpy as np

from beavervision.face.openness import eye_open, mouth_open


def drawing():
    """Right eye 40 x 10, left eye 40 x 20 px, outer corners 100 apart, lips 25 apart."""
    points = np.zeros((478, 3))
    points[[33, 133], :2] = (0, 0), (40, 0)
    points[[159, 145], :2] = (20, -4), (20, 6)
    points[[263, 362], :2] = (100, 0), (60, 0)
    points[[386, 374], :2] = (80, -12), (80, 8)
    points[[13, 14], :2] = (50, 60), (50, 85)
    return points


def test_ratios_by_hand():
    np.testing.assert_allclose(eye_open(drawing()), [10 / 40, 20 / 40])
    np.testing.assert_allclose(mouth_open(drawing()), 25 / 100)


def test_depth_takes_no_part_and_missing_frames_stay_missing():
    frames = np.stack([drawing(), drawing(), np.full((478, 3), np.nan)])
    frames[1, :, 2] = np.arange(478)
    np.testing.assert_allclose(eye_open(frames)[:2], [[0.25, 0.5]] * 2)
    assert np.isnan(eye_open(frames)[2]).all()
    assert np.isnan(mouth_open(frames)[2])
    assert mouth_open(frames).shape == (3,)
