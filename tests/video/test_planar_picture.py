"""Frames of real files as they are stored: what does not change keeps every byte, up to the encoder."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from av.video.reformatter import Colorspace

from beavervision.video.decode import read_frames
from beavervision.video.encode import VideoWriter
from beavervision.video.planar_picture import PlanarPicture, RgbPicture, stored_matrix

WIDTH, HEIGHT = 200, 120


def written(path: Path, matrix: Colorspace = Colorspace.ITU709, width: int = WIDTH) -> Path:
    rng = np.random.default_rng(0)
    with VideoWriter(path, width, HEIGHT, 25, crf=0, preset="veryfast", matrix=matrix) as writer:
        for _ in range(3):
            noise = rng.integers(0, 256, (HEIGHT, width, 3), dtype=np.uint8)
            writer.write(cv2.GaussianBlur(noise, (0, 0), 3))
    return path


@pytest.fixture(scope="module", params=[Colorspace.ITU709, Colorspace.ITU601], ids=["709", "601"])
def video(request, tmp_path_factory) -> Path:
    return written(tmp_path_factory.mktemp("planar") / "video.mp4", request.param)


def stored(path: Path) -> list[PlanarPicture]:
    pictures = [frame.picture for frame in read_frames(path, stored=True)]
    assert all(isinstance(picture, PlanarPicture) for picture in pictures)
    return pictures


def test_the_pixels_are_those_of_a_plain_reading(video):
    for frame, picture in zip(read_frames(video), stored(video), strict=True):
        assert isinstance(frame.picture, RgbPicture)
        np.testing.assert_array_equal(picture.rgb, frame.rgb)
        for box in ((0, 0, WIDTH, HEIGHT), (13, 7, 64, 31), (WIDTH - 9, HEIGHT - 5, WIDTH, HEIGHT)):
            expected = frame.rgb[box[1] : box[3], box[0] : box[2]]
            np.testing.assert_array_equal(picture.part(box), expected)


def test_planes_outside_a_changed_box_keep_every_byte(video):
    picture = stored(video)[0]
    box = (41, 31, 90, 70)
    part = picture.part(box).copy()
    part[10:20, 6:18] = (200, 80, 40)  # columns 47 to 58, rows 41 to 50
    made = picture.with_part(part, box)
    changed = made.planes != picture.planes
    luma, chroma = changed[:HEIGHT], changed[HEIGHT:].reshape(2, HEIGHT // 2, WIDTH // 2)
    luma[41:51, 47:59] = False
    chroma[:, 20:26, 23:30] = False
    assert not luma.any()
    assert not chroma.any()
    # Inside, whole blocks of one colour come back as that colour, as exactly as eight bits allow.
    np.testing.assert_allclose(made.part((48, 42, 58, 50)).astype(int), [[(200, 80, 40)] * 10] * 8, atol=2)
    np.testing.assert_array_equal(picture.with_rgb(picture.rgb).planes, picture.planes)


def test_the_encoder_gets_the_stored_bytes(video, tmp_path):
    pictures, out = stored(video), tmp_path / "copy.mp4"
    matrix = stored_matrix(video)
    assert matrix == pictures[0].matrix
    with VideoWriter(out, WIDTH, HEIGHT, 25, crf=0, preset="veryfast", matrix=matrix) as writer:
        for picture in pictures:
            assert writer.takes_stored(picture)
            writer.write(picture)
    again = stored(out)  # crf=0 is lossless
    assert [one.matrix for one in again] == [matrix] * 3
    for picture, other in zip(pictures, again, strict=True):
        np.testing.assert_array_equal(other.planes, picture.planes)


def test_a_film_of_another_matrix_gets_rgb(video, tmp_path):
    picture = stored(video)[0]
    other = next(one for one in (Colorspace.ITU709, Colorspace.ITU601) if one != picture.matrix)
    with VideoWriter(tmp_path / "other.mp4", WIDTH, HEIGHT, 25, crf=0, preset="veryfast", matrix=other) as writer:
        assert not writer.takes_stored(picture)
        writer.write(picture)
    (made,) = stored(tmp_path / "other.mp4")
    assert np.abs(made.rgb.astype(int) - picture.rgb).mean() < 2


def test_odd_or_turned_frames_are_rgb(tmp_path):
    # An odd width is padded to an even one by the writer; such a file is as good as any.
    assert stored_matrix(written(tmp_path / "odd.mp4", width=WIDTH - 1)) is Colorspace.ITU709
    path = tmp_path / "grey.mkv"
    from beavervision.video.lossless import GrayWriter

    with GrayWriter(path, 64, 64, 25) as writer:
        writer.write(np.full((64, 64), 99, np.uint8))
    assert stored_matrix(path) is None
    (frame,) = read_frames(path, stored=True)
    assert isinstance(frame.picture, RgbPicture)
