"""Writes a video file: H.264 in mp4, VP9 in webm, ProRes with alpha in mov; sound and frames start together."""

from __future__ import annotations

from pathlib import Path

import av
import av.error
import numpy as np
from av.video.reformatter import Colorspace
from jaxtyping import Float, UInt8

from beavervision.errors import StorageError
from beavervision.video.film_encoder import FilmEncoder
from beavervision.video.film_writer import FilmWriter, Signer, unwritable
from beavervision.video.formats import format_of
from beavervision.video.planar_picture import LAYOUT, PlanarPicture
from beavervision.video.sound_feed import Blocks


class VideoWriter(FilmWriter):
    """Writes a video file; the suffix selects the format (`formats.FORMATS`).

    The file gets its name when the `with` block succeeds; when it fails, no file remains. Odd sizes are padded by
    repeating the border.

    Args:
        path: the file to write.
        width, height, fps, audio, audio_rate, alpha, signer: see `FilmWriter`.
        crf: constant rate factor, 0 (best) .. 51 (mp4) or 63 (webm); None is visually lossless.
        preset: see `formats.Format.picture_options`.
        matrix: of the film's colours: BT.709, or that of footage whose stored frames are passed on.

    Raises:
        StorageError: when the file cannot be written, or the suffix is not that of a format.
    """

    def __init__(
        self,
        path: Path,
        width: int,
        height: int,
        fps: float,
        audio: Float[np.ndarray, "N"] | Blocks | None = None,
        audio_rate: int = 16_000,
        crf: float | None = None,
        preset: str = "medium",
        *,
        alpha: bool = False,
        signer: Signer | None = None,
        matrix: Colorspace = Colorspace.ITU709,
    ) -> None:
        self.path, self._crf, self._preset, self._matrix = Path(path), crf, preset, matrix
        super().__init__(width, height, fps, audio, audio_rate, alpha=alpha, signer=signer)

    def _open(self) -> None:
        kind = format_of(self.path)
        self._place, self._part = self.path, self.path.with_name(f".{self.path.stem}.part{self.path.suffix}")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            container = av.open(str(self._part), "w", format=kind.container, options=kind.options)
        except (av.error.FFmpegError, OSError, ValueError) as error:
            raise StorageError(unwritable(self.path, error)) from None
        self._container = container
        self._film = FilmEncoder(
            container,
            kind,
            self.size,
            self.fps,
            self.sound,
            self.audio_rate,
            crf=self._crf,
            preset=self._preset,
            alpha=self.alpha,
            mark=self.mark,
            matrix=self._matrix,
        )

    def takes_stored(self, picture: PlanarPicture) -> bool:
        """Whether a frame of footage can be encoded as it is stored."""
        return self._film.pixels == LAYOUT and picture.matrix == self._matrix

    def _append(self, picture: UInt8[np.ndarray, "H W c"] | PlanarPicture) -> None:
        self._film.write(picture)

    def _finish(self) -> None:
        self._film.finish(cut_sound=self.cut_sound)

    def _complaint(self, error: OSError) -> str:
        return unwritable(self.path, error)
