"""Sound of any codec, channels and beginning is heard when it truly sounds."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile

from beavervision.audio.decode import mono
from beavervision.audio.waveform import load_waveform
from beavervision.video.probe import probe

BURST = 0.02
"""Seconds of the tone whose middle is looked for."""


def write(path: Path, codec: str, layout: str, begin: float, burst_at: float, hole: float = 0.0, rate=48_000) -> Path:
    """A film of 1.2 s whose sound begins at `begin` s and holds a tone burst at `burst_at` s, in the centre if any."""
    channels = [channel.name for channel in av.AudioLayout(layout).channels]
    samples = np.zeros((len(channels), rate), np.float32)
    time = np.arange(round(BURST * rate)) / rate
    tone = 0.9 * np.sin(2 * np.pi * 600 * time) * np.hanning(len(time))
    first = round((burst_at - begin - hole) * rate)
    samples[channels.index("FC") if "FC" in channels else slice(None), first : first + len(time)] = tone
    with av.open(str(path), "w") as container:
        picture = container.add_stream("libvpx-vp9" if path.suffix == ".webm" else "mpeg4", 25)
        picture.width, picture.height, picture.pix_fmt = 32, 32, "yuv420p"
        stream = container.add_stream(codec, rate)
        stream.codec_context.layout = layout
        packets = []
        for _ in range(30):
            packets += picture.encode(av.VideoFrame(32, 32, "yuv420p"))
        packets += picture.encode(None)
        convert = av.AudioResampler(format=stream.codec_context.codec.audio_formats[0].name, layout=layout, rate=rate)
        whole = av.AudioFrame.from_ndarray(samples, format="fltp", layout=layout)
        whole.sample_rate = rate
        fifo = av.AudioFifo()
        for frame in convert.resample(whole):
            frame.pts = None
            fifo.write(frame)
        size, done = stream.codec_context.frame_size or 1024, 0
        while (frame := fifo.read(size) or fifo.read(size, partial=True)) is not None:
            late = hole if done > rate // 10 else 0.0
            frame.pts, frame.time_base = round((begin + late) * rate) + done, Fraction(1, rate)
            done += frame.samples
            packets += stream.encode(frame)
        packets += stream.encode(None)
        for packet in sorted(packets, key=lambda packet: float((packet.dts or 0) * packet.time_base)):
            container.mux(packet)
    return path


def heard_at(path: Path) -> float:
    """Seconds after the first picture at which the burst is in its middle."""
    samples = load_waveform(path).samples
    loud = np.convolve(np.abs(samples), np.ones(320), "same")
    return float(loud.argmax()) / 16_000 + probe(path).audio_start - probe(path).start


@pytest.mark.parametrize("begin", [0.0, 0.3])
@pytest.mark.parametrize(
    ("suffix", "codec", "layout"),
    [
        ("mp4", "aac", "mono"), ("mp4", "aac", "5.1"), ("mov", "pcm_s16le", "stereo"), ("mov", "alac", "stereo"),
        ("mkv", "flac", "5.1"), ("mkv", "libopus", "5.1"), ("webm", "libopus", "mono"), ("mp4", "libmp3lame", "stereo"),
        ("mp4", "ac3", "5.1(side)"), ("mkv", "eac3", "5.1(side)"), ("mkv", "pcm_s24le", "stereo"),
        ("ts", "aac", "stereo"),
    ],
)  # fmt: skip
def test_every_sound_is_heard_when_it_sounds(tmp_path, suffix, codec, layout, begin):
    path = write(tmp_path / f"a.{suffix}", codec, layout, begin, 0.6)
    assert heard_at(path) == pytest.approx(0.6 + BURST / 2, abs=4e-3)
    assert probe(path).audio_start == pytest.approx(begin, abs=0.03)  # what precedes it is the encoder's priming
    # mono and stereo keep their level, the centre of 5.1 loses 3 dB
    expected = 0.9 * (0.5**0.5 if "5.1" in layout else 1.0)
    assert np.abs(load_waveform(path).samples).max() == pytest.approx(expected, rel=0.12)


def test_mixes_by_hand():
    left, right, centre, deep, behind = 0.2, -0.4, 0.5, 0.9, 0.1
    assert mono(np.array([[left], [right]], np.float32), ["FL", "FR"])[0] == pytest.approx(-0.1)
    surround = np.array([[left], [right], [centre], [deep], [behind], [behind]], np.float32)
    # 0.5 (0.2 - 0.4) + 0.7071 x 0.5 + 0 x 0.9 + 0.3536 x (0.1 + 0.1) = -0.1 + 0.3536 + 0.0707
    mixed = mono(surround, ["FL", "FR", "FC", "LFE", "BL", "BR"])
    assert mixed[0] == pytest.approx(0.3243, abs=1e-4)
    assert mono(surround, ["NONE"] * 6)[0] == pytest.approx(mixed[0])  # the usual order
    assert mono(surround[:5], ["NONE"] * 5)[0] == pytest.approx(surround[:5].mean())


@pytest.mark.parametrize("channels", [6, 8])
def test_a_surround_wav_is_mixed_like_any_other(tmp_path, channels):
    samples = np.zeros((4800, channels), np.float32)
    samples[:, 2] = 0.5  # WAV's third channel is the centre
    soundfile.write(tmp_path / "a.wav", samples, 48_000)
    assert np.median(load_waveform(tmp_path / "a.wav").samples) == pytest.approx(0.5 * 0.5**0.5, abs=2e-3)


def test_a_hole_in_the_time_stamps_is_silence(tmp_path):
    path = write(tmp_path / "a.mkv", "pcm_s16le", "mono", 0.0, 0.9, hole=0.25)
    assert heard_at(path) == pytest.approx(0.9 + BURST / 2, abs=4e-3)
    assert load_waveform(path).duration == pytest.approx(1.25, abs=2e-3)


def test_sound_that_breaks_off_is_heard_as_far_as_it_goes(tmp_path):
    content = write(tmp_path / "a.mkv", "pcm_s16le", "mono", 0.0, 0.3).read_bytes()
    (tmp_path / "cut.mkv").write_bytes(content[: len(content) * 3 // 4])
    assert heard_at(tmp_path / "cut.mkv") == pytest.approx(0.3 + BURST / 2, abs=4e-3)
    assert 0.4 < load_waveform(tmp_path / "cut.mkv").duration < 1.0
