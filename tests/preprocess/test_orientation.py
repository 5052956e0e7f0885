"""Footage that stands on its head or lies on its side without saying so."""

import numpy as np
import pytest
from altered_footage import actor_frames, write_film

from beavervision.errors import ConfigError
from beavervision.preprocess.footage_correction import correct_footage
from beavervision.preprocess.ingest import open_source
from beavervision.preprocess.options import PrepareOptions
from beavervision.preprocess.orientation import find_turn, turned
from beavervision.preprocess.step_cache import StepCache


@pytest.fixture(scope="module")
def frames():
    return actor_frames(0.8, fps=5)


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
def test_the_turn_that_makes_faces_upright_is_found(frames, turn):
    lying = [turned(frame, (360 - turn) % 360) for frame in frames]
    assert find_turn(lambda second: lying[int(second * 5)], 0.0, 0.8) == turn


def test_footage_without_a_face_is_not_turned():
    assert find_turn(lambda second: np.full((90, 160, 3), 120, np.uint8), 0.0, 1.0) == 0


@pytest.mark.slow
def test_a_face_that_comes_late_counts(frames):
    empty = np.full_like(frames[0], 90)
    late = turned(frames[0], 180)
    assert find_turn(lambda second: late if second > 15 else empty, 0.0, 30.0) == 180


def test_the_source_is_turned_and_keys_override(tmp_path, frames):
    path = write_film(tmp_path / "a.mp4", [turned(frame, 90) for frame in frames])
    for rotate, turn, size in (("auto", 270, (640, 360)), ("0", 0, (360, 640)), ("180", 180, (360, 640))):
        options = PrepareOptions("a", rotate=rotate, deinterlace="off")
        source = correct_footage(open_source(path, options), options, StepCache(tmp_path / "work"))
        assert source.correction.turn == turn
        assert (source.info.width, source.info.height) == size
        rgb = next(iter(source.frames(range(1)))).rgb
        assert (rgb.shape[1], rgb.shape[0]) == size


@pytest.mark.parametrize(
    ("given", "key"),
    [({"rotate": "45"}, "data.rotate=45"), ({"deinterlace": "yes"}, "data.deinterlace=yes"),
     ({"audio_track": "left"}, "data.audio_track=left"), ({"audio_track": "-1"}, "data.audio_track=-1")],
)  # fmt: skip
def test_other_words_are_an_error_that_names_the_key(given, key):
    with pytest.raises(ConfigError, match=key):
        PrepareOptions("a", **given)
