from dataclasses import replace

import numpy as np
import pytest

from beavervision.preprocess.report.frame_selection import error_percent, face_height, moments, yaw_pitch
from beavervision.types import VisibilityReason


@pytest.fixture
def subject(miniature):
    """The miniature's 24 frames, with frames 10 to 13 out of the picture and frame 20 turned away."""
    own = miniature.subjects[0]
    reason = own.reason.copy()
    reason[10:14], reason[20] = VisibilityReason.OUT_OF_FRAME, VisibilityReason.TURNED_AWAY
    visible = reason == VisibilityReason.VISIBLE
    gone = ~visible
    blank = {
        name: np.where(gone.reshape(-1, *[1] * (getattr(own, name).ndim - 1)), np.nan, getattr(own, name))
        for name in ("box", "landmarks", "rotation", "translation", "expression", "eye_open", "mouth_open", "body")
    }
    return replace(own, visible=visible, reason=reason, covered=np.where(gone, np.nan, 0.0), **blank)


def test_the_spread_the_extremes_and_the_absences_are_shown_in_order(subject):
    error = np.where(subject.visible, 0.3, np.nan)
    error[17] = 0.9
    subject.covered[7], subject.mouth_open[3] = 0.4, 1.5
    found = moments(subject, error)
    why = {moment.index: moment.why for moment in found}
    assert [moment.index for moment in found] == sorted(why)
    # the middles of eight parts of three frames
    assert {1, 4, 7, 10, 13, 16, 19, 22} <= set(why)
    assert "mouth open widest" in why[3]
    assert "face model fits worst" in why[17]
    assert "most hidden (40 % of the head)" in why[7]
    assert "left out: out of frame" in why[12]
    assert "left out: turned away" in why[20]
    assert "" in why.values()


def test_extremes_that_are_none_are_not_shown(subject):
    still = replace(subject, rotation=np.where(np.isfinite(subject.rotation), np.diag([1.0, -1.0, -1.0]), np.nan))
    said = " ".join(moment.why for moment in moments(still, np.full(24, np.nan)))
    assert "turned" not in said.replace("turned away", "")
    assert "hidden" not in said
    assert "fits worst" not in said


def test_one_frame_may_be_shown_for_several_reasons(subject):
    error = np.where(subject.visible, 0.3, np.nan)
    error[3], subject.mouth_open[3] = 0.9, 1.5
    (both,) = [moment.why for moment in moments(subject, error) if moment.index == 3]
    assert "mouth open widest" in both
    assert "fits worst" in both


def test_somebody_who_is_never_visible_is_shown_where_looked_for(subject):
    never = replace(subject, visible=np.zeros(24, bool), reason=np.full(24, VisibilityReason.NO_FACE))
    assert [m.why for m in moments(never, np.full(24, np.nan)) if m.why] == ["left out: no face found"]


def test_figures_are_in_the_units_they_say(subject):
    eyes = np.linalg.norm(subject.landmarks[0, 33, :2] - subject.landmarks[0, 263, :2])
    assert error_percent(subject, np.full(24, 0.02 * eyes))[0] == pytest.approx(2.0)
    assert face_height(subject)[0] == pytest.approx(subject.box[0, 3] - subject.box[0, 1])
    assert np.isnan(face_height(subject)[10])
    assert np.isnan(yaw_pitch(subject)[10]).all()
    assert np.abs(yaw_pitch(subject)[subject.visible]).max() < 45
