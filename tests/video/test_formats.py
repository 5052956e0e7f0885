import io
from fractions import Fraction

import av
import numpy as np
import pytest
import soundfile

from beavervision.errors import BeaverError
from beavervision.video.encode import VideoWriter
from beavervision.video.formats import FORMATS, format_of
from beavervision.video.pictures import PictureWriter
from beavervision.video.pipe import PipeWriter
from beavervision.video.sound_feed import Pieces

SIZE = (48, 64)


def shaded(n: int, channels: int) -> list[np.ndarray]:
    """Frames of one colour each, opaque on the left and clear on the right."""
    frames = []
    for i in range(n):
        frame = np.zeros((*SIZE, channels), np.uint8)
        frame[..., :3] = (60 + 20 * i, 120, 90)
        if channels == 4:
            frame[..., 3] = np.linspace(255, 0, SIZE[1]).astype(np.uint8)
        frames.append(frame)
    return frames


def clicked(rate: int, seconds: float, at: float) -> list[np.ndarray]:
    """Sound in blocks of odd lengths with a click `at` seconds."""
    samples = np.zeros(round(rate * seconds), np.float32)
    samples[round(at * rate) : round(at * rate) + 4] = 0.9
    return np.split(samples, [7, 1000, 1001, 9999])


def film(path, frames, *, sound=None, fps=25.0, rate=48_000, **options) -> None:
    height, width, _ = frames[0].shape
    with VideoWriter(path, width, height, fps, sound, rate, **options) as writer:
        for frame in frames:
            writer.write(frame)


@pytest.mark.parametrize(
    ("suffix", "codecs", "leeway"),
    [(".mp4", ("h264", "aac"), 4), (".webm", ("vp9", "opus"), 40), (".mov", ("prores", "pcm_s16le"), 0)],
)
def test_every_format_holds_picture_and_sound(tmp_path, suffix, codecs, leeway):
    path = tmp_path / f"film{suffix}"
    film(path, shaded(5, 3), sound=clicked(48_000, 0.2, 0.1))
    with av.open(str(path)) as container:
        assert tuple(stream.codec_context.name for stream in container.streams) == codecs
        pictures = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    with av.open(str(path)) as container:
        heard = [(frame.pts * frame.time_base, frame.to_ndarray()) for frame in container.decode(audio=0)]
    assert heard[0][0] == 0
    sound = np.concatenate([part[0] for _, part in heard])
    assert abs(int(np.argmax(np.abs(sound.astype(float)))) - 4800) <= leeway
    assert len(pictures) == 5
    for picture, frame in zip(pictures, shaded(5, 3), strict=True):
        assert np.abs(picture.astype(int) - frame).max() <= 4


def test_webm_keeps_its_alpha_channel(tmp_path):
    frames = np.zeros((4, 48, 64, 4), np.uint8)
    frames[..., 0], frames[:, 10:30, 20:50, 3] = 200, 255
    film(tmp_path / "a.webm", frames, alpha=True)
    with av.open(tmp_path / "a.webm") as file:
        stream = file.streams.video[0]
        assert {name.lower(): value for name, value in stream.metadata.items()}["alpha_mode"] == "1"
        # FFmpeg's own decoder of VP9 passes the alpha channel over.
        decoder = av.CodecContext.create("libvpx-vp9", "r")
        read = [frame for packet in file.demux(stream) for frame in decoder.decode(packet)]
    assert [frame.format.name for frame in read] == ["yuva420p"] * 4
    shown = read[-1].to_ndarray(format="rgba")
    assert np.abs(shown[..., 3].astype(int) - frames[-1, ..., 3]).mean() < 2
    assert np.abs(shown[15:25, 25:45, 0].astype(int) - 200).max() < 12


def test_mov_keeps_opacity(tmp_path):
    frames = shaded(3, 4)
    film(tmp_path / "a.mov", frames, alpha=True)
    with av.open(str(tmp_path / "a.mov")) as container:
        stream = container.streams.video[0]
        assert stream.codec_context.codec_tag == "ap4h"  # ProRes 4444
        found = [frame.to_ndarray(format="rgba") for frame in container.decode(stream)]
    assert len(found) == 3
    for picture, frame in zip(found, frames, strict=True):
        assert np.abs(picture.astype(int) - frame).max() <= 4


@pytest.mark.parametrize("suffix", FORMATS)
def test_same_film_same_bytes(tmp_path, suffix):
    frames = list(np.random.default_rng(0).integers(0, 256, (4, *SIZE, 3), dtype=np.uint8))
    for name in "ab":
        film(tmp_path / f"{name}{suffix}", frames, sound=clicked(48_000, 0.16, 0.1))
    assert (tmp_path / f"a{suffix}").read_bytes() == (tmp_path / f"b{suffix}").read_bytes()


def test_picture_and_sound_do_not_drift_in_an_hour(tmp_path):
    """An hour at 2000/1001 frames a second with sound in minutes: both ends lie where the clock says, within 1 ms."""
    rate, fps, minutes = 8000, Fraction(2000, 1001), 60
    n_frames = int(60 * minutes * fps)
    sound = (np.zeros(60 * rate, np.float32) for _ in range(minutes))
    blank = np.zeros((16, 16, 3), np.uint8)
    with VideoWriter(tmp_path / "hour.mp4", 16, 16, float(fps), sound, rate, preset="ultrafast") as writer:
        for _ in range(n_frames):
            writer.write(blank)
    with av.open(str(tmp_path / "hour.mp4")) as container:
        ends = {"video": 0.0, "audio": 0.0}
        for packet in container.demux():
            if packet.pts is not None:
                end = float((packet.pts + packet.duration) * packet.time_base)
                ends[packet.stream.type] = max(ends[packet.stream.type], end)
    assert ends["video"] == pytest.approx(float(n_frames / fps), abs=1e-3)
    assert ends["audio"] == pytest.approx(3600.0, abs=1e-3)


def test_sound_may_end_with_the_picture(tmp_path):
    with VideoWriter(tmp_path / "a.mov", 64, 48, 25, clicked(48_000, 2.0, 0.1), 48_000) as writer:
        for frame in shaded(5, 3):
            writer.write(frame)
        writer.cut_sound = True
    with av.open(str(tmp_path / "a.mov")) as container:
        assert sum(frame.samples for frame in container.decode(audio=0)) == 9600  # 5 / 25 s at 48 kHz


def test_sound_is_drawn_block_by_block(tmp_path):
    drawn = []

    def blocks():
        for i in range(100):
            drawn.append(i)
            yield np.zeros(4800, np.float32)

    with VideoWriter(tmp_path / "a.mov", 64, 48, 25, blocks(), 48_000) as writer:
        writer.write(shaded(1, 3)[0])
        assert len(drawn) <= 1  # 40 ms of 100 ms blocks
        writer.cut_sound = True


def test_pieces_by_hand():
    pieces = Pieces([np.arange(3.0), np.zeros(0), np.arange(3.0, 7.0)])
    assert pieces.take(2).tolist() == [0, 1]
    assert pieces.take(4).tolist() == [2, 3, 4, 5]
    assert pieces.take(4).tolist() == [6]
    assert pieces.take(4).tolist() == []


@pytest.mark.parametrize("channels", [3, 4])
def test_a_pipe_gets_every_pixel(channels):
    pipe = io.BytesIO()
    frames = list(np.random.default_rng(0).integers(0, 256, (4, 47, 63, channels), dtype=np.uint8))
    with PipeWriter(pipe, 63, 47, 25, clicked(16_000, 0.16, 0.05), 16_000, alpha=channels == 4) as writer:
        for frame in frames:
            writer.write(frame)
    with av.open(io.BytesIO(pipe.getvalue())) as container:
        layout = "rgba" if channels == 4 else "rgb24"
        found = [frame.to_ndarray(format=layout) for frame in container.decode(video=0)]
    np.testing.assert_array_equal(np.stack(found), np.stack(frames))
    with av.open(io.BytesIO(pipe.getvalue())) as container:
        sound = np.concatenate([frame.to_ndarray()[0] for frame in container.decode(audio=0)])
    assert len(sound) == 2560
    assert int(np.argmax(np.abs(sound.astype(int)))) == 800


class Closed(io.RawIOBase):
    def write(self, data):
        raise BrokenPipeError(32, "Broken pipe")


def test_a_reader_that_went_away_is_told():
    def play():
        with PipeWriter(Closed(), 64, 48, 25) as writer:
            for frame in shaded(50, 3):
                writer.write(frame)

    with pytest.raises(BeaverError, match="out=- is read no more"):
        play()


def picture_film(out, frames, **options) -> None:
    height, width, channels = frames[0].shape
    with PictureWriter(out, width, height, 25, alpha=channels == 4, **options) as writer:
        for frame in frames:
            writer.write(frame)


def test_numbered_pictures_with_opacity_and_sound(tmp_path):
    from PIL import Image

    frames = shaded(3, 4)
    picture_film(tmp_path / "takes" / "%04d.png", frames, audio=clicked(16_000, 0.12, 0.05), audio_rate=16_000)
    names = ["0000.png", "0001.png", "0002.png", "sound.wav"]
    assert sorted(path.name for path in (tmp_path / "takes").iterdir()) == names
    for name, frame in zip(names, frames, strict=False):
        np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "takes" / name)), frame)
    sound, rate = soundfile.read(tmp_path / "takes" / "sound.wav")
    assert (rate, len(sound), int(np.argmax(np.abs(sound)))) == (16_000, 1920, 800)


def test_an_earlier_film_is_replaced_whole(tmp_path):
    picture_film(tmp_path / "takes", shaded(5, 3))
    picture_film(tmp_path / "takes", shaded(2, 3))
    assert sorted(path.name for path in (tmp_path / "takes").iterdir()) == ["00000.png", "00001.png"]


def test_pictures_never_cost_a_users_file(tmp_path):
    (tmp_path / "takes").mkdir()
    (tmp_path / "takes" / "holiday.png").write_text("precious")
    with pytest.raises(BeaverError, match=r"holds holiday\.png, which would be lost"):
        picture_film(tmp_path / "takes", shaded(1, 3))
    assert (tmp_path / "takes" / "holiday.png").read_text() == "precious"
    assert [path.name for path in tmp_path.iterdir()] == ["takes"]


def test_failed_pictures_leave_nothing(tmp_path):
    def fail():
        with PictureWriter(tmp_path / "takes", 64, 48, 25) as writer:
            writer.write(shaded(1, 3)[0])
            raise RuntimeError("stopped")

    with pytest.raises(RuntimeError, match="stopped"):
        fail()
    assert list(tmp_path.iterdir()) == []


def test_unknown_suffix_is_told_with_what_there_is():
    with pytest.raises(BeaverError, match=r"film\.avi ends in none of \.mp4, \.webm, \.mov"):
        format_of("film.avi")


def test_one_picture_is_no_film(tmp_path):
    with pytest.raises(BeaverError, match=r"out=.*%05d\.png"):
        PictureWriter(tmp_path / "film.png", 64, 48, 25)
