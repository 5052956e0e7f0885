"""Pictures inside of a page: JPEG as data URLs."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass

import numpy as np
from jaxtyping import UInt8
from PIL import Image

QUALITY = 82


@dataclass(frozen=True)
class Picture:
    """An encoded picture."""

    jpeg: bytes
    width: int
    height: int

    @classmethod
    def of(cls, rgb: UInt8[np.ndarray, "H W 3"]) -> Picture:
        """Encode a picture."""
        stream = io.BytesIO()
        Image.fromarray(np.ascontiguousarray(rgb)).save(stream, "JPEG", quality=QUALITY)
        return cls(stream.getvalue(), rgb.shape[1], rgb.shape[0])

    @property
    def url(self) -> str:
        """The picture as an address that needs no file."""
        return f"data:image/jpeg;base64,{base64.b64encode(self.jpeg).decode()}"

    def rgb(self) -> UInt8[np.ndarray, "H W 3"]:
        """Decode it again."""
        return np.asarray(Image.open(io.BytesIO(self.jpeg)))
