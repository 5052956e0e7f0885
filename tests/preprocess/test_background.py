import numpy as np
import pytest

from beavervision.preprocess.background import paint_background
from beavervision.preprocess.samples import FrameSamples

HEIGHT, WIDTH = 96, 128


def scene():
    """A smooth picture without a person."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    return np.stack([40 + x, 200 - y, 100 + (x + y) // 4], -1).astype(np.uint8)


def film(tmp_path, places, picture=None, shift=0):
    """Samples of a bright square (the person) at `places` over the scene, and its masks at half size."""
    samples, masks = FrameSamples(tmp_path, len(places), WIDTH, HEIGHT), []
    rng = np.random.default_rng(0)
    for i, x in enumerate(places):
        frame = np.roll(scene() if picture is None else picture, shift * i, axis=1)
        frame = np.clip(frame + rng.integers(-3, 4, frame.shape), 0, 255).astype(np.uint8)
        frame[30:70, x : x + 30] = 255
        mask = np.zeros((HEIGHT, WIDTH), bool)
        mask[30:70, x : x + 30] = True
        samples.offer(i, frame)
        masks.append(mask[::2, ::2])
    return samples, masks


def test_what_was_seen_in_some_frame_is_painted_as_it_is(tmp_path):
    found = paint_background(*film(tmp_path, [5, 20, 45, 70, 90, 95, 10, 60]))
    assert np.abs(found.plate.astype(int) - scene()).max() <= 3
    assert found.seen == 1.0
    assert not found.moving


def test_what_nobody_saw_is_filled_from_around(tmp_path):
    found = paint_background(*film(tmp_path, [50] * 8))
    assert 0.7 < found.seen < 0.95
    hole = found.plate[34:66, 54:76].astype(int)
    # the person's 255 must not bleed in: the scene has no channel above 200
    assert hole.max() <= 205
    assert np.abs(hole - scene()[34:66, 54:76]).mean() < 15


def test_a_camera_that_pans_is_noticed(tmp_path):
    chequers = (np.indices((HEIGHT, WIDTH)).sum(0) // 16 % 2 * 160 + 40).astype(np.uint8)
    found = paint_background(*film(tmp_path, [50] * 8, np.repeat(chequers[..., None], 3, -1), shift=9))
    assert found.moving


def test_samples_are_evenly_spread_and_come_back_as_they_were(tmp_path):
    samples = FrameSamples(tmp_path, 1000, 8, 6)
    assert samples.indices[0] == 0
    assert samples.indices[-1] == 999
    assert np.ptp(np.diff(samples.indices)) <= 1
    for i in range(1000):
        samples.offer(i, np.full((6, 8, 3), i % 251, np.uint8))
    assert all((frame == index % 251).all() for index, frame in samples)
    assert samples.band(slice(2, 4)).shape == (len(samples.indices), 2, 8, 3)
    samples.discard()
    assert not samples.path.exists()


@pytest.mark.parametrize("size", [(1280, 720), (3840, 2160)])
def test_samples_stay_within_their_budget(tmp_path, size):
    samples = FrameSamples(tmp_path, 10_000, *size)
    assert 8 <= len(samples.indices) <= 32
    assert len(samples.indices) * 3 * size[0] * size[1] <= max(256 << 20, 8 * 3 * size[0] * size[1])
    samples.discard()
