import numpy as np
import pytest
import torch
from motion_networks import random_speech, tiny_network

from beavervision.stages.audio2motion.condition_encoder import ConditionEncoder
from beavervision.stages.audio2motion.module import strip_padding
from beavervision.stages.audio2motion.network import SpeechFeatures
from beavervision.stages.audio2motion.wavenet import MaskedBatchNorm, TimeConv
from beavervision.stages.audio2motion.windows import SpeechMotion

VARIANTS = {
    "compact": {"look_ahead": 5, "blocks": 2, "pitch": False},
    "vae": {"pitch": False},
    "pitch_vae": {"rows": "nearest"},
    "live_with_pitch": {"look_ahead": 2},
}
"""The kinds of conf/model/network, in small."""


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture(params=VARIANTS)
def network(request):
    return tiny_network(**VARIANTS[request.param])


@pytest.mark.parametrize("frames", [1, 2, 3, 4, 5, 25])
def test_cardinality(network, rng, frames):
    assert network(random_speech(rng, 2, frames)).shape == (2, frames, 64)


def test_a_padded_batch_gives_the_numbers_of_each_item_alone(network, rng):
    items = [random_speech(rng, 1, frames) for frames in (5, 13, 24)]
    alone = [network(item)[0] for item in items]
    padded = SpeechFeatures(
        content=torch.cat([torch.nn.functional.pad(i.content, (0, 0, 0, 48 - i.content.shape[1])) for i in items]),
        pitch=torch.cat([torch.nn.functional.pad(i.pitch, (0, 48 - i.pitch.shape[1])) for i in items]),
        blink=torch.cat([torch.nn.functional.pad(i.blink, (0, 24 - i.blink.shape[1])) for i in items]),
        mouth_amp=torch.ones(3),
        eye_amp=torch.ones(3),
        inside=torch.tensor([[t < n for t in range(24)] for n in (5, 13, 24)]),
    )
    together = network(padded)
    for one, many, frames in zip(alone, together, (5, 13, 24), strict=True):
        torch.testing.assert_close(many[:frames], one, atol=1e-5, rtol=1e-5)
        assert (many[frames:] == 0).all()


def test_what_stands_in_the_padding_does_not_matter(network, rng):
    speech = random_speech(rng, 1, 12)
    speech.inside[:, 7:] = False
    before = network(speech)
    speech.content[:, 14:] = 100.0
    speech.pitch[:, 14:] = 200
    torch.testing.assert_close(network(speech), before)


def test_masked_batch_norm_is_batch_norm_of_what_is_inside():
    torch.manual_seed(0)
    x = torch.randn(2, 3, 6)
    mask = torch.ones(2, 1, 6, dtype=torch.bool)
    mask[1, :, 4:] = False
    ours, theirs = MaskedBatchNorm(3), torch.nn.BatchNorm1d(3)
    flat = x.mT[mask[:, 0]]  # [10, 3]: positions inside, as a plain batch
    torch.testing.assert_close(ours(x, mask).mT[mask[:, 0]], theirs(flat))
    torch.testing.assert_close(ours.running_mean, theirs.running_mean)
    torch.testing.assert_close(ours.running_var, theirs.running_var)
    torch.testing.assert_close(ours.eval()(x, mask).mT[mask[:, 0]], theirs.eval()(flat))


def test_reach_bounds_what_a_frame_depends_on(network, rng):
    speech, frame = random_speech(rng, 1, 400), 200
    speech.content.requires_grad_()
    network(speech)[0, frame].sum().backward()
    heard = speech.content.grad[0].abs().sum(-1).nonzero()[:, 0] // 2
    assert network.past % 4 == 0
    assert heard.min() >= frame - network.past
    assert heard.max() <= frame + network.future


@pytest.mark.parametrize("frames", [7, 8, 9])
def test_what_follows_a_sequence_counts_as_quiet(rng, frames):
    network = tiny_network(look_ahead=5)
    network.content_low.fill_(-2.0)
    short = random_speech(rng, 1, frames)
    long = random_speech(rng, 1, 40)
    long.content[:, : 2 * frames], long.content[:, 2 * frames :] = short.content, -2.0
    long.pitch[:, : 2 * frames], long.pitch[:, 2 * frames :] = short.pitch, 1
    long.blink[:, :frames], long.blink[:, frames:] = short.blink, 0
    torch.testing.assert_close(network(short)[0], network(long)[0, :frames], atol=1e-5, rtol=1e-5)


def test_a_causal_convolution_by_hand():
    convolve = TimeConv(1, 1, 3, causal=True)
    torch.nn.init.ones_(convolve.weight)
    torch.nn.init.zeros_(convolve.bias)
    x = torch.tensor([[[1.0, 2.0, 4.0, 8.0]]])
    assert convolve(x).tolist() == [[[1, 3, 7, 14]]]  # sums of three up to here
    assert (convolve.past, convolve.future) == (2, 0)
    # stride 2, kernel 4: results at positions 0 and 2, each the sum of the last four
    slow = TimeConv(1, 1, 4, 2, causal=True)
    torch.nn.init.ones_(slow.weight)
    torch.nn.init.zeros_(slow.bias)
    assert slow(x).tolist() == [[[1, 7]]]
    both = TimeConv(1, 1, 4, 2)
    assert (both.past, both.future) == (1, 2)


@pytest.mark.parametrize(("rows", "expected"), [("linear", [1.5, 5.0]), ("nearest", [1.0, 4.0])])
def test_fifty_rows_become_twenty_five_frames(rows, expected):
    encoder = ConditionEncoder(1, 1, 1, 1, 0.0, rows=rows, pitch=False)
    assert encoder._to_frames(torch.tensor([[[1.0, 2.0, 4.0, 6.0]]])).tolist() == [[expected]]


def test_frames_whose_look_ahead_is_cut_off_do_not_count(rng):
    speech = random_speech(rng, 2, 8)
    speech.inside[1, 6:] = False
    known = speech.inside.clone()
    known[0, 0] = False
    batch = SpeechMotion(**vars(speech), expression=torch.zeros(2, 8, 64), known=known, closed=known)
    assert strip_padding(batch, tiny_network()).equal(known)
    assert strip_padding(batch, tiny_network(look_ahead=3)).tolist() == [
        [False] + [True] * 4 + [False] * 3,
        [True] * 3 + [False] * 5,
    ]
