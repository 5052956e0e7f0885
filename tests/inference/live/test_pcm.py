"""PCM of any form becomes mono samples, or is refused."""

import numpy as np
import pytest

from beavervision.errors import AudioError
from beavervision.inference.live.pcm import mono_samples


@pytest.mark.parametrize(
    ("pcm", "options", "wanted"),
    [
        (np.array([0, 16384, -32768], "<i2").tobytes(), {}, [0, 0.5, -1]),
        (np.array([0.5, -0.25], "<f4").tobytes(), {"form": "f32le"}, [0.5, -0.25]),
        (np.array([0.5, -0.5, 1, 0], "<f4").tobytes(), {"form": "f32le", "channels": 2}, [0, 0.5]),
        (np.array([[1.0, 0.0], [0.0, 0.0]]), {}, [0.5, 0]),
        (np.array([2.0, -3.0]), {}, [1, -1]),
        (np.array([[2**31 - 1], [-(2**31)]], np.int32), {}, [1, -1]),
        (b"", {}, []),
    ],
)
def test_forms(pcm, options, wanted):
    np.testing.assert_allclose(mono_samples(pcm, **options), wanted, atol=1e-6)


@pytest.mark.parametrize(
    ("pcm", "options"),
    [
        (b"abc", {}),
        (b"abcd", {"channels": 4}),
        (b"ab", {"form": "mp3"}),
        (b"ab", {"channels": 0}),
        (np.array([np.inf]), {}),
        (np.array(["a"]), {}),
    ],
)
def test_what_is_no_sound(pcm, options):
    with pytest.raises(AudioError):
        mono_samples(pcm, **options)
