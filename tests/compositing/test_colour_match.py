import numpy as np
import pytest

from beavervision.compositing.colour_match import match_colours

HEIGHT, WIDTH, REACH = 120, 160, 10.0


def picture() -> np.ndarray:
    """A smooth picture with room to either side."""
    x, y = np.meshgrid(np.arange(WIDTH), np.arange(HEIGHT))
    return np.stack([60 + x // 2, 80 + y // 2, 100 + 0 * x], -1).astype(np.uint8)


def frame_ring(width: int = 6) -> np.ndarray:
    """A ring 20 px inside the border."""
    ring = np.zeros((HEIGHT, WIDTH))
    ring[20:-20, 20:-20] = 1
    ring[20 + width : -20 - width, 20 + width : -20 - width] = 0
    return ring


@pytest.mark.parametrize("shift", [(8, -5, 3), (-20, 0, 20)])
def test_one_light_for_all_is_undone_on_the_ring(shift):
    source, ring = picture(), frame_ring()
    render = (source.astype(int) + shift).astype(np.uint8)
    found = match_colours(render, source, ring, REACH)
    assert np.abs(found.astype(int) - source)[ring > 0].max() <= 1


def test_far_from_the_ring_nothing_changes():
    source, ring = picture(), frame_ring()
    render = (source.astype(int) + 12).astype(np.uint8)
    found = match_colours(render, source, ring, REACH)
    middle = (slice(58, 62), slice(60, 100))  # four reaches from the nearest ring
    assert np.abs(found[middle].astype(int) - render[middle]).max() <= 1
    assert found.shape == render.shape


def test_the_shift_follows_the_difference_along_the_ring():
    """Ten levels too dark on the left, ten too bright on the right."""
    source, ring = picture(), frame_ring()
    slope = np.linspace(-10, 10, WIDTH)[None, :, None]
    render = np.round(source + slope).astype(np.uint8)
    found = match_colours(render, source, ring, REACH).astype(int) - source
    assert np.abs(found[ring > 0]).mean() < 1
    assert np.abs((render.astype(int) - source)[ring > 0]).mean() > 4


def test_it_never_overshoots():
    """Between nothing and the whole difference everywhere: no bright or dark seam beside the ring."""
    source = np.full((HEIGHT, WIDTH, 3), 120, np.uint8)
    found = match_colours(source + 10, source, frame_ring(), REACH).astype(int)
    assert found.min() >= 119
    assert found.max() <= 130


def test_other_things_do_not_smear():
    """The upper half of the picture shows something else altogether; the lower half is in another light."""
    source = np.full((HEIGHT, WIDTH, 3), 20, np.uint8)
    render = source + 8
    render[: HEIGHT // 2] = 220
    ring = frame_ring()
    found = match_colours(render, source, ring, REACH)
    assert np.abs(found[70:].astype(int) - source[70:])[ring[70:] > 0].max() <= 1
    far = found[: HEIGHT // 2 - round(3 * REACH)]
    assert (far == 220).all()


def test_nothing_in_common_changes_nothing():
    source = np.full((HEIGHT, WIDTH, 3), 20, np.uint8)
    found = match_colours(source + 200, source, frame_ring(), REACH)
    assert (found == 220).all()


def test_without_a_ring_nothing_changes():
    render = picture()
    assert match_colours(render, 255 - render, np.zeros((HEIGHT, WIDTH)), REACH) is render
