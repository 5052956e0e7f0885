import numpy as np
import pytest

from beavervision.preprocess.shot_detection import (
    COLUMNS,
    ROWS,
    detect_shots,
    difference,
    shot_boundaries,
    shot_of,
    signature,
)


def scene(seed, n=40, motion=4):
    """Signatures of a shot: a fixed picture in which a patch moves."""
    rng = np.random.default_rng(seed)
    still = np.repeat(np.repeat(rng.integers(20, 236, (6, 8, 3)), 3, 0), 4, 1)
    frames = np.repeat(still[None], n, 0)
    for t in range(n):
        x = (motion * t // 4) % (COLUMNS - 6)
        frames[t, 6:12, x : x + 6] = rng.integers(100, 110, (6, 6, 3))
    return frames.astype(np.uint8)


def mixture(a, b, share):
    share = np.asarray(share)[:, None, None, None]
    return ((1 - share) * a + share * b).round().astype(np.uint8)


def test_signature_is_the_mean_colour_of_each_cell():
    rgb = np.zeros((ROWS * 10, COLUMNS * 10, 3), np.uint8)
    rgb[:10, :10] = 200
    rgb[-10:, -10:, 1] = 90
    small = signature(rgb)
    assert small.shape == (ROWS, COLUMNS, 3)
    assert small[0, 0].tolist() == [200, 200, 200]
    assert small[-1, -1].tolist() == [0, 90, 0]
    assert small.sum() == 690


@pytest.mark.parametrize("size", [(2160, 3840), (1920, 1080), (96, 96), (17, 400)])
def test_signatures_have_one_size(size):
    assert signature(np.zeros((*size, 3), np.uint8)).shape == (ROWS, COLUMNS, 3)


def test_difference_knows_no_brightness():
    frame = scene(0)[0].astype(float)
    assert difference(frame, (frame / 2 + 60).astype(np.uint8)) < 0.02
    assert difference(frame, 255 - frame) > 1.8
    assert 0.8 < difference(frame, scene(1)[0]) < 1.2


def test_two_black_frames_are_alike_and_black_is_unlike_a_picture():
    black = np.zeros((ROWS, COLUMNS, 3), np.uint8)
    assert difference(black, black) == 0
    assert difference(black, scene(0)[0]) > 0.5


def test_cuts_are_the_first_frames_of_new_shots():
    film = np.concatenate([scene(0), scene(1, 7), scene(0), scene(2)])
    assert shot_boundaries(film).tolist() == [40, 47, 87]
    assert shot_of(shot_boundaries(film), len(film))[[0, 39, 40, 46, 47, 126]].tolist() == [0, 0, 1, 1, 2, 3]


def test_cuts_do_not_depend_on_segments():
    # signatures of segments simply follow one another: a cut at the border is as good as any other
    film = np.concatenate([scene(0, 250), scene(1, 250)])
    assert shot_boundaries(film).tolist() == [250]
    assert shot_boundaries(scene(0, 500)).tolist() == []


@pytest.mark.parametrize(
    "flash", [lambda f: f * 0 + 255, lambda f: np.clip(f.astype(int) * 3, 0, 255), lambda f: f * 0]
)
@pytest.mark.parametrize("length", [1, 3])
def test_a_flash_is_no_cut(flash, length):
    film = scene(0)
    film[20 : 20 + length] = flash(film[20 : 20 + length])
    assert shot_boundaries(film).tolist() == []


def test_light_that_goes_out_is_no_cut():
    film = scene(0)
    film[20:] //= 3
    assert shot_boundaries(film).tolist() == []


@pytest.mark.parametrize("frames", [8, 12, 60])
def test_a_pan_however_fast_is_no_cut(frames):
    rng = np.random.default_rng(3)
    wide = np.repeat(rng.integers(20, 236, (ROWS, 20, 3)), 8, 1).astype(np.uint8)
    x = np.concatenate([np.zeros(20), np.linspace(0, 128, frames), np.full(20, 128)]).astype(int)
    assert shot_boundaries(np.stack([wide[:, k : k + COLUMNS] for k in x])).tolist() == []


@pytest.mark.parametrize("frames", [1, 5, 12, 25, 41])
def test_a_dissolve_is_a_cut_in_its_middle_and_its_frames_are_mixed(frames):
    share = np.arange(1, frames + 1) / (frames + 1)
    one, other = scene(0, 40 + frames, motion=0), scene(1, 40 + frames, motion=0)
    film = np.concatenate([one[:40], mixture(one[40:], other[:frames], share), other[frames:]])
    found = detect_shots(film)
    assert found.firsts.tolist() == [40 + frames // 2]
    assert np.flatnonzero(found.mixed).tolist() == list(range(40, 40 + frames))


def test_a_fade_through_black_parts_two_shots():
    one, other = scene(0), scene(1)
    down = np.linspace(0, 1, 14)[1:]
    film = np.concatenate(
        [one, mixture(one[:13], 0 * one[:13], down), mixture(0 * other[:13], other[:13], down), other]
    )
    found = detect_shots(film)
    assert 40 < found.firsts[0] < 54
    assert found.mixed[45:60].mean() > 0.7
    assert not found.mixed[:40].any()
    assert not found.mixed[66:].any()


def test_clips_of_a_frame_or_two_have_no_cuts():
    assert shot_boundaries(scene(0, 1)).tolist() == []
    assert shot_boundaries(scene(0, 2)).tolist() == []
