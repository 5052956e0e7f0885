"""PCM as programs send it: bytes or arrays, any common sample format, any number of channels."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from beavervision.errors import AudioError

PCM_TYPES = {"s16le": np.dtype("<i2"), "f32le": np.dtype("<f4")}
"""Formats of bytes: 16 bit integers and 32 bit floats, little endian, channels interleaved."""
MAX_CHANNELS = 8


def mono_samples(
    pcm: bytes | bytearray | memoryview | np.ndarray, channels: int = 1, form: str = "s16le"
) -> Float[np.ndarray, "N"]:
    """Mono samples in [-1, 1]: the mean of the channels.

    Args:
        pcm: bytes, or an array [N], [N * channels] or [N, channels] of integers or floats.
        channels: of bytes and of flat arrays.
        form: of bytes, one of PCM_TYPES.

    Raises:
        AudioError: when a sample is cut, not a number, or of an unknown format.

    Example:
        >>> mono_samples(np.array([[16384, 0], [0, -32768]], np.int16)).tolist()
        [0.25, -0.5]
    """
    if not 1 <= channels <= MAX_CHANNELS:
        raise AudioError(f"{channels} channels are not supported; send 1 to {MAX_CHANNELS}.")
    if not isinstance(pcm, np.ndarray):
        if form not in PCM_TYPES:
            raise AudioError(f"sample format {form} is unknown; send {' or '.join(PCM_TYPES)}.")
        kind = PCM_TYPES[form]
        if len(pcm) % (kind.itemsize * channels):
            raise AudioError(f"a packet of {len(pcm)} bytes ends inside a sample; send whole samples.")
        pcm = np.frombuffer(pcm, kind)
    values = pcm.reshape(-1, channels) if pcm.ndim == 1 else pcm.reshape(len(pcm), -1)
    if values.dtype.kind in "iu":
        values = values.astype(np.float32) / -float(np.iinfo(values.dtype).min or -128)
    if values.dtype.kind != "f" or not np.isfinite(values).all():
        raise AudioError("a packet holds samples that are not numbers; send finite numbers.")
    return np.clip(values.astype(np.float32).mean(axis=1), -1, 1)
