import cv2
import numpy as np
import pytest

from beavervision.preprocess.background import Background, paint_background
from beavervision.preprocess.frame_samples import FrameSamples, keep_sample, sample_indices

HEIGHT, WIDTH = 96, 128


def scene():
    """A smooth picture without a person."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    return np.stack([40 + x, 200 - y, 100 + (x + y) // 4], -1).astype(np.uint8)


def film(tmp_path, places, picture=None):
    """Samples of a bright square (the person) at `places` over the scene, and its masks at half size.

    `picture` gives the background of sample i.
    """
    masks, rng = [], np.random.default_rng(0)
    for i, x in enumerate(places):
        frame = scene() if picture is None else picture(i)
        frame = np.clip(frame + rng.integers(-3, 4, frame.shape), 0, 255).astype(np.uint8)
        frame[30:70, x : x + 30] = 255
        mask = np.zeros(frame.shape[:2], bool)
        mask[30:70, x : x + 30] = True
        keep_sample(tmp_path, i, frame)
        masks.append(mask[::2, ::2])
    return FrameSamples([tmp_path], tmp_path / "samples.raw"), masks


@pytest.fixture(scope="module")
def room():
    """A detailed background, larger than the frames that are cut out of it, and a function that cuts them."""
    grain = np.random.default_rng(3).normal(0, 1, (300, 400, 3))
    coarse = cv2.GaussianBlur(grain, (0, 0), 4) * 260 + cv2.GaussianBlur(grain, (0, 0), 1.5) * 60
    large = np.clip(120 + coarse, 0, 255).astype(np.float32)

    def seen(x=0.0, y=0.0, zoom=1.0):
        """The room through a camera that is turned by x, y px and zooms by a factor."""
        matrix = np.array([[1 / zoom, 0, 200 + x - 120 / zoom], [0, 1 / zoom, 150 + y - 80 / zoom]])
        return cv2.warpAffine(large, matrix, (240, 160), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)

    return seen


PLACES = [10, 40, 70, 100, 130, 160, 190, 60]
"""Of the person."""


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


SHAKE = np.random.default_rng(5).normal(0, 1.5, (8, 2))
MOVES = {
    "slow pan": lambda room, i: room(x=0.7 * i),
    "fast pan": lambda room, i: room(x=12.0 * i - 40),
    "tilt": lambda room, i: room(y=1.0 * i),
    "zoom": lambda room, i: room(zoom=1 + 0.004 * i),
    "hand-held": lambda room, i: room(*SHAKE[i]),
}


@pytest.mark.parametrize("move", MOVES.values(), ids=MOVES)
def test_a_camera_that_moves_is_noticed(tmp_path, room, move):
    found = paint_background(*film(tmp_path, PLACES, lambda i: move(room, i)))
    assert found.camera_moves
    assert found.moving


def test_travel_is_the_way_of_the_picture_by_hand(tmp_path, room):
    # Middle frame 4; ways 4 3 2 1 0 1 2 3 frames x 1.6 px of 160; their 80th percentile is at 3 frames.
    found = paint_background(*film(tmp_path, PLACES, lambda i: room(x=1.6 * i)))
    assert found.travel == pytest.approx(3 * 0.01, rel=0.08)
    assert found.known == 1.0


def walk(room, i):
    """A still camera; a box passes before the wall."""
    picture = room()
    picture[100:150, 10 + 25 * i : 40 + 25 * i] = (30, 160, 60)
    return picture


def lamp(room, i):
    """A still camera; a lamp goes from left to right."""
    return room() * (0.7 + 0.5 * np.exp(-(((np.arange(240) - 30 * i) / 90) ** 2)))[None, :, None]


STILL = {
    "nothing moves": lambda room, i: room(),
    "flicker": lambda room, i: room() * (0.85 + 0.3 * (i % 2)),
    "a lamp wanders": lamp,
    "something passes": walk,
}


@pytest.mark.parametrize("scene", STILL.values(), ids=STILL)
def test_light_and_passers_by_do_not_move_the_camera(tmp_path, room, scene):
    found = paint_background(*film(tmp_path, PLACES, lambda i: scene(room, i)))
    assert not found.camera_moves
    assert not found.moving


def test_a_background_that_changes_all_over_is_moving_though_the_camera_stands(tmp_path, room):
    rng = np.random.default_rng(8)

    def screen(i):
        picture = room()
        picture[:, 90:] = cv2.resize(rng.uniform(0, 255, (8, 8, 3)), (150, 160), interpolation=cv2.INTER_NEAREST)
        return picture

    found = paint_background(*film(tmp_path, PLACES, screen))
    assert found.changed > 0.3
    assert found.moving


def test_figures_come_back_as_they_were_saved(tmp_path, room):
    found = paint_background(*film(tmp_path, PLACES, lambda i: room(x=2.0 * i)))
    found.save(tmp_path)
    loaded = Background.load(tmp_path)
    assert (loaded.seen, loaded.changed, loaded.travel, loaded.known) == (
        found.seen, found.changed, found.travel, found.known,
    )  # fmt: skip
    assert not (tmp_path / "background.png").exists()


def test_samples_are_evenly_spread_and_come_back_as_they_were(tmp_path):
    indices = sample_indices(1000, 8, 6)
    assert (indices[0], indices[-1]) == (0, 999)
    assert np.ptp(np.diff(indices)) <= 1
    for i in indices:
        keep_sample(tmp_path, i, np.full((6, 8, 3), i % 251, np.uint8))
    samples = FrameSamples([tmp_path], tmp_path / "samples.raw")
    assert all((frame == index % 251).all() for index, frame in samples)
    assert samples.band(slice(2, 4)).shape == (len(indices), 2, 8, 3)


@pytest.mark.parametrize("size", [(1280, 720), (3840, 2160)])
def test_samples_stay_within_their_budget(size):
    indices = sample_indices(10_000, *size)
    assert 8 <= len(indices) <= 32
    assert len(indices) * 3 * size[0] * size[1] <= max(256 << 20, 8 * 3 * size[0] * size[1])
