"""Visual hull: space carving of the head from the silhouettes of many frames."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, UInt8
from scipy.interpolate import LinearNDInterpolator
from scipy.spatial import KDTree

from beavervision.errors import FootageError
from beavervision.stages.radnerf_head.targets import PixelTarget

SEARCH_VOLUME = (-24.0, -32.0, 24.0, 26.0)
"""Region of head space that is searched, cm: x0, y0, x1, y1 (long hair down to the chest)."""

FRONT_MARGIN = 1.5
"""Margin in front of the face model's foremost vertex, cm: frontal silhouettes do not bound the front."""

SKULL = (-8.0, 11.0)
"""z of the skull's middle and its radius with hair, cm: seen at an angle a, its rim is at z - radius sin a."""

TOLERANCE = 0.2
"""Share of frames that may label a remaining cell as empty: label maps have errors, poses jitter, and long hair swings
(0.06 produced a staircase of cells)."""

FACE_MARGINS = (3.0, 2.0)
"""Distance in cm behind and in front of the fitted face in which its surface is searched: teeth, tongue, fringe,
glasses."""

MAX_SLOPE = 0.5
"""Largest slope of hair beside the face: cm forward per cm away from the face."""

COARSE_RESOLUTION = 48
"""Cells per side of the first, coarse search."""


@dataclass(frozen=True)
class SilhouetteViews:
    """Silhouettes of a few frames, with their cameras."""

    targets: UInt8[np.ndarray, "N H W"]
    cameras: Float[np.ndarray, "N 4"]
    """fx, fy, cx, cy."""
    rotation: Float[np.ndarray, "N 3 3"]
    translation: Float[np.ndarray, "N 3"]


def head_box(views: SilhouetteViews, front: float) -> Float[np.ndarray, "6"]:
    """Bounding box of the hull in head space, cm, with a margin of one coarse cell.

    Args:
        views: training frames, spread over the clip.
        front: z of the face model's foremost vertex, cm.

    Raises:
        FootageError: when no cell is inside the silhouettes of enough frames.
    """
    searched = np.array([*SEARCH_VOLUME[:2], _rim(views.rotation), *SEARCH_VOLUME[2:], front + FRONT_MARGIN])
    hull = carve_visual_hull(views, searched, COARSE_RESOLUTION)
    if not hull.any():
        raise FootageError(
            "The head's outlines in the training frames do not meet anywhere in space: the poses or the label maps "
            "of the clip are wrong; look at its preparation report and prepare it again."
        )
    found = np.argwhere(hull)
    size = (searched[3:] - searched[:3]) / COARSE_RESOLUTION
    low = np.maximum(searched[:3], searched[:3] + (found.min(0) - 1) * size)
    high = np.minimum(searched[3:], searched[:3] + (found.max(0) + 2) * size)
    return np.concatenate([low, high])


def _rim(rotation: np.ndarray) -> float:
    """Lowest visible z of the head over all frames, cm: the farther it turns, the more of its back is visible."""
    cosine = np.clip(-rotation[:, 2, 2], -1, 1)
    return SKULL[0] - SKULL[1] * float(np.sqrt(1 - cosine**2).max() if cosine.min() > 0 else 1.0) - 2.0


def carve_visual_hull(views: SilhouetteViews, box: Float[np.ndarray, "6"], cells: int) -> Bool[np.ndarray, "X Y Z"]:
    """Cells that are inside the silhouette in some frame and outside it in at most a TOLERANCE share of frames.

    The band under the chin, occluders and pixels outside the canvas are not counted, so that the space of an open jaw
    is kept.

    Args:
        views: training frames.
        box: corners in head space, cm.
        cells: cells per side.
    """
    axes = [box[i] + (np.arange(cells) + 0.5) * (box[i + 3] - box[i]) / cells for i in range(3)]
    centres = np.stack(np.meshgrid(*axes, indexing="ij"), -1).reshape(-1, 3).astype(np.float32)
    head, empty = np.zeros(len(centres), np.int32), np.zeros(len(centres), np.int32)
    for i in range(len(views.targets)):
        seen = _look_up(views, i, centres)
        head += np.isin(seen, (PixelTarget.HEAD, PixelTarget.EDGE, PixelTarget.SOFT))
        empty += seen == PixelTarget.EMPTY
    keep = (head > 0) & (empty <= TOLERANCE * (head + empty))
    return keep.reshape(cells, cells, cells)


def _look_up(views: SilhouetteViews, i: int, points: np.ndarray) -> np.ndarray:
    """Target of the pixel to which each point projects in frame i; IGNORED outside the canvas."""
    targets = views.targets[i]
    at = points @ views.rotation[i].T.astype(np.float32) + views.translation[i].astype(np.float32)
    fx, fy, cx, cy = views.cameras[i]
    depth = np.maximum(at[:, 2], 1e-3)
    column = np.floor(at[:, 0] / depth * fx + cx).astype(np.int64)
    row = np.floor(at[:, 1] / depth * fy + cy).astype(np.int64)
    height, width = targets.shape
    inside = (column >= 0) & (column < width) & (row >= 0) & (row < height) & (at[:, 2] > 0)
    found = targets[row.clip(0, height - 1), column.clip(0, width - 1)]
    return np.where(inside, found, PixelTarget.IGNORED)


def near_face_cells(
    vertices: Float[np.ndarray, "V 3"], box: Float[np.ndarray, "6"], cells: int
) -> Bool[np.ndarray, "X Y Z"]:
    """Cells close to the fitted face in the columns that it covers; beside it, cells not far in front of its rim.

    Silhouettes of a head that hardly turns do not determine its depth; the fitted face does, to a centimetre or two.

    Args:
        vertices: the clip's neutral face, head space, cm.
        box: corners in head space, cm.
        cells: cells per side.
    """
    x, y, z = (box[i] + (np.arange(cells) + 0.5) * (box[i + 3] - box[i]) / cells for i in range(3))
    columns = np.stack(np.meshgrid(x, y, indexing="ij"), -1)
    depth = LinearNDInterpolator(vertices[:, :2], vertices[:, 2])(columns)[..., None]
    behind, front = FACE_MARGINS
    on_face = (z > depth - behind) & (z < depth + front)
    away, nearest = KDTree(vertices[:, :2]).query(columns)
    rim = (vertices[nearest, 2] + front + MAX_SLOPE * away)[..., None]
    return np.where(np.isnan(depth), z < rim, on_face)
