"""Live faces of really trained, tiny people: idle, speaking, between the two, and several sessions at once."""

from __future__ import annotations

from itertools import islice
from threading import Thread

import numpy as np
import pytest
from live_faces import SimulatedClock

import beavervision as bv
from beavervision.inference.live.face import Mouth
from beavervision.inference.live.head import LiveHead
from beavervision.inference.live.lower_face import LiveLowerFace
from beavervision.inference.live.settings import LiveSettings
from beavervision.inference.streaming_session import StreamingSession


class InlinePool:
    """Draws at once."""

    def submit(self, draw, /):
        from concurrent.futures import Future

        future = Future()
        future.set_result(draw())
        return future


@pytest.fixture(scope="module")
def avatar(live_runs):
    return bv.Avatar.load(live_runs / "mini", overrides={"hardware.backend": "torch"})


@pytest.fixture(scope="module")
def face(avatar):
    face = avatar.live_face()
    assert isinstance(face, LiveLowerFace)
    return face


@pytest.fixture(scope="module")
def head(avatar):
    return LiveHead(next(one for one in avatar._loaded.values() if hasattr(one, "torso")))


def voice(seconds=1.0):
    time = np.arange(round(16_000 * seconds)) / 16_000
    return (0.4 * np.sin(900 * time) * np.sin(12 * time)).astype(np.float32)


def open_mouth(face, weight):
    condition = face.avatar.rest.copy()
    condition[[57, 58, 56, 65, 66, 67], 1] -= 6
    return Mouth(np.repeat(condition[None], face.window, 0), weight)


def test_an_idle_person_is_footage_and_the_mouth_grows_out_of_it(face):
    index = face.loop.at(7)
    source = face._frames[index].source.rgb
    idle = face.draw(7, None)
    if face.loop.still:
        np.testing.assert_array_equal(idle, source)
    changes = [np.abs(face.draw(7, open_mouth(face, w)).astype(int) - idle).mean() for w in (0.0, 0.3, 1.0)]
    assert changes[0] == 0
    assert changes[2] > 0
    changed = (face.draw(7, open_mouth(face, 1.0)) != source).any(-1)
    assert changed[: changed.shape[0] // 4].sum() == 0  # nothing above the face


@pytest.mark.parametrize("name", ["face", "head"])
def test_a_session_speaks_and_falls_silent(name, request):
    face, clock = request.getfixturevalue(name), SimulatedClock()
    session = StreamingSession(face, LiveSettings(), clock, InlinePool())
    clock.at(0.2, lambda: session.push(voice(), 16_000))
    clock.at(0.2, session.end_speech)
    frames = list(islice(session, 50))
    assert all(frame.image.shape == (face.size[1], face.size[0], 3) for frame in frames)
    assert all(frame.fresh for frame in frames)
    assert sum(frame.speaking for frame in frames) == 25
    speaking, idle = frames[20], face.draw(20, None)
    assert (speaking.image != idle).any()
    if name == "face":
        np.testing.assert_array_equal(frames[49].image, face.draw(49, None))


def test_sessions_share_a_face(face):
    results = []

    def run(seed):
        clock = SimulatedClock()
        session = StreamingSession(face, LiveSettings(), clock, InlinePool())
        clock.at(0.1 * seed, lambda: session.push(voice(0.5), 16_000))
        results.append([frame.image for frame in islice(session, 30)])

    threads = [Thread(target=run, args=(seed,)) for seed in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 3
    frames = face._frames
    run(0)
    assert face._frames is frames


def test_stream_yields_frames_and_their_sound(avatar):
    chunks = iter(np.split(voice(0.8), 8))
    found = list(avatar.stream(chunks, 16_000))
    assert all(sound is frame.sound for frame, sound in found)
    sound = np.concatenate([sound for _, sound in found])
    assert np.abs(sound).max() > 0.3
    assert found[-1][0].time < 5


def test_stream_raises_what_the_source_raises(avatar):
    def broken():
        yield voice(0.1)
        raise OSError("the microphone is gone")

    with pytest.raises(OSError, match="microphone"):
        list(avatar.stream(broken(), 16_000))


def test_a_person_of_whom_only_the_lower_face_is_trained(live_runs, tmp_path):
    for name in ("clip", "audio2motion", "postnet", "lower_face"):
        (tmp_path / "runs/mini").mkdir(parents=True, exist_ok=True)
        (tmp_path / "runs/mini" / name).symlink_to(live_runs / "mini" / name)
    avatar = bv.Avatar.load(tmp_path / "runs/mini")
    assert isinstance(avatar.live_face(), LiveLowerFace)
    assert avatar.motion(next((live_runs / "mini/clip").glob("audio.*"))).n_frames > 0
