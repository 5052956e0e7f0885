import numpy as np
import pytest
from PIL import Image

from beavervision.preprocess.report.page import page
from beavervision.preprocess.report.verdict import GOOD, NOT_USABLE, USABLE, judge_stages


def facts(**changes):
    """Facts of a long, large, clean clip."""
    clean = {
        "frames": 5000,
        "visible_share": 1.0,
        "occluded_share": 0.0,
        "face_height_px": {"p5": 280.0, "median": 300.0, "p95": 320.0},
        "reprojection_error_percent_of_eye_distance": {"p5": 0.8, "median": 1.0, "p95": 1.5},
        "background": {"moving": False, "seen_share": 0.9, "changed_share": 0.0},
        "sound": {"loudest_db": -12.0, "clipped_share": 0.0, "seconds": 200.0},
    }
    return clean | changes


def grades(**changes):
    return {v.stage.split(",")[0]: (v.grade, v.why) for v in judge_stages(facts(**changes), 25.0)}


def test_a_clean_clip_is_good_for_everything():
    assert {grade for grade, _ in grades().values()} == {GOOD}


@pytest.mark.parametrize(
    ("changes", "stage", "grade", "word"),
    [
        ({"sound": None}, "audio2motion", NOT_USABLE, "no sound"),
        ({"sound": None}, "radnerf_head", GOOD, "nothing"),
        ({"sound": {"loudest_db": -90.0, "clipped_share": 0.0}}, "audio2motion", NOT_USABLE, "silent"),
        ({"sound": {"loudest_db": -3.0, "clipped_share": 0.02}}, "audio2motion", USABLE, "clipped in 2.0 %"),
        ({"face_height_px": {"median": 84.0}}, "radnerf_head", USABLE, "84 px high"),
        ({"face_height_px": {"median": 20.0}}, "radnerf_head", NOT_USABLE, "20 px"),
        ({"occluded_share": 0.12}, "radnerf_torso", USABLE, "12 % of the frames"),
        ({"visible_share": 0.5}, "radnerf_head", USABLE, "50 % of the frames"),
        ({"frames": 30}, "audio2motion", NOT_USABLE, "1.2 s"),
        ({"background": {"moving": True}}, "radnerf_torso", USABLE, "moves"),
        ({"background": {"moving": True}}, "radnerf_head", GOOD, "nothing"),
        ({"reprojection_error_percent_of_eye_distance": {"median": 7.0}}, "radnerf_head", NOT_USABLE, "7.0 %"),
    ],
)
def test_a_fault_is_named_where_it_matters(changes, stage, grade, word):
    found, why = grades(**changes)[stage]
    assert found == grade
    assert word in why


def test_the_page_needs_nothing_else_and_escapes_names():
    values = np.r_[np.nan, np.arange(8.0), np.nan, 3.0]
    text = page("<b>&", facts(), judge_stages(facts(), 25.0), [("x", "px", values)], Image.new("RGB", (8, 8)), 25.0)
    assert "<b>&amp;" not in text
    assert "&lt;b&gt;&amp;" in text
    assert "http" not in text.replace("http-equiv", "")
    assert "data:image/jpeg;base64," in text
    assert text.count("M") >= 2  # the gap parts the line in two


def test_a_strip_that_is_unknown_throughout_says_so():
    nothing = np.full(5, np.nan)
    text = page("a", facts(), [], [("yaw", "degrees", nothing)], Image.new("RGB", (8, 8)), 25.0)
    assert "yaw: unknown" in text
