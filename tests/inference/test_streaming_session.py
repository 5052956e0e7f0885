"""The scheduler of a live session, on a simulated clock."""

from __future__ import annotations

import gc
from itertools import islice

import numpy as np
import pytest
from live_faces import Lamp, SimulatedClock, SimulatedPool, push_in_real_time

from beavervision.errors import AudioError
from beavervision.inference.live.settings import LiveSettings
from beavervision.inference.streaming_session import StreamingSession

RATE = 48_000


def live(fps=25.0, cost=lambda now: 0.0, **settings):
    clock = SimulatedClock()
    face = Lamp(fps)
    session = StreamingSession(face, LiveSettings(**settings), clock, SimulatedPool(clock, cost))
    return clock, face, session


def noise(seconds, rate=16_000, level=0.3):
    return (level * np.random.default_rng(0).standard_normal(round(seconds * rate))).clip(-1, 1).astype(np.float32)


def beeps(seconds, rate, every=1.0, length=0.05):
    """A burst at 0.4 s and every `every` seconds after it; silence between."""
    time = np.arange(round(seconds * rate)) / rate
    return np.where((time - 0.4) % every < length, 0.6 * np.sin(2 * np.pi * 440 * time), 0.0).astype(np.float32)


def sound_of(frames):
    return np.concatenate([frame.sound for frame in frames])


def begins_at(sound, rate=RATE, level=0.02):
    """Seconds at which sound begins."""
    return float(np.flatnonzero(np.abs(sound) > level)[0]) / rate


@pytest.mark.parametrize("begin", [0.5, 0.513, 0.531, 0.5399])
@pytest.mark.parametrize(("rate", "packet"), [(16_000, 0.02), (44_100, 0.01), (24_000, 0.04)])
def test_sound_is_heard_after_the_latency_whenever_it_comes(begin, rate, packet):
    clock, face, session = live()
    push_in_real_time(clock, session, beeps(1.0, rate), rate, begin, packet)
    frames = list(islice(session, 75))
    # The first packet is pushed when it is complete; its first sample is heard `latency` later.
    heard, spoken = begins_at(sound_of(frames)), begin + 0.4
    assert heard - spoken == pytest.approx(packet + 0.28, abs=0.003)
    assert all(frame.fresh for frame in frames)
    assert min(face.motions[0].aheads[:-6]) >= 4
    assert session.stalls == 0


def test_the_mouth_opens_in_the_frame_that_is_heard():
    clock, _, session = live()
    push_in_real_time(clock, session, beeps(6.0, 16_000), 16_000, 0.507)
    frames = list(islice(session, 170))
    loud = [i for i, frame in enumerate(frames) if np.abs(frame.sound).max() > 0.1]
    seen = [i for i, frame in enumerate(frames) if frame.image[0, 0, 0] > 8]
    assert len(loud) >= 6
    assert set(loud) == set(seen)


def test_all_sound_comes_out_once_and_in_order():
    clock, _, session = live()
    samples = noise(3.0)
    clock.at(0.2, lambda: session.push(samples, 16_000))
    clock.at(0.3, session.end_speech)
    frames = list(islice(session, 100))
    sound = sound_of(frames)
    first = round(0.48 * RATE)
    assert np.square(sound[first : first + 3 * RATE]).sum() == pytest.approx(3 * np.square(samples).sum(), rel=0.15)
    assert not sound[: first - 100].any()
    assert not sound[first + 3 * RATE + 300 :].any()
    ended = [frame for frame in frames if frame.ended]
    assert len(ended) == 1
    assert ended[0].played == pytest.approx(3.0, abs=1e-6)


def test_frames_come_at_their_times_and_late_pictures_are_repeated_while_sound_goes_on():
    slow = lambda now: 0.3 if 2.0 <= now < 2.5 else 0.01  # noqa: E731
    clock, _, session = live(cost=slow)
    push_in_real_time(clock, session, noise(6.0), 16_000, 0.1)
    times, frames = [], []
    for frame in islice(session, 200):
        times.append(clock.now())
        frames.append(frame)
    np.testing.assert_allclose(times, np.arange(200) / 25, atol=1e-9)
    assert session.counts.repeated > 3
    assert session.counts.dropped > 3
    assert all(frame.fresh for frame in frames[150:])
    sound = sound_of(frames)
    assert len(sound) == 200 * 1920
    heard = np.abs(sound[round(0.41 * RATE) : round(6.3 * RATE)])
    assert np.convolve(heard, np.ones(480) / 480, "valid").min() > 0.05  # never silent for 10 ms


def test_slow_motion_delays_no_sound():
    clock, face, session = live()
    push_in_real_time(clock, session, noise(4.0), 16_000, 0.0)
    begin = face.motion_maker(None)

    class Slow:
        """Motion that takes longer than a frame."""

        def __init__(self):
            self.motion, self.look_ahead, self.lag = begin(), 5, 0

        def __getattr__(self, name):
            return getattr(self.motion, name)

        def move_to(self, stop):
            clock.sleep_until(clock.now() + 0.07)
            return self.motion.move_to(stop)

    session._new_motion = Slow
    delays = [clock.now() - frame.index / 25 for frame in islice(session, 110)]
    assert max(delays) < 0.2
    assert session.stalls == 0


def test_an_interruption_silences_at_once_and_shuts_the_mouth_within_100_ms():
    for when in np.linspace(2.0, 2.04, 7):
        clock, _, session = live(cost=lambda now: 0.03)
        clock.at(0.0, lambda s=session: s.push(noise(2.5), 16_000))
        stopped = []
        clock.at(when, lambda s=session, out=stopped: out.append(s.interrupt()))
        frames = list(islice(session, 75))
        after = [frame for frame in frames if frame.time > when]
        assert not any(np.abs(frame.sound[300:]).any() for frame in after)
        open_until = max(frame.time for frame in frames if frame.image[0, 0, 1] > 0)
        assert open_until + 0.04 <= when + 0.1
        assert session.queued == 0
        assert stopped[0] == pytest.approx(when - 0.28, abs=0.045)
        (end,) = [frame for frame in frames if frame.ended]
        assert end.played == stopped[0]


def test_after_an_interruption_a_new_speech_begins():
    clock, _, session = live()
    clock.at(0.0, lambda: session.push(noise(10.0), 16_000))
    clock.at(1.0, session.interrupt)
    clock.at(1.5, lambda: session.push(noise(0.5), 16_000))
    frames = list(islice(session, 75))
    assert begins_at(sound_of(frames)[round(1.2 * RATE) :]) + 1.2 == pytest.approx(1.78, abs=0.005)
    assert {frame.speech for frame in frames if frame.speech is not None} == {0, 1}


def test_cut_sound_does_not_click():
    clock, _, session = live()
    loud = np.full(80_000, 0.9, np.float32)
    clock.at(0.0, lambda: session.push(loud, 16_000))
    clock.at(1.001, session.interrupt)
    sound = sound_of(list(islice(session, 50)))
    middle = round(0.5 * RATE)
    assert np.abs(np.diff(sound[middle:])).max() < 0.01


def test_a_stalled_source_neither_freezes_nor_babbles():
    clock, _, session = live()
    samples = noise(2.0)
    push_in_real_time(clock, session, samples[:16_000], 16_000, 0.0)
    push_in_real_time(clock, session, samples[16_000:], 16_000, 1.6)  # nothing for 0.6 s, in the middle of a word
    frames = list(islice(session, 120))
    assert session.stalls == 1
    ticks = [int(frame.image[0, 0, 2]) for frame in frames]
    assert ticks == [i % 250 for i in range(120)]  # the head goes on moving
    silent = [frame for frame in frames if 1.6 < frame.time < 1.85]
    assert all(frame.image[0, 0, 0] == 0 for frame in silent)  # the mouth has shut
    assert all(frame.speaking for frame in frames if 2.0 < frame.time < 2.8)
    total = np.square(sound_of(frames)).sum()
    assert total == pytest.approx(3 * np.square(samples).sum(), rel=0.15)  # and nothing of the sound is lost


def test_a_jittery_source_within_the_reserve_is_not_heard():
    rng = np.random.default_rng(1)
    delays = rng.uniform(0, 0.1, 400)
    clock, face, session = live()
    push_in_real_time(
        clock, session, noise(4.0), 16_000, 0.0, late=lambda k: max(0.1, delays[k]) if k == 0 else delays[k]
    )
    frames = list(islice(session, 100))
    assert session.stalls == 0
    assert all(frame.speaking for frame in frames[12:])
    assert min(face.motions[0].aheads[:-6]) >= 1


def test_silence_keeps_the_lips_still():
    clock, _, session = live()
    hum = noise(8.0, level=0.003)  # a room at -50 dB
    hum[:16_000] += noise(1.0)
    push_in_real_time(clock, session, hum, 16_000, 0.0)
    frames = list(islice(session, 210))
    assert max(frame.image[0, 0, 1] for frame in frames[10:35]) == 255
    assert all(frame.image[0, 0, 1] == 0 for frame in frames[60:])
    assert all(frame.speaking for frame in frames[60:200])  # but the room is heard


def test_speeches_follow_each_other():
    clock, _, session = live()
    for _ in range(3):
        clock.at(0.0, lambda: session.push(noise(0.5), 16_000))
        clock.at(0.0, session.end_speech)
    frames = list(islice(session, 60))
    assert [frame.speech for frame in frames if frame.ended] == [0, 1, 2]
    assert all(frame.speaking for frame in frames if 0.32 < frame.time < 1.7)


def test_limits_and_malformed_sound():
    _, _, session = live(queue=2.0)
    with pytest.raises(AudioError, match="waiting"):
        session.push(noise(2.1), 16_000)
    for bad in (
        {"pcm": b"abc", "sample_rate": 16_000},
        {"pcm": b"ab", "sample_rate": 5},
        {"pcm": b"", "sample_rate": 0},
    ):
        with pytest.raises(AudioError):
            session.push(**bad)
    with pytest.raises(AudioError, match="not numbers"):
        session.push(np.array([np.nan], np.float32), 16_000)
    session.push(np.zeros((160, 2), np.int16), 16_000)
    session.push(b"\0\0\0\0" * 160, 16_000, channels=2)
    assert session.queued == pytest.approx(0.02, abs=0.002)


def test_an_error_in_drawing_ends_the_session():
    _, face, session = live()

    def broken(tick, mouth):
        raise ValueError("no picture")

    frames = iter(session)
    next(frames)
    face.draw = broken
    session._pictures._pool.submit = lambda draw: Failed(draw)
    with pytest.raises(ValueError, match="no picture"):
        list(islice(frames, 10))


class Failed:
    def __init__(self, draw):
        self.draw = draw

    def done(self):
        return True

    def cancelled(self):
        return False

    def cancel(self):
        return False

    def result(self):
        return self.draw()


@pytest.mark.slow
def test_two_hours():
    """Sound and picture stay together, nothing is late, and memory is flat."""
    clock, _, session = live(fps=5.0, sound_rate=16_000)
    seconds, packet, phase = 2 * 3600, 0.2, 0.013
    block = beeps(10.0, 16_000)

    def push(count):
        start = count % 50 * 3200
        session.push(block[start : start + 3200], 16_000)
        if clock.now() < seconds:
            clock.at((count + 2) * packet - phase, lambda: push(count + 1))

    sizes, offsets = {}, []
    clock.at(packet - phase, lambda: push(0))
    for frame in islice(session, round(seconds * session.fps)):
        loud = np.abs(frame.sound) > 0.1
        if loud.any():
            offsets.append((frame.time + np.flatnonzero(loud)[0] / 16_000) % 1.0)
            assert frame.image[0, 0, 0] > 8  # the mouth opens in the frame that is heard
        if frame.index % 6_000 == 3_000:
            gc.collect()
            sizes[frame.index] = len(gc.get_objects())
    assert len(offsets) > 0.95 * seconds
    assert np.ptp(offsets) < 0.04
    assert session.stalls == 0
    assert session.counts.repeated == 0
    assert session.queued < 0.5
    values = list(sizes.values())
    assert max(values) - min(values[1:]) < 500
