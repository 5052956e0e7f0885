import numpy as np
import pytest
from scipy.signal import get_window

from beavervision.audio.windows import periodic_hann


@pytest.mark.parametrize("length", [2, 7, 400, 1024])
def test_it_is_scipys(length):
    np.testing.assert_allclose(periodic_hann(length), get_window("hann", length), atol=1e-15)
