import numpy as np
import pytest

from beavervision.preprocess.colour_signature import LENGTH, colour_distance, colour_signature, typical_signature

BOX = np.array([100.0, 100.0, 180.0, 200.0])


def picture(skin=(200, 150, 120), hair=(60, 40, 30), clothes=(40, 60, 140)):
    """A face of 80 x 100 px with hair above and clothes below."""
    rgb = np.full((360, 320, 3), 128, np.uint8)
    rgb[40:115] = hair
    rgb[115:200, 90:190] = skin
    rgb[225:] = clothes
    return rgb


def regions(p):
    return p.reshape(3, 3, -1)


def test_every_histogram_sums_to_one():
    assert regions(colour_signature(picture(), BOX)).sum(-1) == pytest.approx(np.ones((3, 3)), abs=1e-5)


def test_the_same_colours_are_alike_at_every_size():
    small = colour_signature(picture(), BOX)
    large = colour_signature(np.repeat(np.repeat(picture(), 3, 0), 3, 1), 3 * BOX)
    assert colour_distance(small, large) < 0.06


@pytest.mark.parametrize("part", ["skin", "hair", "clothes"])
def test_another_colour_of_one_region_is_seen(part):
    same, other = colour_signature(picture(), BOX), colour_signature(picture(**{part: (20, 160, 60)}), BOX)
    assert colour_distance(same, same) == pytest.approx(0, abs=1e-3)
    assert colour_distance(same, other) > 0.2


def test_what_is_out_of_the_frame_does_not_count():
    whole, cropped = colour_signature(picture(), BOX), colour_signature(picture()[:215], BOX)
    assert not regions(cropped)[2].any()
    assert colour_distance(whole, cropped) < 0.02
    assert colour_distance(colour_signature(picture(clothes=(20, 160, 60)), BOX), cropped) < 0.02


def test_nothing_in_common_is_unknown():
    assert np.isnan(colour_distance(colour_signature(picture(), BOX), np.zeros(LENGTH)))


def test_typical_ignores_frames_without_a_portrait():
    seen = colour_signature(picture(), BOX)
    assert typical_signature(np.stack([np.zeros(LENGTH), seen, np.zeros(LENGTH)])) == pytest.approx(seen)
