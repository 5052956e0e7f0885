"""Files as cameras, phones, broadcasters and broken downloads leave them."""

from pathlib import Path

import av
import numpy as np
import pytest
from av.stream import Disposition
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc
from films import CLOCK, FRAME, Film, make, picture

from beavervision.errors import BeaverError
from beavervision.video.decode import read_frames
from beavervision.video.probe import probe


def encode(path: Path, frames: list[av.VideoFrame], codec="ffv1", options=None, then=lambda stream: None) -> Path:
    """Frames at 25 a second, as they are."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, 25, options)
        first = frames[0]
        stream.width, stream.height, stream.pix_fmt = first.width, first.height, first.format.name
        stream.codec_context.time_base = FRAME
        then(stream)
        for i, frame in enumerate(frames):
            frame.pts, frame.time_base = i, FRAME
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def coloured(rgb: np.ndarray, pix_fmt: str = "yuv420p") -> av.VideoFrame:
    return av.VideoFrame.from_ndarray(rgb, format="rgb24").reformat(format=pix_fmt)


QUARTERS = np.zeros((48, 64, 3), np.uint8)
QUARTERS[:24, :32], QUARTERS[:24, 32:] = (200, 40, 40), (40, 200, 40)
QUARTERS[24:, :32], QUARTERS[24:, 32:] = (40, 40, 200), (200, 200, 40)


@pytest.mark.parametrize("turn", [90, 180, -90])
@pytest.mark.parametrize("suffix", ["mp4", "mov", "mkv"])
def test_rotation_tags_are_obeyed(tmp_path, suffix, turn):
    # A display rotation of `turn` degrees is counter-clockwise, and so is np.rot90.
    options = {"crf": "4"}
    path = encode(
        tmp_path / f"a.{suffix}", [coloured(QUARTERS)] * 3, "libx264", options, lambda s: s.set_display_rotation(turn)
    )
    rgb = next(read_frames(path)).rgb
    expected = np.rot90(QUARTERS, turn // 90)
    assert rgb.shape == expected.shape == (probe(path).height, probe(path).width, 3)
    corners = np.ix_([8, -8], [8, -8])
    np.testing.assert_allclose(rgb[corners].astype(int), expected[corners], atol=16)


@pytest.mark.parametrize(
    ("codec", "suffix", "size", "pix_fmt"),
    [
        ("libvpx-vp9", "webm", (63, 47), "yuv420p"),
        ("ffv1", "avi", (51, 33), "bgr0"),
        ("prores_ks", "mov", (62, 46), "yuva444p10le"),
        ("libx264", "mkv", (64, 46), "yuv422p10le"),
        ("mpeg4", "avi", (63, 47), "yuv420p"),
        ("mpeg4", "mp4", (3840, 2160), "yuv420p"),
    ],
)
def test_odd_sizes_deep_pixels_opacity_and_4k(tmp_path, codec, suffix, size, pix_fmt):
    rgb = np.full((size[1], size[0], 3), (180, 90, 60), np.uint8)
    path = encode(tmp_path / f"a.{suffix}", [coloured(rgb, pix_fmt)] * 2, codec)
    frames = list(read_frames(path))
    assert len(frames) == 2
    assert frames[0].rgb.shape == rgb.shape
    np.testing.assert_allclose(np.median(frames[0].rgb, axis=(0, 1)), (180, 90, 60), atol=8)


def light(value: float, trc: ColorTrc) -> av.VideoFrame:
    """Even grey of a signal value in [0, 1], BT.2020, ten bits, full range."""
    frame = av.VideoFrame.from_ndarray(np.full((16, 16, 3), round(value * 65535), np.uint16), format="rgb48le")
    frame = frame.reformat(format="yuv444p10le", dst_colorspace=Colorspace.ITU601, dst_color_range=ColorRange.JPEG)
    frame.color_trc, frame.color_primaries = int(trc), int(ColorPrimaries.BT2020)
    frame.colorspace = 9  # BT.2020, non-constant luminance; a grey is the same in every matrix
    return frame


def test_hdr_shows_paper_white_and_mid_grey_where_screens_do(tmp_path):
    # BT.2408: paper white of 203 cd/m2 is 0.58 in PQ and 0.75 in HLG. What is shown of it:
    # 0.65 + 0.35 (1 - exp(-1)) = 0.871 of a screen's light, sRGB 0.941 = 240. 18 % of that light, 36.5 cd/m2, is
    # 0.411 in PQ and (36.5 / 1000)^(1 / 1.2) = 0.0634 of the scene, sqrt(3 * 0.0634) = 0.436 in HLG;
    # below the knee it stays what it is: sRGB of 0.18 = 0.461 = 118.
    for trc, name, white, grey in (
        (ColorTrc.SMPTE2084, "pq", 0.5807, 0.4109),
        (ColorTrc.ARIB_STD_B67, "hlg", 0.75, 0.4362),
    ):

        def tag(stream, trc=trc):
            stream.codec_context.color_trc, stream.codec_context.color_range = int(trc), int(ColorRange.JPEG)
            stream.codec_context.color_primaries, stream.codec_context.colorspace = int(ColorPrimaries.BT2020), 9

        frames = [light(value, trc) for value in (white, grey, 0.0, 1.0)]
        path = encode(tmp_path / f"{name}.mkv", frames, "ffv1", None, tag)
        assert probe(path).transfer == name
        shown = [frame.rgb.reshape(-1, 3).mean(axis=0) for frame in read_frames(path)]
        np.testing.assert_allclose(shown[0], 240, atol=2)
        np.testing.assert_allclose(shown[1], 118, atol=3)
        np.testing.assert_allclose(shown[2], 0, atol=1)
        assert (shown[3] >= 254).all()


@pytest.mark.parametrize("codec", ["ffv1", "libx265"])
def test_hdr_keeps_colours(tmp_path, codec):
    """Skin, jumper and leaf below the knee return as they would look in ordinary footage."""
    shown = np.array([[200, 150, 125], [60, 105, 130], [70, 130, 60], [150, 62, 48]]) / 255
    linear_709 = np.where(shown <= 0.04045, shown / 12.92, ((shown + 0.055) / 1.055) ** 2.4)
    # BT.2087's matrix from BT.709 to BT.2020, PQ of the light (1 = 203 cd/m2), BT.2020's luma and colour differences.
    to_2020 = np.array([[0.6274, 0.3293, 0.0433], [0.0691, 0.9195, 0.0114], [0.0164, 0.0880, 0.8956]])
    power = np.power(linear_709 @ to_2020.T * 203 / 10_000, 0.1593017578125)
    red, green, blue = (((0.8359375 + 18.8515625 * power) / (1 + 18.6875 * power)) ** 78.84375).T
    luma = 0.2627 * red + 0.6780 * green + 0.0593 * blue
    planes = [64 + 876 * luma, 512 + 896 * (blue - luma) / 1.8814, 512 + 896 * (red - luma) / 1.4746]
    size = 64  # a patch
    frames = []
    for patch in np.round(np.stack(planes, axis=1)).astype(np.uint16):
        frame = av.VideoFrame(size, size, "yuv444p10le")
        for plane, value in zip(frame.planes, patch, strict=True):
            plane.update(np.full((plane.height, plane.line_size // 2), value, np.uint16).tobytes())
        frames.append(frame)

    def tag(stream):
        context = stream.codec_context
        context.color_trc, context.color_primaries = int(ColorTrc.SMPTE2084), int(ColorPrimaries.BT2020)
        context.colorspace, context.color_range = 9, int(ColorRange.MPEG)

    options = {"x265-params": "crf=4:log-level=none"} if codec == "libx265" else None
    path = encode(tmp_path / "a.mkv", frames, codec, options, tag)
    found = np.stack([frame.rgb[16:48, 16:48].reshape(-1, 3).mean(axis=0) for frame in read_frames(path)])
    np.testing.assert_allclose(found, shown * 255, atol=4)


def test_interlaced_footage_is_noted(tmp_path):
    plain = encode(tmp_path / "a.mp4", [coloured(QUARTERS)] * 3, "libx264")
    combed = encode(tmp_path / "b.mp4", [coloured(QUARTERS)] * 3, "libx264", {"x264-params": "tff=1"})
    assert (probe(plain).interlaced, probe(combed).interlaced) == (False, True)


def test_a_picture_that_changes_its_size_keeps_the_first_one(tmp_path):
    pieces = []
    for size in ((64, 48), (96, 72)):
        frames = [coloured(np.full((size[1], size[0], 3), size[0] * 2, np.uint8)) for _ in range(10)]
        pieces.append(encode(tmp_path / f"{size[0]}.ts", frames, "mpeg2video").read_bytes())
    path = tmp_path / "both.ts"
    path.write_bytes(b"".join(pieces))
    frames = list(read_frames(path))
    assert {frame.rgb.shape for frame in frames} == {(48, 64, 3)}
    assert abs(float(frames[2].rgb.mean()) - 128) < 6


def test_cover_pictures_and_second_streams_are_not_the_film(tmp_path):
    path = tmp_path / "a.mkv"
    with av.open(str(path), "w") as container:
        streams = [container.add_stream("ffv1", 25) for _ in range(2)]
        for stream, size in zip(streams, ((32, 32), (64, 48)), strict=True):
            stream.width, stream.height, stream.pix_fmt = *size, "yuv444p"
        streams[0].disposition, streams[1].disposition = Disposition(0), Disposition.default
        for _ in range(3):
            for stream in streams:
                rgb = np.full((stream.height, stream.width, 3), 90, np.uint8)
                container.mux(stream.encode(coloured(rgb, "yuv444p")))
        for stream in streams:
            container.mux(stream.encode(None))
    assert (probe(path).width, probe(path).height) == (64, 48)
    cover = tmp_path / "cover.mp4"
    with av.open(str(cover), "w") as container:
        art, stream = container.add_stream("mjpeg", 25), container.add_stream("libx264", 25)
        for each, pix_fmt in ((art, "yuvj420p"), (stream, "yuv420p")):
            each.width, each.height, each.pix_fmt = 64, 48, pix_fmt
        art.disposition = Disposition.attached_pic
        container.mux(art.encode(coloured(QUARTERS, "yuvj420p")))
        container.mux(art.encode(None))
        for i in range(5):
            container.mux(stream.encode(coloured(picture(i))))
        container.mux(stream.encode(None))
    assert probe(cover).codec == "h264"
    assert len(list(read_frames(cover))) == 5


def test_what_an_edit_list_cuts_off_is_not_shown(tmp_path):
    """A film trimmed on a phone still holds what was cut: its list says to begin 0.2 s into a group of pictures."""
    whole = make(tmp_path, Film("a.mp4", options={"g": "12", "bf": "3"}, sound=("aac", 0.0)))
    trimmed = tmp_path / "trimmed.mp4"
    options = {"avoid_negative_ts": "disabled"}
    with av.open(str(whole)) as source, av.open(str(trimmed), "w", options=options) as container:
        streams = {stream.index: container.add_stream_from_template(stream) for stream in source.streams}
        for packet in source.demux():
            if packet.size:
                shift = round(0.2 / packet.time_base)
                packet.pts, packet.dts = packet.pts - shift, packet.dts - shift
                packet.stream = streams[packet.stream.index]
                container.mux(packet)
    expected = [frame.rgb for frame in read_frames(whole, 25)][5:]
    found = [frame.rgb for frame in read_frames(trimmed, 25)]
    assert len(found) == len(expected) == 70
    assert all(np.array_equal(a, b) for a, b in zip(found, expected, strict=True))
    for k in (26, 31, 40):
        assert np.array_equal(next(read_frames(trimmed, 25, start=k / 25)).rgb, expected[k])


def test_a_sound_stream_without_sound_is_none(tmp_path):
    path = tmp_path / "a.mkv"
    with av.open(str(path), "w") as container:
        stream, sound = container.add_stream("libx264", 25), container.add_stream("pcm_s16le", 48_000)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        sound.codec_context.layout = "mono"
        for i in range(5):
            container.mux(stream.encode(coloured(picture(i))))
        container.mux(stream.encode(None))
    assert probe(path).audio_start is None
    assert len(list(read_frames(path))) == 5


@pytest.mark.parametrize("name", ["a.mkv", "a.ts", "a.avi", "a.mp4"])
def test_a_broken_off_download_gives_what_there_is(tmp_path, name):
    codec, clock = ("mpeg4", FRAME) if name == "a.avi" else ("libx264", CLOCK)
    whole = make(tmp_path, Film(name, codec, {"g": "12"}, clock=clock))
    if name == "a.mp4":
        fast = tmp_path / "fast.mp4"
        with av.open(str(whole)) as source, av.open(str(fast), "w", options={"movflags": "+faststart"}) as container:
            stream = container.add_stream_from_template(source.streams.video[0])
            for packet in source.demux(source.streams.video[0]):
                if packet.size:
                    packet.stream = stream
                    container.mux(packet)
        whole = fast
    expected = [frame.rgb for frame in read_frames(whole, 25)]
    content = whole.read_bytes()
    cut = tmp_path / f"cut_{name}"
    cut.write_bytes(content[: len(content) * 2 // 3])
    info = probe(cut)
    frames = [frame.rgb for frame in read_frames(cut, 25)]
    assert 0.4 * len(expected) < len(frames) < 0.9 * len(expected)
    assert abs(info.duration * 25 - len(frames)) < 1
    same = [np.array_equal(a, b) for a, b in zip(frames, expected, strict=False)]
    assert all(same[:-4])  # the last packet may be torn, and what leans on it
    if name == "a.mp4":
        assert not info.complete


def test_a_broken_off_download_without_its_index_is_one_sentence(tmp_path):
    content = make(tmp_path, Film("a.mp4", options={"g": "12"})).read_bytes()  # the index lies at the end
    (tmp_path / "cut.mp4").write_bytes(content[: len(content) // 2])
    with pytest.raises(BeaverError, match=r"cut\.mp4.*broke off"):
        probe(tmp_path / "cut.mp4")
