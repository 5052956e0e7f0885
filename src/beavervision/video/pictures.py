"""Write a film as numbered PNG pictures with opacity, and its sound as a WAV beside them."""

from __future__ import annotations

import re
import shutil
from fractions import Fraction
from pathlib import Path
from types import TracebackType

import cv2
import numpy as np
import soundfile
from jaxtyping import UInt8
from typing_extensions import Self

from beavervision.errors import BeaverError
from beavervision.video.sound_feed import Blocks, Pieces

PATTERN = "%05d.png"
"""Names of the pictures where only a folder is given."""
SOUND = "sound.wav"
BLOCK = 1 << 14
COMPRESSION = 3
"""zlib's level: PNGs of 1080p in 40 ms instead of 150 at a tenth more space."""


def pattern_of(out: Path) -> tuple[Path, str]:
    """Folder and names of the pictures for `folder/%05d.png` or `folder`.

    Raises:
        BeaverError: when the names are not numbered.
    """
    if out.suffix.lower() != ".png":
        return out, PATTERN
    if not re.fullmatch(r"[^%]*%0?\d*d[^%]*\.png", out.name, re.IGNORECASE):
        raise BeaverError(f"out={out} would be one picture; number them: out={out.parent / PATTERN}.")
    return out.parent, out.name


class PictureWriter:
    """Writes each frame as a PNG, numbered from 0, and the sound as 16-bit WAV; see `VideoWriter`.

    The folder appears under its name when the block ends well. One that is there may hold an earlier film of the
    same names, which is replaced, and nothing else.

    Args:
        out: `folder/%05d.png` or a folder.
        width, height: pixels of the frames given.
        fps: frames per second, for the length of the sound.
        audio: mono sound in blocks.
        audio_rate: samples per second.
        alpha: whether frames come with opacity.

    Raises:
        BeaverError: when the place cannot be written to or holds something else.
    """

    def __init__(
        self,
        out: Path,
        width: int,
        height: int,
        fps: float,
        audio: Blocks | None = None,
        audio_rate: int = 16_000,
        *,
        alpha: bool = False,
    ) -> None:
        self.folder, self._names = pattern_of(Path(out))
        self._shape, self.n_frames, self.cut_sound = (height, width, 4 if alpha else 3), 0, False
        self._fps, self._rate = Fraction(fps).limit_denominator(1001), audio_rate
        self._sound = None if audio is None else Pieces(audio)
        self._part = self.folder.with_name(f".{self.folder.name}.part")
        self._refuse_strangers()
        try:
            shutil.rmtree(self._part, ignore_errors=True)
            self._part.mkdir(parents=True)
        except OSError as error:
            raise BeaverError(f"{self.folder} cannot be written ({error.strerror}); choose another out=.") from None

    def _refuse_strangers(self) -> None:
        if not self.folder.exists():
            return
        before, after = re.split(r"%0?\d*d", self._names)
        own = re.compile(f"{re.escape(before)}\\d+{re.escape(after)}|{re.escape(SOUND)}")
        strangers = [] if not self.folder.is_dir() else [p.name for p in self.folder.iterdir()]
        strangers = [name for name in strangers if not own.fullmatch(name)]
        if strangers or not self.folder.is_dir():
            what = f"holds {strangers[0]}" if strangers else "is a file"
            raise BeaverError(f"out={self.folder} {what}, which would be lost; choose another folder for the pictures.")

    def write(self, picture: UInt8[np.ndarray, "H W c"]) -> None:
        """Append one frame.

        Raises:
            BeaverError: when the disk is full.
        """
        if picture.shape != self._shape:
            raise ValueError(f"a frame of {picture.shape} in a film of {self._shape}")
        turned = cv2.cvtColor(picture, cv2.COLOR_RGBA2BGRA if self._shape[2] == 4 else cv2.COLOR_RGB2BGR)
        _, data = cv2.imencode(".png", turned, [cv2.IMWRITE_PNG_COMPRESSION, COMPRESSION])
        try:
            (self._part / (self._names % self.n_frames)).write_bytes(data.tobytes())
        except OSError as error:
            raise BeaverError(f"{self.folder} cannot be written ({error.strerror}); choose another out=.") from error
        self.n_frames += 1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self._write_sound()
                shutil.rmtree(self.folder, ignore_errors=True)
                self._part.rename(self.folder)
        except OSError as failure:
            raise BeaverError(f"{self.folder} cannot be written ({failure}); choose another out=.") from failure
        finally:
            shutil.rmtree(self._part, ignore_errors=True)

    def _write_sound(self) -> None:
        if self._sound is None:
            return
        left = round(self.n_frames / self._fps * self._rate) if self.cut_sound else None
        with soundfile.SoundFile(self._part / SOUND, "w", self._rate, 1, subtype="PCM_16") as file:
            while left is None or left > 0:
                piece = self._sound.take(BLOCK if left is None else min(BLOCK, left))
                if not len(piece):
                    return
                file.write(np.clip(piece, -1, 1))
                left = None if left is None else left - len(piece)
