import av
import numpy as np
import pytest
import soundfile

from beavervision.audio.waveform import (
    Waveform,
    load_waveform,
    loudest_db,
    require_speech,
    save_waveform,
)
from beavervision.errors import BeaverError


def tone(rate, seconds=1.0, hertz=440.0, amplitude=0.5):
    return (amplitude * np.sin(2 * np.pi * hertz * np.arange(int(rate * seconds)) / rate)).astype(np.float32)


def encode(path, samples, rate, codec):
    """samples [C,N] float32"""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=rate, layout="mono" if len(samples) == 1 else "stereo")
        frame = av.AudioFrame.from_ndarray(samples, format="fltp", layout=stream.layout.name)
        frame.sample_rate, frame.pts = rate, 0
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            container.mux(packet)


def test_save_then_load_keeps_samples_to_16_bits(tmp_path):
    wave = Waveform(tone(16000), 16000)
    save_waveform(tmp_path / "a" / "x.wav", wave)
    again = load_waveform(tmp_path / "a" / "x.wav")
    assert again.rate == 16000
    assert again.samples.dtype == np.float32
    np.testing.assert_allclose(again.samples, wave.samples, atol=1 / 32768)
    assert [p.name for p in (tmp_path / "a").iterdir()] == ["x.wav"]


@pytest.mark.parametrize("suffix", ["wav", "flac", "ogg"])
@pytest.mark.parametrize("rate", [8000, 22050, 48000])
def test_resamples_and_mixes_to_mono(tmp_path, suffix, rate):
    left = tone(rate)
    path = tmp_path / f"x.{suffix}"
    soundfile.write(path, np.stack([left, np.zeros_like(left)], 1), rate)
    wave = load_waveform(path)
    assert len(wave.samples) == 16000
    expected = tone(16000) / 2  # the mean of a tone and silence
    np.testing.assert_allclose(wave.samples[800:-800], expected[800:-800], atol=0.02)


def test_many_blocks_join_without_seams(tmp_path):
    rate = 44100
    soundfile.write(tmp_path / "x.wav", tone(rate, seconds=5.0), rate, subtype="FLOAT")  # four blocks
    samples = load_waveform(tmp_path / "x.wav").samples
    assert len(samples) == 80000
    np.testing.assert_allclose(samples[800:-800], tone(16000, seconds=5.0)[800:-800], atol=1e-4)


@pytest.mark.parametrize(("name", "codec"), [("x.m4a", "aac"), ("x.mp4", "aac"), ("x.wav", "aac")])
def test_decodes_compressed_sound_whatever_its_name(tmp_path, name, codec):
    made = tmp_path / "made.m4a"
    encode(made, np.stack([tone(44100)] * 2), 44100, codec)
    made.rename(tmp_path / name)
    wave = load_waveform(tmp_path / name)
    assert abs(len(wave.samples) - 16000) <= 1024 * 16000 / 44100 + 1  # padded to whole AAC frames of 1024
    np.testing.assert_allclose(wave.samples[2000:14000], tone(16000)[2000:14000], atol=0.03)


def test_bad_input_is_named(tmp_path):
    (tmp_path / "empty.wav").touch()
    (tmp_path / "text.wav").write_text("this is no sound at all, however long one looks at it")
    soundfile.write(tmp_path / "none.wav", np.zeros(0, np.float32), 16000)
    soundfile.write(tmp_path / "nan.wav", np.full(100, np.nan, np.float32), 16000, subtype="FLOAT")
    for name, says in [
        ("missing.wav", "does not exist"),
        ("empty.wav", "0 bytes"),
        ("text.wav", "cannot be decoded"),
        ("none.wav", "0 samples"),
        ("nan.wav", "not numbers"),
    ]:
        with pytest.raises(BeaverError, match=says) as caught:
            load_waveform(tmp_path / name)
        assert name in str(caught.value)


def test_video_without_sound_is_refused(tmp_path):
    path = tmp_path / "mute.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.width, stream.height, stream.pix_fmt = 32, 32, "yuv420p"
        frame = av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8), format="rgb24")
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            container.mux(packet)
    with pytest.raises(BeaverError, match="no sound"):
        load_waveform(path)


def test_unwritable_place_is_named_and_left_clean(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(BeaverError, match="cannot be written"):
        save_waveform(tmp_path / "file" / "x.wav", Waveform(tone(16000), 16000))
    assert (tmp_path / "file").read_text() == ""


def test_loudness_of_a_sine_is_its_rms():
    # a full-scale sine has RMS 1/sqrt(2): -3.01 dB; 10 whole periods fit 30 ms at 1 kHz / 3
    assert loudest_db(Waveform(tone(16000, hertz=1000, amplitude=1.0), 16000)) == pytest.approx(-3.01, abs=0.01)
    assert loudest_db(Waveform(np.zeros(100, np.float32), 16000)) == -np.inf


def test_silence_is_refused_and_speech_level_is_not():
    with pytest.raises(BeaverError, match=r"quiet\.wav is silent"):
        require_speech(Waveform(tone(16000, amplitude=1e-4), 16000), "quiet.wav")
    quiet_then_speech = np.concatenate([np.zeros(32000, np.float32), tone(16000, seconds=0.1, amplitude=0.05)])
    require_speech(Waveform(quiet_then_speech, 16000), "ok.wav")


@pytest.mark.parametrize("place", [0.4, 0.7])
def test_a_damaged_flac_gives_what_can_be_read(tmp_path, rng, place):
    path = tmp_path / "a.flac"
    soundfile.write(path, rng.uniform(-0.5, 0.5, 200_000), 16_000)
    content = bytearray(path.read_bytes())
    begin = int(place * len(content))
    content[begin : begin + 20_000] = bytes(20_000)
    path.write_bytes(content)
    found = load_waveform(path).samples
    assert np.isfinite(found).all()
    assert len(found) < 200_000
