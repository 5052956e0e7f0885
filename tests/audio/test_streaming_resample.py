"""Resampling in packets: equal to resampling at once, in time, clean, and hardly late."""

import numpy as np
import pytest
import soxr

from beavervision.audio.streaming_resample import StreamingResampler
from beavervision.errors import AudioError

PAIRS = [(48_000, 16_000), (44_100, 16_000), (24_000, 48_000), (16_000, 48_000), (8_000, 16_000), (16_000, 16_000)]


def packets(samples, sizes):
    start = 0
    while start < len(samples):
        size = next(sizes)
        yield samples[start : start + size]
        start += size


def resampled(samples, source, target, sizes):
    stream = StreamingResampler(source, target)
    return np.concatenate([*(stream.push(part) for part in packets(samples, sizes)), stream.finish()])


def random_sizes(seed):
    rng = np.random.default_rng(seed)
    while True:
        yield int(rng.integers(1, 900))


def whole():
    while True:
        yield 1 << 30


@pytest.mark.parametrize(("source", "target"), PAIRS)
def test_packets_of_any_size_give_the_same_sound(source, target):
    rng = np.random.default_rng(0)
    samples = rng.standard_normal(source // 2).astype(np.float32)
    at_once = resampled(samples, source, target, whole())
    np.testing.assert_allclose(resampled(samples, source, target, random_sizes(1)), at_once, atol=1e-5)
    assert len(at_once) == -(-len(samples) * target // source)


@pytest.mark.parametrize(("source", "target"), PAIRS[:-1])
def test_a_tone_stays_the_tone_and_its_phase(source, target):
    time_in, time_out = np.arange(source) / source, np.arange(target) / target
    tone = np.sin(2 * np.pi * 700 * time_in).astype(np.float32)
    made = resampled(tone, source, target, random_sizes(2))
    inside = slice(target // 10, -target // 10)
    assert np.abs(made - np.sin(2 * np.pi * 700 * time_out))[inside].max() < 2e-3


def test_what_16_khz_cannot_hold_is_gone():
    tone = np.sin(2 * np.pi * 10_000 * np.arange(48_000) / 48_000).astype(np.float32)
    made = resampled(tone, 48_000, 16_000, random_sizes(3))
    assert np.abs(made[1000:-1000]).max() < 1e-3
    reference = soxr.resample(tone, 48_000, 16_000)
    assert np.abs(reference[1000:-1000]).max() < 1e-3


@pytest.mark.parametrize(("source", "target"), PAIRS)
def test_it_holds_back_two_milliseconds_at_most(source, target):
    stream, given, size = StreamingResampler(source, target), 0, source // 50
    for index in range(50):
        given += len(stream.push(np.zeros(size, np.float32)))
        assert (index + 1) * size / source - given / target < 0.0025


def test_memory_is_flat():
    stream = StreamingResampler(44_100, 48_000)
    for _ in range(2000):
        stream.push(np.zeros(441, np.float32))
    assert len(stream._held) < 200


@pytest.mark.parametrize("rate", [0, -1, 7_999, 10**9])
def test_rates_that_no_sound_has(rate):
    with pytest.raises(AudioError, match="not supported"):
        StreamingResampler(rate, 16_000)
