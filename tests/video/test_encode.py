import av
import numpy as np
import pytest

from beavervision.errors import BeaverError
from beavervision.video.decode import read_frames
from beavervision.video.encode import VideoWriter
from beavervision.video.probe import probe


def clicks(n: int, at: list[int]) -> np.ndarray:
    samples = np.zeros(n, np.float32)
    for i in at:
        samples[i : i + 4] = 0.9
    return samples


def write(path, frames, fps=25, **options) -> None:
    height, width, _ = frames[0].shape
    with VideoWriter(path, width, height, fps, **options) as writer:
        for frame in frames:
            writer.write(frame)


def flat(n, colour=(90, 120, 60), size=(48, 64)) -> list[np.ndarray]:
    return [np.full((*size, 3), colour, np.uint8) for _ in range(n)]


def test_plays_everywhere(tmp_path):
    path = tmp_path / "a.mp4"
    write(path, flat(10), audio=clicks(6400, [0]))
    with av.open(str(path)) as container:
        frame = next(container.decode(video=0))
        assert container.streams.video[0].codec_context.name == "h264"
        assert container.streams.audio[0].codec_context.name == "aac"
        assert (frame.format.name, frame.colorspace, frame.color_primaries, frame.color_trc) == ("yuv420p", 1, 1, 1)
    raw = path.read_bytes()
    assert raw.index(b"moov") < raw.index(b"mdat")  # the index comes first: playback starts before the end
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("colour", [(255, 0, 0), (0, 255, 0), (0, 0, 255), (180, 140, 120)])
def test_colours_return(tmp_path, colour):
    write(tmp_path / "a.mp4", flat(3, colour))
    rgb = next(read_frames(tmp_path / "a.mp4")).rgb
    np.testing.assert_allclose(rgb.reshape(-1, 3).astype(int), np.tile(colour, (48 * 64, 1)), atol=3)


@pytest.mark.parametrize("fps", [25, 29.97, 30000 / 1001, 50])
def test_frames_and_rate(tmp_path, fps):
    write(tmp_path / "a.mp4", flat(12), fps)
    info = probe(tmp_path / "a.mp4")
    assert info.fps == pytest.approx(fps, rel=1e-4)
    assert len(list(read_frames(tmp_path / "a.mp4"))) == 12


def test_odd_sizes_are_padded_by_the_border(tmp_path):
    frame = np.zeros((47, 63, 3), np.uint8)
    frame[:, 40:] = 200
    write(tmp_path / "a.mp4", [frame] * 3)
    rgb = next(read_frames(tmp_path / "a.mp4")).rgb
    assert rgb.shape == (48, 64, 3)
    assert rgb[:, 63].mean() > 190


@pytest.mark.parametrize("rate", [16_000, 48_000])
def test_sound_is_exact_at_the_start_and_as_long_as_given(tmp_path, rate):
    samples = clicks(rate + 333, [rate // 2])
    write(tmp_path / "a.mp4", flat(25), audio=samples, audio_rate=rate)
    with av.open(str(tmp_path / "a.mp4")) as container:
        stream = container.streams.audio[0]
        assert stream.duration * stream.time_base * rate == pytest.approx(
            len(samples), abs=rate / 1000
        )  # mp4 counts in ms
        first, *rest = list(container.decode(stream))
        assert first.pts == 0
        sound = np.concatenate([f.to_ndarray()[0] for f in (first, *rest)])
    assert abs(int(np.argmax(np.abs(sound))) - rate // 2) <= 4


def test_sound_longer_than_the_picture_is_kept(tmp_path):
    write(tmp_path / "a.mp4", flat(5), audio=clicks(16_000, [15_000]))
    with av.open(str(tmp_path / "a.mp4")) as container:
        sound = np.concatenate([f.to_ndarray()[0] for f in container.decode(audio=0)])
    assert abs(int(np.argmax(np.abs(sound))) - 15_000) <= 4


def test_failure_leaves_nothing_and_keeps_what_was_there(tmp_path):
    path = tmp_path / "a.mp4"
    path.write_text("precious")

    def fail():
        with VideoWriter(path, 64, 48, 25) as writer:
            writer.write(np.zeros((48, 64, 3), np.uint8))
            raise RuntimeError("stopped")

    with pytest.raises(RuntimeError, match="stopped"):
        fail()
    assert list(tmp_path.iterdir()) == [path]
    assert path.read_text() == "precious"


def test_wrong_size_is_a_bug(tmp_path):
    with pytest.raises(ValueError, match=r"48, 65"), VideoWriter(tmp_path / "a.mp4", 64, 48, 25) as writer:
        writer.write(np.zeros((48, 65, 3), np.uint8))


def test_unwritable_folder(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(BeaverError, match="out="):
        VideoWriter(tmp_path / "file" / "a.mp4", 64, 48, 25)


def test_same_frames_same_bytes(tmp_path):
    frames = list(np.random.default_rng(0).integers(0, 256, (6, 48, 64, 3), dtype=np.uint8))
    for name in "ab":
        write(tmp_path / f"{name}.mp4", frames, audio=clicks(3840, [500]))
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()
