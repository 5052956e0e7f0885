import re

import numpy as np
import pytest

from beavervision.preprocess.report.plot_svg import HEIGHT, MARGIN, draw_band, draw_strip, values
from beavervision.preprocess.report.plots import Band, Strip, clipped_per_frame
from beavervision.preprocess.report.time_axis import WIDTH, TimeAxis, draw_axis

AXIS = TimeAxis(n_frames=10, fps=25.0, held_out=9)


def points(text, kind="line l0"):
    """Runs of (x, y) of a line."""
    path = re.search(rf'class="{kind}" d="([^"]*)"', text)[1]
    return [[tuple(map(float, p.split())) for p in run.removesuffix("h0").split("L")] for run in path.split("M")[1:]]


def test_a_line_goes_from_its_least_to_its_greatest_value_and_stops_where_nothing_is_known():
    line = np.r_[0.0, 5.0, np.nan, 10.0, np.nan, np.nan, 2.5, 2.5, np.nan, 0.0]
    runs = points(draw_strip(Strip("face height", "px", {"": line}), AXIS))
    low, high = HEIGHT - MARGIN, MARGIN
    # frame t lies in the middle of its tenth of the width
    assert runs == [
        [(50.0, low), (150.0, (low + high) / 2)],
        [(350.0, high)],
        [(650.0, low - (low - high) / 4), (750.0, low - (low - high) / 4)],
        [(950.0, low)],
    ]


def test_a_constant_and_an_unknown_strip_can_be_drawn():
    assert points(draw_strip(Strip("x", "", {"": np.zeros(10)}), AXIS))[0][0][1] == HEIGHT - MARGIN
    unknown = draw_strip(Strip("x & y", "", {"": np.full(10, np.nan)}), AXIS)
    assert "x &amp; y <small>unknown" in unknown
    assert "<svg" not in unknown


def test_long_lines_keep_every_peak():
    line = np.zeros(30_000)
    line[[7, 12_345, 29_999]] = 1.0, 3.0, 2.0
    axis = TimeAxis(30_000, 25.0, 29_000)
    (run,) = points(draw_strip(Strip("error", "", {"": line}), axis))
    assert len(run) <= 2000
    heights = [HEIGHT - MARGIN - at / 3 * (HEIGHT - 2 * MARGIN) for at in (1, 3, 2)]
    for x, y in zip((7.5 / 30, 12_345.5 / 30, 29_999.5 / 30), heights, strict=True):
        assert any(abs(px - x) < 0.1 and abs(py - y) < 0.1 for px, py in run)


def test_bands_and_tints_cover_their_frames():
    band = Band("visible", ["visible", "left"], np.array([0, 0, 1, 1, 1, 0, 0, 1, 0, 0]))
    drawn = draw_band(band, AXIS)
    rects = re.findall(r'<rect class=s1 x="([\d.]+)" width="([\d.]+)"', drawn)
    assert [(float(x), float(w)) for x, w in rects] == [(200.0, 300.0), (700.0, 100.0)]
    assert "left" in drawn
    shaded = draw_strip(Strip("sound", "dB", {"": np.ones(10)}, {}, band.codes == 1, "speech"), AXIS)
    assert shaded.count("<rect class=shade") == 2
    assert "speech" in shaded


def test_cuts_and_the_held_out_part_stand_where_they_are():
    axis = TimeAxis(10, 25.0, 9, cuts=[4, 7])
    drawn = draw_strip(Strip("x", "", {"": np.ones(10)}), axis)
    assert f'class=cut d="M400 0V{HEIGHT}M700 0V{HEIGHT}"' in drawn
    assert f'<rect class=held x="900" width="{WIDTH}"' in drawn


@pytest.mark.parametrize(
    ("frames", "said"),
    [(10, ["0 s"]), (500, [f"{t} s" for t in range(0, 20, 2)]), (15_000, ["0 s", "1:00", "2:00"])],
)
def test_the_axis_is_in_seconds(frames, said):
    found = re.findall(r'%">([^<]*)<', draw_axis(TimeAxis(frames, 25.0, frames - 1)))
    assert found[: len(said)] == said
    assert len(found) <= 11


def test_values_go_along_unknown_ones_as_null():
    band = Band("visible", ["visible", "left"], np.array([0, 1]))
    strip = Strip("turn", "degrees", {"yaw": np.array([1.23456, np.nan]), "pitch": np.array([-2.0, 3.0])})
    assert values([band, strip]) == [
        {"states": ["visible", "left"], "codes": [0, 1]},
        {"names": ["yaw", "pitch"], "unit": "degrees", "lines": [[1.23, None], [-2.0, 3.0]]},
    ]


def test_clipped_samples_are_counted_in_the_frame_they_are_heard_in():
    sound = np.zeros(1920)  # three frames of 640 samples
    sound[[0, 639, 640, 1919]] = 1.0, -1.0, 0.9995, 0.5
    np.testing.assert_array_equal(clipped_per_frame(sound, 16_000, 3, 25.0), [2, 1, 0])
