"""Decodes sound with FFmpeg: any codec, any channels; gaps in the time stamps become silence."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.container import InputContainer
from av.error import FFmpegError
from jaxtyping import Float

from beavervision.errors import AudioError

SIDE = 0.5**1.5
WEIGHTS = {"FL": 0.5, "FR": 0.5, "FC": 0.5**0.5, "LFE": 0.0, **dict.fromkeys(("BL", "BR", "SL", "SR", "BC"), SIDE)}
"""Weights of a surround sound's channels in the mono mix: ITU-R BS.775 to stereo, then the mean. Films and broadcasts
have the speech in FC, which would be too quiet in a plain mean over six channels."""
USUAL = {6: ["FL", "FR", "FC", "LFE", "BL", "BR"], 8: ["FL", "FR", "FC", "LFE", "BL", "BR", "SL", "SR"]}
"""Channel order of WAV files that do not name their channels."""
JITTER = 0.05
"""Tolerance of time stamps in seconds; beyond it, silence is inserted or overlapping sound is dropped."""
LONGEST_HOLE = 600.0
"""Longest gap in seconds; a longer jump of the time stamps is a restart of their clock, not a gap."""


def decode_blocks(path: Path, track: int = 0) -> Iterator[tuple[int, Float[np.ndarray, "N"]]]:
    """Yield (source rate, mono block) pairs of an audio stream, up to the end or the first damage.

    Raises:
        AudioError: when the file is no media file, has no sound, or no sound can be decoded.
    """
    heard = False
    try:
        with av.open(str(path), metadata_errors="ignore") as container:
            if track >= len(container.streams.audio):
                raise AudioError(f"{path} has no sound; name a file with speech in it.")
            for rate, block in _in_time(container, track):
                heard = True
                yield rate, block
    except (FFmpegError, ValueError) as error:
        if not heard:  # The file is truncated here.
            raise AudioError(f"{path} cannot be decoded as sound ({error}); name an audio or video file.") from None


def mono(samples: Float[np.ndarray, "C N"], channels: list[str]) -> Float[np.ndarray, "N"]:
    """Mix to mono: the mean of one or two channels and of unknown channel layouts, else a sum with WEIGHTS.

    Args:
        samples: one row per channel.
        channels: FFmpeg's name of each channel.
    """
    if not set(channels) <= set(WEIGHTS):
        channels = USUAL.get(len(channels), channels)
    if len(samples) <= 2 or not set(channels) <= set(WEIGHTS):
        return samples.mean(axis=0)
    return np.array([WEIGHTS[name] for name in channels], np.float32) @ samples


def _in_time(container: InputContainer, track: int) -> Iterator[tuple[int, Float[np.ndarray, "N"]]]:
    """Yield mono blocks without gaps: silence fills missing time."""
    # Packed format: PyAV crashes on the planes of eight channels and more.
    packed = av.AudioResampler(format="flt")
    due = None
    for frame in container.decode(audio=track):
        for even in packed.resample(frame):
            names = [channel.name for channel in even.layout.channels]
            block = mono(even.to_ndarray().reshape(-1, len(names)).T, names)
            begin = _seconds(frame)
            late = 0.0 if due is None or begin is None else begin - due
            if JITTER < late < LONGEST_HOLE:
                yield even.sample_rate, np.zeros(round(late * even.sample_rate), np.float32)
                due = begin
            elif -LONGEST_HOLE < late < -JITTER:
                block = block[round(-late * even.sample_rate) :]
            elif due is None or abs(late) >= LONGEST_HOLE:
                due = begin
            due = None if due is None else due + len(block) / even.sample_rate
            yield even.sample_rate, block


def _seconds(frame: AudioFrame) -> float | None:
    """Time stamp of a frame, seconds."""
    return None if frame.pts is None or frame.time_base is None else float(frame.pts * frame.time_base)
