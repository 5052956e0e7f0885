"""The facts as tables: names in words, units, shares in per cent."""

from __future__ import annotations

import html

from beavervision.preprocess.report.statistics import Facts

NAMES = {
    "visible_share": ("frames that show the face", "%"),
    "visible_seconds": ("time that shows the face", "s"),
    "speech_seconds": ("speech with the face in view", "s"),
    "own_speech_seconds": ("speech while the lips move", "s"),
    "interpolated_frames": ("frames with a pose filled in", ""),
    "occluded_share": ("frames with something before the head", "%"),
    "shoulders_share": ("frames with both shoulders known", "%"),
    "face_height_px": ("height of the face", "px"),
    "reprojection_error_percent_of_eye_distance": ("error of the fitted face model", "% of the eye distance"),
    "yaw_degrees": ("turn to the side", "°"),
    "pitch_degrees": ("turn downwards", "°"),
    "mouth_open": ("opening of the mouth", "of the eye distance"),
    "sharpness": ("sharpness of the face", "grey values"),
    "light": ("light on the face", "grey values of 255"),
    "cuts_at_seconds": ("cuts", "s"),
    "background.moving": ("background moves", ""),
    "background.camera_moves": ("camera moves", ""),
    "background.seen_share": ("background seen at some time", "%"),
    "background.changed_share": ("background that changes", "%"),
    "sound.level_db": ("level of the speech", "dB of full scale"),
    "sound.loudest_db": ("level of the loudest sound", "dB of full scale"),
    "sound.clipped_share": ("clipped samples", "%"),
    "sound.speech_share": ("time with speech", "%"),
    "sound.snr_db": ("speech over noise", "dB"),
    "sound_lag.frames": ("sound after the picture, against ordinary speech", "frames"),
    "sound_lag.correlation": ("lips as the sound foretells them", "(correlation)"),
}
"""Fact -> label and unit; "%" formats a share of 1. Other facts are not shown."""


def draw_figures(facts: Facts) -> str:
    """Table of the facts in NAMES; unknown ones are omitted."""
    rows = ((*NAMES[key], value) for key, value in _flat(facts) if key in NAMES)
    cells = "".join(
        f"<tr><td>{html.escape(name)}</td><td>{html.escape(_said(value, unit))}</td></tr>" for name, unit, value in rows
    )
    return f"<table>{cells}</table>"


def _flat(facts: Facts) -> list[tuple[str, object]]:
    """(dotted name, value) of all known facts; a percentile triple stays together."""
    found: list[tuple[str, object]] = []
    for name, value in facts.items():
        if isinstance(value, dict) and "median" not in value:
            found += [(f"{name}.{part}", inner) for part, inner in _flat(value)]
        elif value not in (None, []):
            found.append((name, value))
    return found


def _said(value: object, unit: str) -> str:
    """Format a value: "226 px (218 to 240)"."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(f"{part:g}" for part in value) + f" {unit}"
    factor = 100 if unit == "%" else 1
    space = "" if unit == "°" else " "
    if isinstance(value, dict):
        low, middle, high = (f"{factor * value[key]:.3g}" for key in ("p5", "median", "p95"))
        return f"{middle}{space}{unit} ({low} to {high})"
    return f"{factor * value:.3g}{space}{unit}".strip() if isinstance(value, (int, float)) else str(value)
