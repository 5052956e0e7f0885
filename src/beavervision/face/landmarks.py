"""Landmark indices of MediaPipe's 468-point face mesh and of the 10 iris points after it.

"Right" and "left" are the subject's: the right eye is on the left side of an unmirrored image. The indices come from
MediaPipe's published mesh (`mediapipe/python/solutions/face_mesh_connections.py`, Apache-2.0); the 68-point order is
that of iBUG 300-W (Sagonas et al., ICCV Workshops 2013).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from safetensors.numpy import load_file

N_MESH = 468
"""Number of points of the face mesh."""
N_LANDMARKS = 478
"""Number of points of the face mesh and both irises."""

_TOPOLOGY = load_file(Path(__file__).parent / "data" / "topology.safetensors")

SKIN_TRIANGLES: np.ndarray = _TOPOLOGY["skin"].astype(np.int64)
"""[852, 3] the face's skin, with holes for eyes and mouth; anticlockwise seen from outside."""
EYE_TRIANGLES: np.ndarray = _TOPOLOGY["eyes"].astype(np.int64)
"""[28, 3] triangles that close the eye holes, right eye first."""
MOUTH_TRIANGLES: np.ndarray = _TOPOLOGY["mouth"].astype(np.int64)
"""[18, 3] triangles that close the mouth hole between the inner lips."""
TRIANGLES: np.ndarray = np.concatenate([SKIN_TRIANGLES, EYE_TRIANGLES, MOUTH_TRIANGLES])
"""[898, 3] triangles of the closed mesh: skin, then eyes, then mouth."""
MIRROR: np.ndarray = _TOPOLOGY["mirror"].astype(np.int64)
"""[478] the landmark on the other side of the face; an involution."""

IBUG68 = np.array(
    [
        *(127, 234, 93, 132, 58, 136, 150, 176, 152, 400, 379, 365, 288, 361, 323, 454, 356),
        *(70, 63, 105, 66, 107, 336, 296, 334, 293, 300),
        *(168, 6, 195, 4, 98, 97, 2, 326, 327),
        *(33, 160, 158, 133, 153, 144, 362, 385, 387, 263, 373, 380),
        *(61, 40, 37, 0, 267, 270, 291, 321, 314, 17, 84, 91),
        *(78, 81, 13, 311, 308, 402, 14, 178),
    ]
)
"""[68] mesh point of each iBUG landmark: jaw 0-16 from the subject's right to the left, brows 17-26, nose 27-35,
right eye 36-41, left eye 42-47, outer lips 48-59, inner lips 60-67."""

OVAL = np.array(
    [
        *(10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377),
        *(152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109),
    ]
)
"""[36] the face outline, from the top of the forehead along the subject's left to the chin and back."""

UPPER_LIP = np.array(
    [
        [61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291],
        [76, 184, 74, 73, 72, 11, 302, 303, 304, 408, 306],
        [62, 183, 42, 41, 38, 12, 268, 271, 272, 407, 292],
        [78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308],
    ]
)
"""[4, 11] rows from the border of the skin to the inner edge, columns from the right corner to the left one."""
LOWER_LIP = np.array(
    [
        [61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291],
        [76, 77, 90, 180, 85, 16, 315, 404, 320, 307, 306],
        [62, 96, 89, 179, 86, 15, 316, 403, 319, 325, 292],
        [78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308],
    ]
)
"""[4, 11] as UPPER_LIP; both share their corners."""


def _ring(upper: np.ndarray, lower: np.ndarray) -> np.ndarray:
    """Join two edges with shared corners to one closed loop: along `upper`, back along `lower`."""
    return np.concatenate([upper, lower[-2:0:-1]])


LIPS_OUTER = _ring(UPPER_LIP[0], LOWER_LIP[0])
"""[20] the border of the lips, from the right corner over the upper lip and back under the lower one."""
LIPS_INNER = _ring(UPPER_LIP[3], LOWER_LIP[3])
"""[20] the inner edge of the lips, in the same order."""
LIPS = np.unique(np.concatenate([UPPER_LIP, LOWER_LIP]))
"""[80] all points of the lips."""

UPPER_LIDS = np.array([[33, 246, 161, 160, 159, 158, 157, 173, 133], [263, 466, 388, 387, 386, 385, 384, 398, 362]])
"""[2, 9] edge of the upper lid, right and left eye, from the outer corner to the inner one."""
LOWER_LIDS = np.array([[33, 7, 163, 144, 145, 153, 154, 155, 133], [263, 249, 390, 373, 374, 380, 381, 382, 362]])
"""[2, 9] edge of the lower lid; both lids share their corners."""
EYES = np.stack([_ring(u, d) for u, d in zip(UPPER_LIDS, LOWER_LIDS, strict=True)])
"""[2, 16] the rim of each eye."""
IRISES = np.array([[468, 469, 470, 471, 472], [473, 474, 475, 476, 477]])
"""[2, 5] centre of the iris and four points of its rim, right and left."""
BROWS = np.array(
    [
        [[70, 63, 105, 66, 107], [46, 53, 52, 65, 55]],
        [[300, 293, 334, 296, 336], [276, 283, 282, 295, 285]],
    ]
)
"""[2, 2, 5] right and left brow, upper and lower edge, from the temple to the nose."""

EYE_OUTER, EYE_INNER = UPPER_LIDS[:, 0], UPPER_LIDS[:, -1]
"""[2] corners of the eyes, right and left."""
LID_MID_UPPER, LID_MID_LOWER = UPPER_LIDS[:, 4], LOWER_LIDS[:, 4]
"""[2] middles of the lids, right and left."""
LIP_MID_UPPER, LIP_MID_LOWER = 13, 14
"""Middles of the inner lips."""
LIP_CORNERS = (61, 291)
"""Corners of the lips, right and left."""
