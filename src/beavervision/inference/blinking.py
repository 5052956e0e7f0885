"""When an avatar shuts its eyes: naturally, or by a curve of the user's."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
from jaxtyping import Float

from beavervision.errors import ConfigError
from beavervision.face.blink import BLINKS_PER_MINUTE, INTERVAL_SPREAD, blink_rhythm, natural_blinks

FOOTAGE_RHYTHM = "own"
"""The person's own rhythm."""


def eyelid_closure(
    blink: float | str, n_frames: int, fps: float, seed: int, eye_open: Float[np.ndarray, "N 2"] | None = None
) -> Float[np.ndarray, "T"]:
    """How far the lids are shut in each frame, 0 (open) to 1.

    Args:
        blink: natural blinks a minute; OWN for the rhythm of the footage, or the usual one where it shows too few; or
            a file with a curve.
        n_frames: number of frames T.
        fps: frames per second, of the footage as well.
        seed: of natural blinks.
        eye_open: of the footage, for OWN.

    Raises:
        ConfigError: when the file holds no curve.
    """
    if blink == FOOTAGE_RHYTHM:
        known = None if eye_open is None else blink_rhythm(eye_open, fps)
        rate, spread = known or (BLINKS_PER_MINUTE, INTERVAL_SPREAD)
        return natural_blinks(n_frames, fps, rate, seed, spread)
    if isinstance(blink, str):
        seconds, shut = read_blink_curve(Path(blink)).T
        return np.interp(np.arange(n_frames) / fps, seconds, shut)
    return natural_blinks(n_frames, fps, blink, seed)


def read_blink_curve(path: Path) -> Float[np.ndarray, "N 2"]:
    """Seconds and closures (0 to 1) of a text file with two numbers a line, parted by a comma or space.

    Between the lines it goes straight; lines that begin with # and a header are passed over.

    Raises:
        ConfigError: naming the line that is wrong.
    """
    if not path.is_file():
        raise ConfigError(
            f"control.blink={path} is neither a number of blinks a minute, nor own, nor a file; give one."
        )
    rows: list[tuple[float, float]] = []
    for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
        words = re.split(r"[,;\s]+", line.strip())
        if not line.strip() or line.startswith("#") or (not rows and words[0][:1].isalpha()):
            continue
        try:
            seconds, shut = (float(word) for word in words)
        except ValueError:
            raise ConfigError(f"{path}, line {number}: not two numbers; write seconds, closure (0 to 1).") from None
        if not 0 <= shut <= 1 or (rows and seconds <= rows[-1][0]):
            raise ConfigError(f"{path}, line {number}: seconds must rise and closures lie from 0 to 1.")
        rows.append((seconds, shut))
    if not rows:
        raise ConfigError(f"{path} holds no line of seconds and closure; write some or give blinks a minute.")
    return np.array(rows)
