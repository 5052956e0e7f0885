from __future__ import annotations

import threading
import time

import numpy as np

from beavervision.viewer import progressive_render
from beavervision.viewer.motion_curves import MOST_POINTS, MotionCurves
from beavervision.viewer.progressive_render import ProgressiveRender


def test_coarse_first_then_sharper_and_a_newer_view_wins():
    shown: list[tuple[str, int]] = []
    rendering, go_on, last = threading.Event(), threading.Event(), threading.Event()

    def render(view: str, height: int) -> int:
        if (view, height) == ("a", 20):
            rendering.set()
            assert go_on.wait(10)
        return height

    def show(view: str, image: int, height: int, seconds: float) -> None:
        assert image == height
        assert seconds >= 0
        shown.append((view, height))
        if (view, height) == ("c", 40):
            last.set()

    thread = ProgressiveRender(render, show, (10, 20, 40))
    thread.request("a")
    assert rendering.wait(10)
    thread.request("b")  # nobody will see it
    thread.request("c")
    go_on.set()
    assert last.wait(10)
    thread.close()
    assert shown == [("a", 10), ("a", 20), ("c", 10), ("c", 20), ("c", 40)]


def test_what_would_take_too_long_is_not_begun(monkeypatch):
    monkeypatch.setattr(progressive_render, "PATIENCE_S", 0.04)
    shown: list[int] = []

    def render(_: int, height: int) -> None:
        time.sleep(height / 1000)

    thread = ProgressiveRender(render, lambda *told: shown.append(told[2]), (1, 20, 80))
    thread.request(0)
    deadline = time.monotonic() + 10
    while len(shown) < 2 and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.2)  # an image of 80 rows would take 0.08 s
    thread.close()
    assert shown == [1, 20]


def test_curves_over_the_waveform(clip):
    curves = MotionCurves.of(clip, 0)
    assert len(curves.time) == 48  # 12 frames at 25 fps, 100 points per second
    person = clip.subject(0)
    mouth = curves.face["mouth"]
    np.testing.assert_allclose(mouth[::4] * np.percentile(person.mouth_open, 98), person.mouth_open, rtol=1e-5)
    assert max(np.abs(curves.sound[0]).max(), curves.sound[1].max()) == 1.0
    line = curves.marker(0.3)
    assert np.flatnonzero(np.isfinite(line)).tolist() == [30, 31]
    assert len(curves.around(0.4).time) == 48  # the whole of a clip that is shorter than the window
    long = MotionCurves(np.arange(5000) / 100, (np.zeros(5000), np.eye(1, 5000, 3333)[0]), curves.face, curves.pose)
    thin = MotionCurves(long.time, long.sound, {}, {}).overview()
    assert len(thin.time) <= MOST_POINTS
    assert thin.sound[1].max() == 1  # a click of one sample stays visible
    window = MotionCurves(long.time, long.sound, {}, {}).around(20.0)
    assert (window.time[0], len(window.time)) == (18.0, 400)
