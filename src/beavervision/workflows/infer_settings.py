"""Validates infer's config and converts it to settings of the video."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from beavervision.artifacts.manifest import MANIFEST
from beavervision.compositing.watermark import PUBLIC_KEY
from beavervision.config.schemas import ProvenanceSettings, typed_node
from beavervision.config.suggestions import suggest
from beavervision.errors import ConfigError
from beavervision.inference.background import AUTO, NONE, PLATE
from beavervision.inference.blinking import FOOTAGE_RHYTHM, read_blink_curve
from beavervision.inference.driver import MotionControls
from beavervision.inference.pose_source import POSE_MODES
from beavervision.inference.settings import FilmSettings
from beavervision.video.formats import PRESETS, PURPOSES
from beavervision.video.writers import Out, check_out, holds_opacity

CHOICES = {
    "mode": ("avatar", "dub"),
    "length": ("speech", "source"),
    "region": ("auto", "head", "lower_face", "head_lower_face"),
    "detail": ("auto", True, False),
    "silent": ("source", "rest"),
    "control.refine": ("auto", "postnet", "lle", "both", "none"),
    "preset": (*PURPOSES, *PRESETS),
    "keep_partial": (True, False),
    "cache": (True, False),
}
LIMITS = {
    "control.temperature": (0.0, 2.0),
    "control.mouth_amp": (0.0, 3.0),
    "control.eye_amp": (0.0, 3.0),
    "control.lle_percent": (0.0, 1.0),
    "smoothing": (1, 101),
    "batch": (1, 64),
}
AUTO_REGION = "auto"
"""`lower_face` where its bundle is there, else `head`; `workflows.infer` decides."""
MOST_BLINKS = 60.0
"""Largest blink rate, per minute: twice that of people in a conversation."""


def film_settings(cfg: DictConfig, out: Out) -> FilmSettings:
    """Settings of the video.

    Args:
        cfg: config of infer.
        out: output of the video.

    Raises:
        ConfigError: names the key of an invalid value.
    """
    for key, choices in CHOICES.items():
        if (value := OmegaConf.select(cfg, key)) not in choices:
            raise ConfigError(f"{key}={value} is not a choice; {suggest(str(value), [str(c) for c in choices])}.")
    for key, (low, high) in LIMITS.items():
        _check_number(key, OmegaConf.select(cfg, key), low, high)
    if cfg.crf is not None:
        _check_number("crf", cfg.crf, 0, 63)
    background = _background(cfg, out)
    check_out(out, cfg.crf, alpha=cfg.mode == "avatar" and background == NONE)
    pose, span = _pose(str(cfg.pose))
    region = cfg.region if cfg.mode == "dub" and cfg.region != AUTO_REGION else "head"
    return FilmSettings(
        mode=cfg.mode,
        controls=motion_controls(cfg),
        pose=pose,
        pose_frames=span,
        smoothing=cfg.smoothing,
        background=background,
        region=region,
        detail=cfg.mode == "dub" and (region == "lower_face" if cfg.detail == "auto" else cfg.detail),
        length=cfg.length,
        silent=cfg.silent,
        fps=_fps(cfg.fps),
        label=str(cfg.label),
        language=str(cfg.language),
        watermark=_watermark_key(cfg),
        crf=cfg.crf,
        preset=cfg.preset,
        batch=cfg.batch,
        cache=cfg.cache,
    )


def motion_controls(cfg: DictConfig) -> MotionControls:
    """Return the config's changes to the predicted motion.

    Raises:
        ConfigError: when a value is out of range.
    """
    blink = cfg.control.blink
    if isinstance(blink, str) and blink != FOOTAGE_RHYTHM:
        read_blink_curve(Path(blink))
    elif blink != FOOTAGE_RHYTHM:
        _check_number("control.blink", blink, 0.0, MOST_BLINKS)
    numbers = OmegaConf.create({"control": {k: v for k, v in cfg.control.items() if k != "blink"}})
    return replace(typed_node(numbers, "control", MotionControls), blink=blink, seed=cfg.seed)


def _watermark_key(cfg: DictConfig) -> str | None:
    """Key of the invisible mark; None where it is switched off."""
    provenance = typed_node(cfg, "provenance", ProvenanceSettings)
    if not provenance.watermark:
        return None
    key = PUBLIC_KEY if provenance.watermark_key is None else provenance.watermark_key
    if not key:
        raise ConfigError("provenance.watermark_key is empty; give any text, or null for the public key.")
    return key


def _background(cfg: DictConfig, out: Out) -> str:
    """The background; `auto` is an alpha channel where the format is made for it."""
    choice = str(cfg.background)
    if cfg.mode == "dub" and choice not in (AUTO, "source"):
        raise ConfigError(f"background={choice} is for mode=avatar; a dub keeps the footage's own.")
    if choice == AUTO:
        return NONE if holds_opacity(out) else PLATE
    return choice


def _fps(value: Any) -> Any:
    if value in ("clip", "source"):
        return value
    if isinstance(value, str):
        raise ConfigError(f"fps={value} is not a choice; take clip, source, or frames per second such as 30.")
    _check_number("fps", value, 1, 240)
    return float(value)


def _check_number(key: str, value: Any, low: float, high: float) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise ConfigError(f"{key}={value} is not a number from {low} to {high}; give another value.")


def _pose(text: str) -> tuple[Any, tuple[int, int] | None]:
    """Parse `pingpong`, `energy`, `static`, a Motion's folder, or `<first>-<last>` frames to play back and forth."""
    if text in POSE_MODES or (Path(text) / MANIFEST).is_file():
        return text, None
    if found := re.fullmatch(r"(\d+)-(\d+)", text):
        first, last = (int(part) for part in found.groups())
        if first <= last:
            return "pingpong", (first, last + 1)
    raise ConfigError(
        f"pose={text} is not a choice; take pingpong, energy, static, frames of the "
        "footage such as 0-99, or the folder of a Motion."
    )
