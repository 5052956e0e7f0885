"""Head poses as BVH (Biovision hierarchy): one joint with six channels."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from beavervision.export.curves import ORDER

CROWN_CM = 12.0
"""Length of the joint's bone, from between the eyes to the crown."""
HIERARCHY = f"""HIERARCHY
ROOT Head
{{
  OFFSET 0.0 0.0 0.0
  CHANNELS 6 Xposition Yposition Zposition Yrotation Xrotation Zrotation
  End Site
  {{
    OFFSET 0.0 {CROWN_CM} 0.0
  }}
}}
"""


def head_bvh(rotation: Float[np.ndarray, "T 3 3"], translation: Float[np.ndarray, "T 3"], fps: float) -> bytes:
    """The poses as the text of a BVH file, in cm and degrees.

    Args:
        rotation: head to a y-up world.
        translation: cm.
        fps: frames per second.
    """
    from scipy.spatial.transform import Rotation  # Slow to import.

    table = np.column_stack([translation, Rotation.from_matrix(rotation).as_euler(ORDER, degrees=True)])
    lines = [" ".join(f"{value:.6f}" for value in row) for row in table]
    motion = f"MOTION\nFrames: {len(table)}\nFrame Time: {1 / fps:.8f}\n"
    return (HIERARCHY + motion + "\n".join(lines) + "\n").encode()
