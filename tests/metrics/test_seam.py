import numpy as np
import pytest

from beavervision.metrics.seam import seam_gradients


def test_a_step_by_hand():
    source = np.full((40, 40, 3), 100, np.uint8)
    pasted = source.copy()
    pasted[:, 20:] = 120
    # Central differences: half of the step of 20 at the first pixel inside, nothing at the second.
    first, second = seam_gradients(pasted, source, width=1)
    assert (first, second) == (10.0, 0.0)
    assert seam_gradients(pasted, source, width=2)[0] == 5.0


def test_what_shows_no_border_has_the_gradient_of_its_source():
    ramp = np.repeat(np.arange(60, dtype=np.uint8)[None, :, None] * 3, 40, 0).repeat(3, 2)
    noisy = ramp.copy()
    noisy[10:30, 10:50] += 1  # a border of one pixel value
    first, second = seam_gradients(noisy, ramp, width=4)
    assert first == pytest.approx(second, abs=0.3)


def test_nothing_changed_and_what_does_not_count():
    source = np.full((40, 40, 3), 100, np.uint8)
    assert np.isnan(seam_gradients(source, source, width=3)).all()
    pasted = source.copy()
    pasted[:, 20:] = 120
    pasted[20:, 20:] = 250
    counted = np.zeros((40, 40), bool)
    counted[:18] = True
    assert seam_gradients(pasted, source, 1, counted) == (10.0, 0.0)
