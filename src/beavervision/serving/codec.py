"""Frames as bytes for the WebSocket: a header, the sound, and the picture as JPEG or H.264."""

from __future__ import annotations

import struct
from fractions import Fraction
from typing import Protocol

import av
import cv2
import numpy as np
from av.video.codeccontext import VideoCodecContext
from jaxtyping import UInt8

from beavervision.inference.live.frame import LiveFrame

HEADER = struct.Struct("<4sIBBHII")
"""Magic, number of the frame, flags, reserved, milliseconds of the speech that were heard (modulo 65,536), bytes of
sound, bytes of picture; little endian."""
MAGIC = b"BVF1"
SPEAKING, KEY_PICTURE, SPEECH_ENDED = 1, 2, 4
"""Flags: the sound is speech; the picture can be shown without earlier ones; a speech ends with this frame."""
JPEG_QUALITY = 85
KEY_EVERY_S = 2.0


class PictureEncoder(Protocol):
    """Encodes the pictures of one session, in order."""

    def encode(self, picture: UInt8[np.ndarray, "H W 3"]) -> tuple[bytes, bool]:
        """Bytes of a picture, and whether it can be shown without earlier ones."""
        ...


class JpegEncoder:
    """Every picture by itself."""

    def encode(self, picture: UInt8[np.ndarray, "H W 3"]) -> tuple[bytes, bool]:
        """See `PictureEncoder`."""
        _, content = cv2.imencode(".jpg", picture[..., ::-1], (cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY))
        return content.tobytes(), True


class H264Encoder:
    """H.264 with start codes (Annex B), each picture at once; parameter sets come with every key picture.

    Args:
        size: width and height, px; odd ones lose a row or column.
        fps: frames per second.
    """

    def __init__(self, size: tuple[int, int], fps: float) -> None:
        self._width, self._height = size[0] // 2 * 2, size[1] // 2 * 2
        rate = Fraction(fps).limit_denominator(1001)
        codec = av.CodecContext.create("libx264", "w")
        assert isinstance(codec, VideoCodecContext)
        codec.width, codec.height, codec.pix_fmt = self._width, self._height, "yuv420p"
        codec.framerate, codec.time_base, codec.gop_size = rate, 1 / rate, round(KEY_EVERY_S * fps)
        codec.thread_count = 1
        codec.options = {"preset": "veryfast", "tune": "zerolatency", "crf": "21"}
        self._codec, self._count = codec, 0

    def encode(self, picture: UInt8[np.ndarray, "H W 3"]) -> tuple[bytes, bool]:
        """See `PictureEncoder`."""
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture[: self._height, : self._width]), format="rgb24")
        frame.pts = self._count
        self._count += 1
        packets = self._codec.encode(frame)
        return b"".join(bytes(packet) for packet in packets), any(packet.is_keyframe for packet in packets)


def picture_encoder(name: str, size: tuple[int, int], fps: float) -> PictureEncoder:
    """Encoder by its name in the protocol, `jpeg` or `h264`."""
    return H264Encoder(size, fps) if name == "h264" else JpegEncoder()


def pack_frame(frame: LiveFrame, picture: bytes, *, key: bool) -> bytes:
    """Message of one frame."""
    flags = SPEAKING * frame.speaking | KEY_PICTURE * key | SPEECH_ENDED * frame.ended
    sound = np.rint(frame.sound * 32767).astype("<i2").tobytes()
    played = round(1000 * frame.played) % 65_536
    return HEADER.pack(MAGIC, frame.index, flags, 0, played, len(sound), len(picture)) + sound + picture
