"""Images, videos and curves of validations, written to files and passed to every logger."""

from __future__ import annotations

from itertools import chain
from pathlib import Path

import numpy as np
from jaxtyping import UInt8
from lightning import Callback, LightningModule, Trainer
from PIL import Image

from beavervision.artifacts.atomic_write import atomic_file
from beavervision.callbacks.media_log import log_film, log_picture
from beavervision.stages.base import StageData, StageModule
from beavervision.stages.trainer_settings import find_callbacks, is_fast_dev_run
from beavervision.stages.visualization.media import PREVIEW, SOUND_RATE, Curves, Film, Media, Picture
from beavervision.stages.visualization.plot import draw_curves
from beavervision.video.encode import VideoWriter

FOLDER = "media"
"""Path relative to the run's folder."""


class MediaFiles(Callback):
    """Writes the media of each validation to `media/<name>_step_<n>.png` or `.mp4`, and logs them.

    Args:
        folder: folder of the run.
    """

    def __init__(self, folder: str) -> None:
        self.folder = Path(folder) / FOLDER

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Write and log the media of the validation."""
        if is_fast_dev_run(trainer) or not trainer.is_global_zero or not isinstance(pl_module, StageModule):
            return
        for media in pl_module.validation_media():
            self._show(trainer, media, f"{media.name}_step_{trainer.global_step:06d}")

    def preview(self, trainer: Trainer, module: StageModule, data: StageData) -> Path | None:
        """Write and log the stage's preview video; return its file, or None where the stage has none."""
        film = module.preview(data)
        return None if film is None else self._show(trainer, film, PREVIEW)

    def _show(self, trainer: Trainer, media: Media, stem: str) -> Path:
        key, step = f"{FOLDER}/{media.name}", trainer.global_step
        if isinstance(media, Film):
            path, poster = write_film(self.folder / f"{stem}.mp4", media)
            for logger in trainer.loggers:
                log_film(logger, key, path, poster, media, step)
            return path
        rgb = still_of(media)
        path = write_picture(self.folder / f"{stem}.png", rgb)
        for logger in trainer.loggers:
            log_picture(logger, key, Picture(media.name, rgb, media.caption), step)
        return path


def preview_file(trainer: Trainer, module: StageModule, data: StageData) -> Path | None:
    """Write the stage's preview video with the run's MediaFiles; None without that callback or a preview."""
    for callback in find_callbacks(trainer, MediaFiles):
        if trainer.is_global_zero:
            return callback.preview(trainer, module, data)
    return None


def write_media(stem: Path, media: Media) -> Path:
    """Write a video as `<stem>.mp4`, other media as `<stem>.png`, atomically; return the file."""
    if isinstance(media, Film):
        return write_film(stem.with_name(f"{stem.name}.mp4"), media)[0]
    return write_picture(stem.with_name(f"{stem.name}.png"), still_of(media))


def still_of(media: Picture | Curves) -> UInt8[np.ndarray, "H W 3"]:
    """Pixels of an image; curves are drawn."""
    return draw_curves(media) if isinstance(media, Curves) else media.rgb


def write_picture(path: Path, rgb: UInt8[np.ndarray, "H W 3"]) -> Path:
    """Write a PNG atomically and return its path."""
    with atomic_file(path) as part:
        Image.fromarray(rgb).save(part, compress_level=4)
    return path


def write_film(path: Path, film: Film) -> tuple[Path, UInt8[np.ndarray, "H W 3"]]:
    """Write an mp4 with sound; return its path and a frame of its second half.

    Raises:
        ValueError: when the video has no frame.
    """
    frames = iter(film.frames)
    first = next(frames, None)
    if first is None:
        raise ValueError(f"{path}: a film without frames")
    poster, (height, width, _) = first, first.shape
    with VideoWriter(path, width, height, film.fps, film.sound, SOUND_RATE, crf=20, preset="veryfast") as writer:
        for frame in chain([first], frames):
            writer.write(frame)
            # Keep the frame at every power of two: the last of them is in the second half of the video.
            if writer.n_frames.bit_count() == 1:
                poster = frame
    return path, poster
