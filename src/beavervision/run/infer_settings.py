"""What infer's config asks of a film, checked value by value."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from omegaconf import DictConfig, OmegaConf

from beavervision.errors import BeaverError
from beavervision.run.closest import closest
from beavervision.run.settings import typed
from beavervision.stages.talking.drive import Controls
from beavervision.stages.talking.film import FilmSettings

CHOICES = {
    "mode": ("avatar", "dub"),
    "length": ("speech", "source"),
    "control.refine": ("postnet", "lle", "both", "none"),
    "preset": ("ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow"),
}
LIMITS = {
    "control.temperature": (0.0, 2.0),
    "control.mouth_amp": (0.0, 3.0),
    "control.eye_amp": (0.0, 3.0),
    "control.lle_percent": (0.0, 1.0),
    "control.blinks_per_minute": (0.0, 60.0),
    "smoothing": (1, 101),
    "crf": (0, 51),
    "batch": (1, 64),
}


def film_settings(cfg: DictConfig) -> FilmSettings:
    """Settings of the film that the config describes.

    Raises:
        BeaverError: naming the key whose value cannot be.
    """
    for key, choices in CHOICES.items():
        if (value := OmegaConf.select(cfg, key)) not in choices:
            raise BeaverError(f"{key}={value} is not a choice; {closest(str(value), choices)}.")
    for key, (low, high) in LIMITS.items():
        _check_number(key, OmegaConf.select(cfg, key), low, high)
    pose, span = _pose(str(cfg.pose))
    controls = replace(typed(cfg, "control", Controls), seed=cfg.seed)
    return FilmSettings(
        mode=cfg.mode,
        controls=controls,
        pose=pose,
        pose_span=span,
        smoothing=cfg.smoothing,
        length=cfg.length,
        crf=cfg.crf,
        preset=cfg.preset,
        batch=cfg.batch,
    )


def _check_number(key: str, value: Any, low: float, high: float) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise BeaverError(f"{key}={value} is not a number from {low} to {high}; give another value.")


def _pose(text: str) -> tuple[Any, tuple[int, int] | None]:
    """`pingpong`, `static`, or `<first>-<last>` frames to play to and fro."""
    if text in ("pingpong", "static"):
        return text, None
    if found := re.fullmatch(r"(\d+)-(\d+)", text):
        first, last = (int(part) for part in found.groups())
        if first <= last:
            return "pingpong", (first, last + 1)
    raise BeaverError(f"pose={text} is not a choice; take pingpong, static, or frames of the footage such as 0-99.")
