import numpy as np

from beavervision.preprocess.background_fill import fill_unseen

WIDTH, HEIGHT = 120, 160


def oval() -> np.ndarray:
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    return ((columns - 60) / 30) ** 2 + ((rows - 80) / 50) ** 2 < 1


def steps_at_outline(picture: np.ndarray, holes: np.ndarray) -> tuple[float, float]:
    """Mean step between neighbouring columns across the holes' outline, and in the picture outside."""
    step = np.abs(np.diff(picture.astype(float).mean(-1), axis=1))
    across = holes[:, 1:] != holes[:, :-1]
    outside = ~holes[:, 1:] & ~holes[:, :-1]
    return float(step[across].mean()), float(step[outside].mean())


def test_the_outline_of_the_hole_does_not_show():
    """A curtain: the folds go on inside, where a smooth fill would leave a contour."""
    rng = np.random.default_rng(0)
    columns = np.arange(WIDTH)
    folds = 128 + 60 * np.sin(columns / 3) + rng.normal(0, 6, (HEIGHT, WIDTH))
    plate = np.repeat(np.clip(folds, 0, 255).astype(np.uint8)[..., None], 3, 2)
    holes = oval()
    broken = plate.copy()
    broken[holes] = 255  # what is in the holes has no meaning
    filled = fill_unseen(broken, holes)
    np.testing.assert_array_equal(filled[~holes], plate[~holes])
    across, outside = steps_at_outline(filled, holes)
    assert across < 1.3 * outside
    shut = fill_unseen(plate, holes)
    np.testing.assert_array_equal(filled, shut)


def test_deep_inside_the_fill_is_smooth():
    rng = np.random.default_rng(0)
    plate = rng.integers(90, 150, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    filled = fill_unseen(plate, oval())
    middle, outside = filled[75:85, 55:65].astype(float), plate[:40].astype(float)
    assert middle.std() < 0.3 * outside.std()
    assert abs(middle.mean() - outside.mean()) < 12


def test_nothing_to_fill_and_nothing_to_fill_from():
    plate = np.full((20, 20, 3), 7, np.uint8)
    np.testing.assert_array_equal(fill_unseen(plate, np.zeros((20, 20), bool)), plate)
    np.testing.assert_array_equal(fill_unseen(plate, np.ones((20, 20), bool)), plate)
