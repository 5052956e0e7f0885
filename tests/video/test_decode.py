import numpy as np
import pytest

from beavervision.errors import BeaverError
from beavervision.video.decode import count, read_frames
from beavervision.video.probe import probe

STEP = 8  # as in conftest.py: frame i is grey of level STEP * (i + 1)


def numbers(frames) -> list[int]:
    """Return which source frame each decoded frame shows."""
    return [round(float(frame.rgb.mean()) / STEP) - 1 for frame in frames]


def test_constant_rate_gives_every_frame_once(make_video):
    path = make_video("a.mp4", [i / 25 for i in range(10)])
    frames = list(read_frames(path))
    assert numbers(frames) == list(range(10))
    assert [f.index for f in frames] == list(range(10))
    np.testing.assert_allclose([f.time for f in frames], np.arange(10) / 25)


def test_matroska_rounds_times_to_milliseconds_and_no_frame_slips(make_video):
    path = make_video("a.mkv", [i / 30 for i in range(20)], rate=30)
    assert numbers(read_frames(path, 30)) == list(range(20))


def test_variable_rate_is_resampled_by_time(make_video):
    # Frames at 0, 33, 100, 133, 200 ms; ticks at 0, 40, 80, 120, 160, 200 ms show the frame at or before.
    path = make_video("a.mp4", [0, 1 / 30, 3 / 30, 4 / 30, 6 / 30])
    assert numbers(read_frames(path, 25))[:6] == [0, 1, 1, 2, 3, 4]


def test_halved_rate_keeps_every_second_frame(make_video):
    path = make_video("a.mp4", [i / 50 for i in range(20)], rate=50)
    assert numbers(read_frames(path, 25)) == list(range(0, 20, 2))


def test_before_the_first_frame_the_first_is_shown(make_video):
    # Sound from 0, picture from 0.1 s: time zero is the sound's; ticks 0, 1, 2 (0, 40, 80 ms) show frame 0.
    path = make_video("a.mp4", [0.1 + i / 25 for i in range(8)], audio=(0.0, 0.5))
    info = probe(path)
    assert info.start == pytest.approx(0.1, abs=1e-3)
    assert info.audio_start == pytest.approx(0.0, abs=1e-3)
    # Tick 3 at 120 ms still shows frame 0 (100 ms); tick 4 at 160 ms shows frame 1 (140 ms).
    assert numbers(read_frames(path, 25))[:6] == [0, 0, 0, 0, 1, 2]


def test_sound_that_begins_later_leaves_time_zero_with_the_picture(make_video):
    path = make_video("a.mp4", [i / 25 for i in range(8)], audio=(0.2, 0.3))
    info = probe(path)
    # AAC's 1024 samples of priming precede the sound given: 0.2 - 1024 / 16000 s.
    assert (info.start, info.audio_start) == (pytest.approx(0.0, abs=1e-3), pytest.approx(0.136, abs=1e-3))
    assert numbers(read_frames(path, 25)) == list(range(8))


@pytest.mark.parametrize("start", [0.4, 3.2])
def test_part_equals_the_same_part_of_the_whole(make_video, start):
    times = [i / 10 for i in range(31)] + [3.1 + i / 10 for i in range(10)]
    pictures = [np.full((48, 64, 3), 5 * (i + 1), np.uint8) for i in range(len(times))]
    path = make_video("a.mp4", times, pictures=pictures)
    whole = {round(f.time, 6): f.rgb for f in read_frames(path, 10)}
    part = list(read_frames(path, 10, start, start + 0.5))
    assert [f.index for f in part] == list(range(5))
    for frame in part:
        np.testing.assert_array_equal(frame.rgb, whole[round(frame.time, 6)])


def test_rotation_is_applied(make_video):
    # Stored 64x48 with a bright right half; turned 90 degrees counter-clockwise, right becomes top.
    picture = np.zeros((48, 64, 3), np.uint8)
    picture[:, 32:] = 200
    path = make_video("a.mp4", [0, 0.04], rotation=90, pictures=[picture, picture])
    info = probe(path)
    frame = next(iter(read_frames(path)))
    turned = np.rot90(picture, info.rotation // 90)
    assert (info.width, info.height, info.rotation % 180) == (48, 64, 90)
    assert frame.rgb.shape == (64, 48, 3)
    np.testing.assert_allclose(frame.rgb.astype(int), turned, atol=12)


def test_a_phones_portrait_video_stands_upright(make_video):
    # The container's convention, spelt out: display rotation -90 = turn the stored picture clockwise.
    picture = np.zeros((48, 64, 3), np.uint8)
    picture[:, :32] = 200
    path = make_video("a.mp4", [0, 0.04], rotation=-90, pictures=[picture, picture])
    rgb = next(iter(read_frames(path))).rgb
    assert rgb[:30].mean() > 190
    assert rgb[34:].mean() < 10


def test_anamorphic_pixels_are_made_square(make_video):
    path = make_video("a.mp4", [0, 0.04], pixel_ratio=2)
    assert (probe(path).width, probe(path).height) == (128, 48)
    assert next(iter(read_frames(path))).rgb.shape == (48, 128, 3)


@pytest.mark.parametrize(
    ("codec", "pix_fmt", "size"),
    [("hevc", "yuv420p10le", (64, 48)), ("ffv1", "yuv444p", (63, 47)), ("ffv1", "yuv422p10le", (64, 48))],
)
def test_codecs_depths_and_odd_sizes(make_video, codec, pix_fmt, size):
    path = make_video("a.mkv", [i / 25 for i in range(5)], codec=codec, pix_fmt=pix_fmt, size=size)
    frames = list(read_frames(path, 25))
    assert frames[0].rgb.shape == (size[1], size[0], 3)
    assert frames[0].rgb.dtype == np.uint8
    assert numbers(frames) == list(range(5))


def test_one_frame_at_a_time(make_video):
    path = make_video("a.mp4", [i / 25 for i in range(10)])
    frames = read_frames(path)
    assert next(frames).index == 0
    frames.close()


def test_count_by_hand(make_video):
    info = probe(make_video("a.mp4", [i / 25 for i in range(10)]))
    assert info.duration == pytest.approx(0.4, abs=1e-2)
    assert count(info, 25) == 10
    assert count(info, 50) == 20
    assert count(info, 25, 0.1) == 8  # ticks at 0.1, 0.14 .. 0.38
    assert count(info, 25, 0.1, 0.2) == 3  # 0.1, 0.14, 0.18
    assert count(info, 25, 0.5) == 0


def test_start_behind_the_end_is_refused(make_video):
    path = make_video("a.mp4", [i / 25 for i in range(10)])
    with pytest.raises(BeaverError, match=r"data\.start"):
        next(read_frames(path, 25, 9.0))
