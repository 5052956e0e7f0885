"""A dubbed film and its footage: what lies outside the drawn face reaches the encoder byte for byte."""

import numpy as np
import pytest

from beavervision.artifacts.clip import Clip
from beavervision.inference.source_reader import SourceReader
from beavervision.synthetic.miniature import miniature_clip
from beavervision.video.planar_picture import PlanarPicture


@pytest.fixture(scope="module")
def clip(tmp_path_factory) -> Clip:
    return miniature_clip(tmp_path_factory.mktemp("planes") / "clip", n_frames=6, width=160, height=128)


def test_footage_is_read_as_it_is_stored(clip):
    order = np.array([0, 1, 2, 1, 0])
    stored = list(SourceReader(clip, clip.fps, stored=True, with_mattes=False).read(order))
    plain = list(SourceReader(clip, clip.fps).read(order))
    for one, other in zip(stored, plain, strict=True):
        assert isinstance(one.picture, PlanarPicture)
        np.testing.assert_array_equal(one.rgb, other.rgb)
        np.testing.assert_array_equal(one.labels[0], other.labels[0])
        assert one.mattes == (None,)
