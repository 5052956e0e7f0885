"""Writes a video as numbered PNG images with alpha, and its sound as a WAV beside them."""

from __future__ import annotations

import re
import shutil
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import soundfile
from jaxtyping import UInt8

from beavervision.errors import ConfigError, StorageError
from beavervision.video.film_writer import FilmWriter
from beavervision.video.sound_feed import Pieces

PATTERN = "%05d.png"
"""Name pattern of the images where only a folder is given."""
SOUND = "sound.wav"
BLOCK = 1 << 14
COMPRESSION = 3
"""zlib compression level: PNGs of 1080p in 40 ms instead of 150, for a tenth more space."""


def pattern_of(out: Path) -> tuple[Path, str]:
    """Folder and name pattern of the images for `folder/%05d.png` or `folder`.

    Raises:
        ConfigError: when the names are not numbered.
    """
    if out.suffix.lower() != ".png":
        return out, PATTERN
    if not re.fullmatch(r"[^%]*%0?\d*d[^%]*\.png", out.name, re.IGNORECASE):
        raise ConfigError(f"out={out} would be one picture; number them: out={out.parent / PATTERN}.")
    return out.parent, out.name


class PictureWriter(FilmWriter):
    """Writes each frame as a PNG, numbered from 0, and the sound as 16-bit WAV.

    The folder gets its name when the `with` block succeeds. An existing folder may only contain an earlier output with
    the same names, which is replaced.

    Args:
        out: `folder/%05d.png` or a folder.
        width, height: size of the frames, pixels.
        fps: frames per second, for the length of the sound.
        options: `audio`, `audio_rate`, `alpha`, `signer`, see `FilmWriter`.

    Raises:
        StorageError: when the folder cannot be written, or contains other files.
    """

    def __init__(self, out: Path, width: int, height: int, fps: float, *args: Any, **options: Any) -> None:
        self.folder, self._names = pattern_of(Path(out))
        super().__init__(width, height, fps, *args, **options)

    def _open(self) -> None:
        self._refuse_strangers()
        part = self.folder.with_name(f".{self.folder.name}.part")
        try:
            shutil.rmtree(part, ignore_errors=True)
            part.mkdir(parents=True)
        except OSError as error:
            raise StorageError(self._complaint(error)) from None
        self._place, self._part, self._pictures = self.folder, part, part

    def _refuse_strangers(self) -> None:
        if not self.folder.exists():
            return
        before, after = re.split(r"%0?\d*d", self._names)
        own = re.compile(f"{re.escape(before)}\\d+{re.escape(after)}|{re.escape(SOUND)}")
        strangers = [] if not self.folder.is_dir() else [p.name for p in self.folder.iterdir()]
        strangers = [name for name in strangers if not own.fullmatch(name)]
        if strangers or not self.folder.is_dir():
            what = f"holds {strangers[0]}" if strangers else "is a file"
            raise ConfigError(f"out={self.folder} {what}, which would be lost; choose another folder for the pictures.")

    def _append(self, picture: UInt8[np.ndarray, "H W c"]) -> None:
        turned = cv2.cvtColor(picture, cv2.COLOR_RGBA2BGRA if self.alpha else cv2.COLOR_RGB2BGR)
        _, data = cv2.imencode(".png", turned, [cv2.IMWRITE_PNG_COMPRESSION, COMPRESSION])
        (self._pictures / (self._names % self.n_frames)).write_bytes(data.tobytes())

    def _finish(self) -> None:
        if self.sound is not None:
            self._write_sound(Pieces(self.sound))

    def _complaint(self, error: OSError) -> str:
        return f"{self.folder} cannot be written ({error.strerror or error}); choose another out=."

    def _write_sound(self, pieces: Pieces) -> None:
        rate = Fraction(self.fps).limit_denominator(1001)
        left = round(self.n_frames / rate * self.audio_rate) if self.cut_sound else None
        with soundfile.SoundFile(self._pictures / SOUND, "w", self.audio_rate, 1, subtype="PCM_16") as file:
            while left is None or left > 0:
                piece = pieces.take(BLOCK if left is None else min(BLOCK, left))
                if not len(piece):
                    return
                file.write(np.clip(piece, -1, 1))
                left = None if left is None else left - len(piece)
