"""Curves as text: ARKit weights as CSV and JSON, head poses as CSV."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from jaxtyping import Float

from beavervision.face.arkit_names import ARKIT_NAMES

POSE_COLUMNS = ("x_cm", "y_cm", "z_cm", "yaw_deg", "pitch_deg", "roll_deg", "qx", "qy", "qz", "qw")
"""Of pose.csv: position, turns about y, x and z (applied in this order), and the same rotation as a quaternion."""
ORDER = "YXZ"
"""Order of the turns: yaw about y, then pitch about the new x, then roll about the new z."""


def weights_csv(times: Float[np.ndarray, "T"], weights: Float[np.ndarray, "T 52"]) -> bytes:
    """A line for each frame: time in seconds and the 52 weights, under their names."""
    rows = ([f"{time:.4f}", *(f"{value:.5f}" for value in row)] for time, row in zip(times, weights, strict=True))
    return _csv(["time", *ARKIT_NAMES], rows)


def weights_json(facts: Mapping[str, Any], weights: Float[np.ndarray, "T 52"]) -> bytes:
    """Names, facts and rows of weights.

    Args:
        facts: further entries, JSON values.
        weights: [0, 1].
    """
    rows = [[round(float(value), 5) for value in row] for row in weights]
    return (json.dumps({**facts, "names": list(ARKIT_NAMES), "weights": rows}) + "\n").encode()


def pose_csv(
    times: Float[np.ndarray, "T"], rotation: Float[np.ndarray, "T 3 3"], translation: Float[np.ndarray, "T 3"]
) -> bytes:
    """A line for each frame: time in seconds and POSE_COLUMNS."""
    from scipy.spatial.transform import Rotation  # Slow to import.

    turns = Rotation.from_matrix(rotation)
    table = np.column_stack([translation, turns.as_euler(ORDER, degrees=True), turns.as_quat(canonical=True)])
    rows = ([f"{time:.4f}", *(f"{value:.6f}" for value in row)] for time, row in zip(times, table, strict=True))
    return _csv(["time", *POSE_COLUMNS], rows)


def _csv(head: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(head)
    writer.writerows(rows)
    return text.getvalue().encode()
