import numpy as np
import pytest

from beavervision.audio.features import AudioFeatureExtractor
from beavervision.audio.streaming_features import StreamingFeatureExtractor
from beavervision.errors import BeaverError


def voice(seconds):
    """A gliding voice with pauses, and a little noise."""
    time = np.arange(int(16000 * seconds)) / 16000
    phase = 2 * np.pi * np.cumsum(140 + 50 * np.sin(2 * np.pi * 0.6 * time)) / 16000
    sound = sum(np.sin(k * phase) / k for k in range(1, 15)) * (np.sin(2 * np.pi * 1.3 * time) > -0.3)
    return (0.1 * sound + 1e-3 * np.random.default_rng(0).standard_normal(len(time))).astype(np.float32)


@pytest.mark.parametrize("kind", ["mel", "speech"])
@pytest.mark.parametrize(("fps", "pieces"), [(25.0, (640,)), (25.0, (1, 7000, 333)), (30.0, (512,)), (24.0, (4000,))])
def test_streamed_features_are_those_of_the_whole(fps, pieces, kind):
    sound, at, turn = voice(2.03), 0, 0
    features = AudioFeatureExtractor(kind)
    whole = features.extract(sound, fps)
    stream = StreamingFeatureExtractor(features, fps, keep=200)
    while at < len(sound):
        size = pieces[turn % len(pieces)]
        stream.push(sound[at : at + size])
        at, turn = at + size, turn + 1
        known = stream.n_frames
        heard = stream.features(0, known)
        np.testing.assert_allclose(heard.content, whole.content[: 2 * known], atol=1e-4)
    frames = stream.finish()
    assert frames == whole.n_frames == stream.n_frames
    heard = stream.features(0, frames)
    np.testing.assert_allclose(heard.content, whole.content, atol=1e-4)
    # The peak so far is not that of the whole: a few rows at the beginning may be decided otherwise.
    assert (np.abs(heard.pitch - whole.pitch) > 0.1).mean() < 0.05


def test_a_frame_is_heard_as_soon_as_its_sound_is_over():
    sound, stream = voice(0.4), StreamingFeatureExtractor(AudioFeatureExtractor(), 25.0, keep=10)
    found = []
    for t in range(10):
        stream.push(sound[640 * t : 640 * (t + 1)])
        found.append(stream.n_frames)
    assert found == list(range(1, 11))


def test_phonetic_features_of_a_frame_need_the_sound_of_three_more_frames():
    sound, stream = voice(0.4), StreamingFeatureExtractor(AudioFeatureExtractor("speech"), 25.0, keep=10)
    found = []
    for t in range(10):
        stream.push(sound[640 * t : 640 * (t + 1)])
        found.append(stream.n_frames)
    assert found == [0, 0, 0, 1, 2, 3, 4, 5, 6, 7]


def test_only_the_last_frames_are_remembered():
    sound, stream = voice(8.0), StreamingFeatureExtractor(AudioFeatureExtractor(), 25.0, keep=10)
    for part in np.split(sound, 200):
        stream.push(part)
    held = [stream._content, stream._sound, stream._path._hertz]
    assert sum(len(part) for part in held) < 1000
    whole = AudioFeatureExtractor().extract(sound, 25.0)
    heard = stream.features(190, 200)
    np.testing.assert_allclose(heard.content, whole.content[380:], atol=1e-5)
    np.testing.assert_allclose(heard.pitch[:12], whole.pitch[380:392], rtol=1e-4)


def test_features_of_whole_sentences_are_refused():
    with pytest.raises(BeaverError, match=r"streaming needs audio_features=speech"):
        StreamingFeatureExtractor(AudioFeatureExtractor("hubert", "somewhere"), 25.0, keep=10)
