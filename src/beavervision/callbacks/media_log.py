"""How each kind of logger takes pictures and films; those that can't, CSV for one, are passed over."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from jaxtyping import UInt8
from lightning.pytorch.loggers import Logger, TensorBoardLogger, WandbLogger

from beavervision.stages.visualization.media import SOUND_RATE, Film, Picture


def log_picture(logger: Logger, key: str, picture: Picture, step: int) -> None:
    """Hand a picture to a logger.

    Args:
        logger: of any kind.
        key: `media/<name>`.
        picture: what to show.
        step: of training.
    """
    if isinstance(logger, WandbLogger):
        logger.log_image(key, [picture.rgb], step=step, caption=[picture.caption])
    elif isinstance(logger, TensorBoardLogger):
        logger.experiment.add_image(key, picture.rgb, step, dataformats="HWC")


def log_film(logger: Logger, key: str, path: Path, poster: UInt8[np.ndarray, "H W 3"], film: Film, step: int) -> None:
    """Hand a film to a logger: wandb takes the mp4 as it is, TensorBoard a frame of it and the sound.

    Args:
        logger: of any kind.
        key: `media/<name>`.
        path: the mp4.
        poster: one of its frames.
        film: whose sound it is; its frames are not looked at.
        step: of training.
    """
    if isinstance(logger, WandbLogger):
        logger.log_video(key, [str(path)], step=step, format=["mp4"], caption=[film.caption])
    elif isinstance(logger, TensorBoardLogger):
        logger.experiment.add_image(key, poster, step, dataformats="HWC")
        if film.sound is not None:
            logger.experiment.add_audio(f"{key}_sound", film.sound[None], step, SOUND_RATE)
