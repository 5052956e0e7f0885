"""Chooses the writer of an output: a file, numbered images in a folder, or a pipe."""

from __future__ import annotations

from pathlib import Path
from typing import Any, BinaryIO

from beavervision.errors import ConfigError
from beavervision.video.encode import VideoWriter
from beavervision.video.film_writer import FilmWriter
from beavervision.video.formats import FORMATS, MOV, PIPE, Format, format_of
from beavervision.video.pictures import PictureWriter, pattern_of
from beavervision.video.pipe import PipeWriter
from beavervision.video.planar_picture import LAYOUT

Out = Path | BinaryIO


def is_pictures(out: Path) -> bool:
    """Whether a path is a pattern of numbered images or a folder for them."""
    return out.suffix.lower() == ".png" or out.is_dir() or not out.suffix


def check_out(out: Out, crf: float | None, *, alpha: bool) -> None:
    """Check the output settings, before minutes are spent on rendering.

    Args:
        out: output of the video.
        crf: requested quality.
        alpha: whether an alpha channel is requested.

    Raises:
        ConfigError: names an alternative.
    """
    kind = _format(out)
    if kind is None:
        if isinstance(out, Path):
            pattern_of(out)
        return
    if alpha and kind.alpha is None:
        raise ConfigError(f"{kind.container} holds no opacity; take out=film.mov, film.webm or folder/%05d.png.")
    if crf is not None and kind.crf is not None and crf > kind.worst_crf:
        raise ConfigError(f"crf={crf} is more than {kind.container} knows; give 0 (best) to {kind.worst_crf:g}.")


def holds_opacity(out: Out) -> bool:
    """Whether the output keeps an alpha channel without being asked to: mov and images, which are for editing."""
    kind = _format(out)
    return kind is None or kind is MOV


def film_writer(
    out: Out, width: int, height: int, fps: float, *, crf: float | None, preset: str, **options: Any
) -> FilmWriter:
    """Return the writer for an output.

    Args:
        out: a file with a suffix of `formats.FORMATS`, `folder/%05d.png` or a folder, or an open pipe.
        width: width of the frames, px.
        height: height of the frames, px.
        fps: frames per second.
        crf: quality of files, see `formats.Format`.
        preset: what the film is for, or speed of encoding against size of files; see `formats`.
        options: `audio`, `audio_rate`, `alpha`, `signer`, as every writer takes them; `matrix`, see `VideoWriter`.

    Raises:
        ConfigError: when the output cannot be written.
    """
    files = {"matrix": options.pop("matrix")} if "matrix" in options else {}
    if not isinstance(out, Path):
        return PipeWriter(out, width, height, fps, **options)
    if is_pictures(out):
        return PictureWriter(out, width, height, fps, **options)
    return VideoWriter(out, width, height, fps, crf=crf, preset=preset, **files, **options)


def encodes_planes(out: Out) -> bool:
    """Whether frames that are stored as 4:2:0 can be encoded as they are: in mp4 and webm."""
    kind = _format(out)
    return isinstance(out, Path) and kind is not None and kind.pixels == LAYOUT


def sheet_of(out: Out) -> Path | None:
    """Path of the video's contact sheet, beside the video; None for a pipe."""
    if not isinstance(out, Path):
        return None
    if is_pictures(out):
        folder, _ = pattern_of(out)
        return folder.with_name(f"{folder.name}.png")
    return out.with_suffix(".png")


def _format(out: Out) -> Format | None:
    """Format of a file or pipe; None for pictures."""
    if not isinstance(out, Path):
        return PIPE
    if out.suffix.lower() not in FORMATS and is_pictures(out):
        return None
    return format_of(out)
