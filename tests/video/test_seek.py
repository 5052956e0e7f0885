"""A later start gives, bit for bit, the frames that reading from the beginning gives, whatever the file."""

from hashlib import sha256

import numpy as np
import pytest
from films import FILMS, Film, make

from beavervision.video.decode import read_frames
from beavervision.video.probe import probe
from beavervision.video.seek import frames_from

STARTS = (1, 13, 26, 30, 37, 48, 59, 66)


@pytest.fixture(scope="module", params=FILMS, ids=lambda film: film.name)
def film(request, tmp_path_factory):
    path = make(tmp_path_factory.mktemp("films"), request.param)
    stamp = (path.stat().st_mtime_ns, sha256(path.read_bytes()).hexdigest())
    yield path, request.param
    assert (path.stat().st_mtime_ns, sha256(path.read_bytes()).hexdigest()) == stamp  # only ever read


@pytest.fixture(scope="module")
def whole(film):
    return [frame.rgb for frame in read_frames(film[0], 25)]


def test_the_beginning_shows_each_picture_at_its_time(film, whole):
    path, made = film
    info = probe(path)
    begin = info.start if made.sound or made.begin == 0 else 0.0  # without sound, time zero is the first picture
    assert info.start == pytest.approx(made.begin - min(made.begin, made.sound[1]) if made.sound else 0.0, abs=0.03)
    times = np.array(made.times()) - made.begin + begin
    level = np.array([rgb.mean() for rgb in whole])
    # Picture i is two levels brighter than picture i - 1; where it is seen tells which one is shown.
    shown = np.searchsorted(times, np.arange(len(whole)) / 25 + 1.1e-3, side="right") - 1
    per_picture = np.polyfit(np.maximum(shown, 0), level, 1)[0]
    assert 1.5 < per_picture < 2.5
    off = (level - level[0]) / per_picture - (np.maximum(shown, 0) - max(shown[0], 0))
    assert np.abs(off - np.median(off)).max() < 2.5
    assert (np.diff(level) >= -0.5).all()


def test_later_starts_are_the_same_bits(film, whole):
    path, _ = film
    for start in STARTS:
        part = []
        for frame in read_frames(path, 25, start=start / 25):
            part.append(frame.rgb)
            if len(part) == 9:
                break
        assert len(part) == min(9, len(whole) - start)
        for k, rgb in enumerate(part):
            assert np.array_equal(rgb, whole[start + k]), (start, k)


def test_what_lies_before_is_not_read(film):
    path, made = film
    info = probe(path)
    wanted = 2.4
    times = [time - info.origin for time, _ in frames_from(path, wanted + info.origin, info.start + info.origin)]
    assert times[0] <= wanted
    assert (times[0] > info.start + 0.5) == made.seeks


def test_a_clock_that_rounds_to_milliseconds_starts_at_the_same_frame(tmp_path):
    path = make(tmp_path, Film("thirds.mkv", options={"g": "12"}, n=60))
    for start in (1 / 3, 4 / 3, 5 / 3):
        a = next(read_frames(path, 30, start=start)).rgb
        b = [frame.rgb for frame in read_frames(path, 30, end=start + 0.01)][-1]
        assert np.array_equal(a, b)
