import cv2
import numpy as np
import pytest

from beavervision.preprocess.face_visibility import sharpness

BOX = np.array([40.0, 40.0, 168.0, 168.0])


def pattern(cell=4):
    rng = np.random.default_rng(0)
    return np.repeat(
        np.repeat(rng.integers(40, 200, (208 // cell, 208 // cell, 1), np.uint8), cell, 0), cell, 1
    ).repeat(3, 2)


def test_blur_is_seen_in_proportion():
    sharp = sharpness(pattern(), BOX)
    mild, strong = (sharpness(cv2.GaussianBlur(pattern(), (0, 0), sigma), BOX) for sigma in (2.0, 6.0))
    assert strong < 0.5 * mild < 0.5 * sharp


def test_motion_blur_is_seen_though_one_direction_stays_sharp():
    moved = cv2.blur(pattern(), (25, 1))
    assert sharpness(moved, BOX) < 0.6 * sharpness(pattern(), BOX)


@pytest.mark.parametrize("gain", [0.3, 0.7])
def test_the_strength_of_the_light_does_not_count(gain):
    darker = (pattern() * gain).astype(np.uint8)
    assert sharpness(darker, BOX) == pytest.approx(sharpness(pattern(), BOX), rel=0.05)


def test_the_size_of_the_face_does_not_count():
    large = pattern().repeat(3, 0).repeat(3, 1)
    assert sharpness(large, 3 * BOX) == pytest.approx(sharpness(pattern(), BOX), rel=0.05)


def test_a_flat_face_has_no_sharpness():
    assert sharpness(np.full((208, 208, 3), 90, np.uint8), BOX) == 0.0
