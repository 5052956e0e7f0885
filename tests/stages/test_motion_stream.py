import numpy as np
import pytest
import torch

from beavervision.audio.features import AudioFeatureExtractor
from beavervision.audio.level import spoken_level_of, window_powers
from beavervision.errors import BeaverError
from beavervision.stages.audio2motion.inference import AudioToMotion
from beavervision.stages.audio2motion.network import MotionVAE, SpeechFeatures
from beavervision.stages.audio2motion.streaming import MotionStream

TINY = {
    "hidden": 8,
    "latent": 4,
    "condition": 8,
    "audio_hidden": 8,
    "branch": 4,
    "encoder_layers": 1,
    "decoder_layers": 2,
    "couplings": 2,
    "flow_hidden": 4,
    "flow_layers": 1,
}


def predictor(look_ahead=5, *, pitch=False, fps=25.0, kind="mel"):
    torch.manual_seed(0)
    network = MotionVAE(80, 64, **TINY, look_ahead=look_ahead, pitch=pitch).eval()
    with torch.no_grad():  # leave the flow's identity
        for parameter in network.prior.parameters():
            parameter.add_(0.3 * torch.randn_like(parameter))
    return AudioToMotion(network, AudioFeatureExtractor(kind), fps, "gpmm", 1.0, 1.0, -20.0)


def voice(seconds):
    """A gliding voice with pauses, and a little noise."""
    time = np.arange(int(16000 * seconds)) / 16000
    phase = 2 * np.pi * np.cumsum(140 + 50 * np.sin(2 * np.pi * 0.6 * time)) / 16000
    sound = sum(np.sin(k * phase) / k for k in range(1, 15)) * (np.sin(2 * np.pi * 1.3 * time) > -0.3)
    return (0.1 * sound + 1e-3 * np.random.default_rng(0).standard_normal(len(time))).astype(np.float32)


def streamed(stream, sound, sizes):
    """All motion, and how many frames were there after each piece."""
    pieces, at, turn, counts = [], 0, 0, []
    while at < len(sound):
        size = sizes[turn % len(sizes)]
        pieces.append(stream.push(sound[at : at + size]))
        at, turn = at + size, turn + 1
        counts.append(sum(map(len, pieces)))
    pieces.append(stream.finish())
    return np.concatenate(pieces), counts


@pytest.mark.parametrize("sizes", [(640,), (160, 3000, 1), (70000,)])
@pytest.mark.parametrize("temperature", [0.0, 0.5])
def test_streamed_motion_is_that_of_the_whole(sizes, temperature):
    sound, network = voice(6.03), predictor()
    level = spoken_level_of(window_powers(sound))
    whole = network.predict(sound, temperature, 1.2, seed=3).expression
    if sizes == (160, 3000, 1):
        sound, whole = (
            sound[:30000],
            network.predict(sound[:30000], temperature, 1.2, seed=3, level_db=level).expression,
        )
    found, _ = streamed(MotionStream(network, temperature, 1.2, seed=3, level_db=level), sound, sizes)
    np.testing.assert_allclose(found, whole, atol=2e-5)


def test_a_frame_comes_when_its_look_ahead_is_over():
    _, counts = streamed(MotionStream(predictor(look_ahead=3)), voice(1.0), (640,))
    assert counts == [0, 0, 0, *range(1, 23)]


def test_other_rates_stream_too():
    sound, network = voice(3.0), predictor(fps=30.0)
    level = spoken_level_of(window_powers(sound))
    found, _ = streamed(MotionStream(network, level_db=level), sound, (512,))
    np.testing.assert_allclose(found, network.predict(sound).expression, atol=2e-5)


def test_with_pitch_all_but_a_few_frames_are_those_of_the_whole():
    # The pitch of the last rows may change with what follows, so that frames at turns of the voice differ.
    sound, network = voice(6.0), predictor(pitch=True)
    level = spoken_level_of(window_powers(sound))
    found, _ = streamed(MotionStream(network, level_db=level), sound, (640,))
    whole = network.predict(sound).expression
    assert (np.abs(found - whole).max(1) > 1e-3).mean() < 0.15
    assert np.abs(found - whole).mean() < 0.02 * np.abs(whole).mean()


def test_nothing_after_the_look_ahead_changes_a_frame():
    network = predictor(look_ahead=5).network
    content = torch.randn(1, 400, 80, requires_grad=True)
    frames = torch.ones(1, 200, dtype=torch.bool)
    speech = SpeechFeatures(
        content,
        torch.ones(1, 400, dtype=torch.long),
        torch.zeros(1, 200, dtype=torch.long),
        torch.ones(1),
        torch.ones(1),
        frames,
    )
    for frame in (120, 121, 123):  # at any place within a latent
        (gradient,) = torch.autograd.grad(network(speech)[0, frame].sum(), content)
        heard = gradient[0].abs().sum(-1).nonzero()[:, 0] // 2
        assert heard.max() == frame + network.future == frame + 5
        assert heard.min() >= frame - network.past


def test_memory_does_not_grow():
    stream, sound = MotionStream(predictor(), temperature=0.3), voice(1.0)
    sizes = []
    for _ in range(30):
        stream.push(sound)
        sizes.append(len(stream._noise) + len(stream._hearing._content) + len(stream._hearing._sound))
    assert max(sizes[10:]) <= max(sizes[5:10])


def test_what_needs_the_whole_speech_is_refused():
    with pytest.raises(BeaverError, match=r"model\.network\.look_ahead=5"):
        MotionStream(predictor(look_ahead=None))
    with pytest.raises(BeaverError, match="streaming needs audio_features=speech"):
        MotionStream(predictor(kind="hubert"))
