"""The report's numbers: what was found in the clip, in a form for programs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Float

from beavervision.artifacts.clip import Subject
from beavervision.audio.waveform import Waveform, loudest_db
from beavervision.face.landmarks import EYE_OUTER
from beavervision.face.pose import euler_from_rotation
from beavervision.preprocess.background import Background
from beavervision.preprocess.describe import Description
from beavervision.types import VisibilityReason

CLIPPED = 0.999
"""Sample value from which sound counts as clipped."""


def eye_distance(subject: Subject) -> Float[np.ndarray, "T"]:
    """Distance of the outer eye corners, px."""
    right, left = (subject.landmarks[:, corner, :2] for corner in EYE_OUTER)
    return np.linalg.norm(right - left, axis=-1)


def gather(
    subject: Subject,
    error_px: Float[np.ndarray, "T"],
    found: Description,
    background: Background,
    sound: Waveform | None,
    n_people: int,
) -> dict[str, Any]:
    """Facts of one subject's clip, JSON types only."""
    height = subject.box[:, 3] - subject.box[:, 1]
    reasons = {r.name.lower(): int((subject.reason == r).sum()) for r in VisibilityReason}
    error = 100 * error_px / eye_distance(subject)
    return {
        "frames": len(subject.visible),
        "people": n_people,
        "visible_share": float(subject.visible.mean()),
        "reasons": {name: n for name, n in reasons.items() if n},
        "occluded_share": float(subject.occluded[subject.visible].mean()),
        "face_height_px": _spread(height),
        "reprojection_error_percent_of_eye_distance": _spread(error),
        "yaw_degrees": _spread(np.degrees(euler_from_rotation(subject.rotation)[:, 0])),
        "sharpness": _spread(found.sharpness),
        "light": _spread(found.light),
        "background": {
            "moving": background.moving,
            "seen_share": background.seen,
            "changed_share": background.changed,
        },
        "sound": _sound(sound),
    }


def _spread(values: Float[np.ndarray, "T"]) -> dict[str, float]:
    """5th percentile, median and 95th percentile of the known values."""
    low, middle, high = np.nanpercentile(values, [5, 50, 95])
    return {"p5": float(low), "median": float(middle), "p95": float(high)}


def _sound(sound: Waveform | None) -> dict[str, float] | None:
    if sound is None:
        return None
    level = loudest_db(sound)
    clipped = float((np.abs(sound.samples) >= CLIPPED).mean())
    # JSON knows no infinity: digital silence is given as -200 dB.
    return {"loudest_db": max(level, -200.0), "clipped_share": clipped, "seconds": sound.duration}


def strips(
    subject: Subject, error_px: Float[np.ndarray, "T"], found: Description
) -> Sequence[tuple[str, str, Float[np.ndarray, "T"]]]:
    """(title, unit, value per frame) of what the page shows over time; NaN where unknown."""
    return (
        ("visible", "", subject.visible.astype(float)),
        ("head behind hands", "%", 100 * found.covered),
        ("face height", "px", subject.box[:, 3] - subject.box[:, 1]),
        ("reprojection error", "% of eye distance", 100 * error_px / eye_distance(subject)),
        ("yaw", "degrees", np.degrees(euler_from_rotation(subject.rotation)[:, 0])),
        ("mouth open", "ratio", subject.mouth_open),
        ("eyes open", "ratio", subject.eye_open.mean(-1)),
        ("sharpness", "grey values", found.sharpness),
        ("light", "grey values", found.light),
    )
