"""Images inside an HTML page: JPEG as data URLs."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import UInt8
from PIL import Image, ImageDraw, ImageFont

from beavervision.preprocess.report.frame_selection import Moment

QUALITY = 82


@dataclass(frozen=True)
class Picture:
    """An encoded image."""

    jpeg: bytes
    width: int
    height: int

    @classmethod
    def of(cls, rgb: UInt8[np.ndarray, "H W 3"]) -> Picture:
        """Encode an image."""
        stream = io.BytesIO()
        Image.fromarray(np.ascontiguousarray(rgb)).save(stream, "JPEG", quality=QUALITY)
        return cls(stream.getvalue(), rgb.shape[1], rgb.shape[0])

    @property
    def url(self) -> str:
        """The image as a data URL."""
        return f"data:image/jpeg;base64,{base64.b64encode(self.jpeg).decode()}"

    def rgb(self) -> UInt8[np.ndarray, "H W 3"]:
        """Decode the image."""
        return np.asarray(Image.open(io.BytesIO(self.jpeg)))


GAP, TITLE = 6, 24
GROUND, INK = (24, 26, 30), (235, 235, 235)


def contact_sheet(shown: Sequence[tuple[Moment, dict[str, Picture]]], fps: float) -> UInt8[np.ndarray, "H W 3"]:
    """One row of panels per selected frame, under a line with its time and reason."""
    rows = [_row(moment, list(panels.values()), fps) for moment, panels in shown]
    width = max(row.width for row in rows)
    sheet = Image.new("RGB", (width, sum(row.height for row in rows)), GROUND)
    top = 0
    for row in rows:
        sheet.paste(row, (0, top))
        top += row.height
    return np.asarray(sheet)


def _row(moment: Moment, panels: Sequence[Picture], fps: float) -> Image.Image:
    width = sum(panel.width + GAP for panel in panels)
    row = Image.new("RGB", (width, TITLE + GAP + max(panel.height for panel in panels)), GROUND)
    said = f"{moment.index / fps:.2f} s, frame {moment.index}" + (f": {moment.why}" if moment.why else "")
    ImageDraw.Draw(row).text((4, 3), said, INK, ImageFont.load_default(15))
    left = 0
    for panel in panels:
        row.paste(Image.fromarray(panel.rgb()), (left, TITLE))
        left += panel.width + GAP
    return row
