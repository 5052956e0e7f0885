"""The loop of an idle person is where the mouth moves least, and has no jump."""

from dataclasses import dataclass

import numpy as np
import pytest

from beavervision.inference.live.blinks import BlinkStream
from beavervision.inference.live.idle_loop import IdleLoop, choose_loop
from beavervision.inference.speaking_person import LOWER_LIP, UPPER_LIP
from beavervision.stages.source_track import SourceTrack

N = 200


@dataclass
class Footage:
    """A person whose mouth opens as `gap` says."""

    gap: np.ndarray
    footage_size: tuple[int, int] = (100, 100)

    @property
    def source_condition(self):
        condition = np.zeros((len(self.gap), 68, 3), np.float32)
        condition[:, UPPER_LIP, 1] = self.gap[:, None]
        condition[:, LOWER_LIP, 1] = 0
        return condition

    @property
    def track(self):
        count = len(self.gap)
        zeros = np.zeros
        return SourceTrack(
            rotation=np.broadcast_to(np.eye(3), (count, 3, 3)),
            translation=zeros((count, 3)),
            body=zeros((count, 3, 2)),
            eye_open=np.ones((count, 2)),
            expression=zeros((count, 4)),
            visible=np.ones(count, bool),
            occluded=zeros(count, bool),
            box=np.broadcast_to([30.0, 30, 60, 60], (count, 4)),
            path=zeros((count, 3)),
            cameras=zeros((count, 4)),
        )


def test_the_still_stretch_of_speech_is_found():
    rng = np.random.default_rng(0)
    gap = np.abs(rng.standard_normal(N))
    gap[120:160] = 0.02
    loop = choose_loop(Footage(gap), 40)
    assert 118 <= loop.first <= 121
    assert loop.n_frames == 40
    assert loop.still


def test_a_person_who_talks_all_the_time_is_not_still():
    gap = np.abs(np.sin(np.arange(N) / 2))
    assert not choose_loop(Footage(gap), 40).still


def test_a_short_clip_is_looped_as_a_whole():
    loop = choose_loop(Footage(np.zeros(20)), 100)
    assert (loop.first, loop.n_frames) == (0, 20)


@pytest.mark.parametrize("count", [2, 5, 30, 100])
def test_neighbouring_ticks_show_neighbouring_frames(count):
    loop = IdleLoop(10, 9 + count, still=True)
    shown = np.array([loop.at(tick) for tick in range(1000)])
    assert np.abs(np.diff(shown)).max() <= 1
    assert 0 <= shown.min() <= shown.max() <= count - 1
    assert len(set(shown.tolist())) >= count / 2
    assert loop.at(180_000) in range(count)


def test_blinks_go_on_for_hours_at_their_rate():
    blinks = BlinkStream(17.0, seed=1)
    closures = np.array([blinks.closure(i / 25) for i in range(90_000)])
    begins = np.flatnonzero((closures[1:] > 0) & (closures[:-1] == 0))
    assert len(begins) == pytest.approx(17 * 60, rel=0.15)
    assert closures.max() > 0.95
    assert BlinkStream(0.0).closure(1e6) == 0
