"""What stands behind an avatar, frame by frame: the plate, the footage's own surroundings, or the user's choice."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import UInt8
from PIL import Image, ImageColor, UnidentifiedImageError

from beavervision.compositing.layers import blend, feather, grow
from beavervision.errors import ConfigError
from beavervision.inference.source_reader import SourceFrame
from beavervision.stages.radnerf_torso.canonical_body import paint_over
from beavervision.types import Label
from beavervision.video.decode import read_frames
from beavervision.video.probe import probe

PLATE, SOURCE, NONE, AUTO = "plate", "source", "none", "auto"
"""Words that `background` may be, beside a file or a colour. `auto` is `none` where the format holds opacity, else
`plate`."""

EDGE = 4.0
"""Pixels round the footage's person that count as them when they are taken out of it, half of them soft."""

Picture = UInt8[np.ndarray, "H W 3"]


@dataclass(frozen=True)
class Background:
    """A background of the frame's size: one picture or a film, or neither for none at all."""

    still: Picture | None = None
    film: Path | None = None
    size: tuple[int, int] = (0, 0)

    @classmethod
    def of(cls, choice: str, size: tuple[int, int], plate: Picture) -> Background:
        """The background that a user chose.

        Args:
            choice: plate, none, a picture's or film's path, or a colour (`white`, `#00ff00`).
            size: width and height of the frame; pictures are scaled to fill it, what sticks out is cut.
            plate: the footage's background without the person.

        Raises:
            ConfigError: when it is none of these.
        """
        if choice == NONE:
            return cls()
        if choice == PLATE:
            return cls(still=plate)
        path = Path(choice)
        if path.is_file():
            picture = _opened(path)
            if picture is not None:
                return cls(still=fill_frame(picture, size))
            probe(path)  # no film either: says so
            return cls(film=path, size=size)
        try:
            colour = ImageColor.getrgb(choice)[:3]
        except ValueError:
            raise ConfigError(
                f"background={choice} is no file and no colour; take {PLATE}, {SOURCE}, {NONE}, a picture, a video, "
                "or a colour such as white or '#00ff00'."
            ) from None
        return cls(still=np.full((size[1], size[0], 3), colour, np.uint8))

    def frames(self, fps: float) -> Iterator[Picture | None]:
        """Yield the background of every frame, without end; a film begins again when it is over.

        Args:
            fps: frames per second.
        """
        if self.film is None:
            yield from repeat(self.still)
            return
        while True:
            for frame in read_frames(self.film, fps):
                yield fill_frame(frame.rgb, self.size)


def remove_people(source: SourceFrame, plate: Picture | None) -> Picture:
    """A frame of the footage without the people of whom it holds label maps: the plate stands in for them.

    Args:
        source: the frame.
        plate: background without the people; None paints them over.
    """
    people = np.zeros(source.rgb.shape[:2], bool)
    for labels in source.labels:
        people |= ~np.isin(labels, (Label.BACKGROUND, Label.OTHER))
    if plate is None:
        return paint_over(source.rgb, people.astype(np.uint8))
    return blend(plate, source.rgb, feather(grow(people, EDGE), EDGE / 2))


def fill_frame(picture: Picture, size: tuple[int, int]) -> Picture:
    """The picture scaled to fill a frame of `size` (width, height), its middle kept."""
    height, width, _ = picture.shape
    if (width, height) == size:
        return picture
    scale = max(size[0] / width, size[1] / height)
    large = (max(size[0], round(width * scale)), max(size[1], round(height * scale)))
    scaled = cv2.resize(picture, large, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    left, top = (large[0] - size[0]) // 2, (large[1] - size[1]) // 2
    return np.ascontiguousarray(scaled[top : top + size[1], left : left + size[0]])


def _opened(path: Path) -> Picture | None:
    try:
        return np.asarray(Image.open(path).convert("RGB"))
    except (UnidentifiedImageError, OSError):
        return None
