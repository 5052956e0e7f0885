"""Passes images and videos to loggers; loggers without media support, such as CSV, are skipped."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from jaxtyping import UInt8
from lightning.pytorch.loggers import Logger, TensorBoardLogger, WandbLogger

from beavervision.stages.visualization.media import SOUND_RATE, Film, Picture


def log_picture(logger: Logger, key: str, picture: Picture, step: int) -> None:
    """Log an image.

    Args:
        logger: logger of any kind.
        key: `media/<name>`.
        picture: the image.
        step: training step.
    """
    if isinstance(logger, WandbLogger):
        logger.log_image(key, [picture.rgb], step=step, caption=[picture.caption])
    elif isinstance(logger, TensorBoardLogger):
        logger.experiment.add_image(key, picture.rgb, step, dataformats="HWC")


def log_film(logger: Logger, key: str, path: Path, poster: UInt8[np.ndarray, "H W 3"], film: Film, step: int) -> None:
    """Log a video: wandb gets the mp4, TensorBoard one frame and the sound.

    Args:
        logger: logger of any kind.
        key: `media/<name>`.
        path: the mp4 file.
        poster: one of its frames.
        film: video with the sound; its frames are not used.
        step: training step.
    """
    if isinstance(logger, WandbLogger):
        logger.log_video(key, [str(path)], step=step, format=["mp4"], caption=[film.caption])
    elif isinstance(logger, TensorBoardLogger):
        logger.experiment.add_image(key, poster, step, dataformats="HWC")
        if film.sound is not None:
            logger.experiment.add_audio(f"{key}_sound", film.sound[None], step, SOUND_RATE)
