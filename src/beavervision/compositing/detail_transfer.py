"""Detail transfer: carry the footage's own fine detail along with a face that moves otherwise.

A renderer says how a face moves; the footage holds its pixels. With R(m) the rendering of motion m,

    result = R(new) + warp(footage - R(own))

where the warp follows the landmarks from where they are in the footage (own) to where they are wanted (new). Inside the
lips the footage shows another mouth, so its detail is not used there. Where nothing moves the result is the footage.
Landmarks are in the 68-point iBUG order; pixel centres are at +0.5.
"""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Float, UInt8

from beavervision.compositing.thin_plate import ThinPlateSpline

INNER_LIPS = np.r_[60:68]
"""iBUG points of the inner edge of the lips."""
MOUTH_CORNERS = [48, 54]
"""iBUG points by which the width of the mouth is measured."""

GRID_STEP = 8
"""Pixels between the points at which a flow is evaluated; it is smooth, so what lies between is interpolated."""
SMOOTHING = 0.5
"""Relaxation of the thin-plate spline: points on lips that meet move apart, which no smooth flow can follow."""
MARGIN, SOFT = 0.05, 0.10
"""Growth of the hulls of the lips and width of the soft border round them, in widths of the mouth."""
FRACTION_BITS = 4
"""Binary digits after the point of coordinates that OpenCV draws at."""


def landmark_flow(
    own: Float[np.ndarray, "N 2"],
    new: Float[np.ndarray, "N 2"],
    size: tuple[int, int],
    fixed: Float[np.ndarray, "M 2"] | None = None,
    step: int = GRID_STEP,
    smoothing: float = SMOOTHING,
) -> Float[np.ndarray, "H W 2"]:
    """Displacement from each pixel of the new face to the pixel of the own face that belongs there.

    A thin-plate spline (Bookstein, PAMI 1989) through the landmarks, evaluated on a coarse grid.

    Args:
        own: landmarks in the footage, px.
        new: landmarks that are wanted, px.
        size: width and height of the picture.
        fixed: points that stay where they are, px.
        step: pixels between two points of the coarse grid.
        smoothing: relaxation of the spline, 0 passes through every landmark.

    Returns:
        (dx, dy) px: pixel q of the result shows pixel q + flow(q) of the footage.
    """
    width, height = size
    if np.array_equal(own, new):
        return np.zeros((height, width, 2), np.float32)
    return landmark_flows(np.asarray(own)[None], new, size, fixed, step, smoothing)[0]


def landmark_flows(
    owns: Float[np.ndarray, "R N 2"],
    new: Float[np.ndarray, "N 2"],
    size: tuple[int, int],
    fixed: Float[np.ndarray, "M 2"] | None = None,
    step: int = GRID_STEP,
    smoothing: float = SMOOTHING,
) -> Float[np.ndarray, "R H W 2"]:
    """Flows from one face to several others, see `landmark_flow`; the spline is solved once."""
    width, height = size
    spline = flow_spline(owns, new, fixed, smoothing)
    columns, rows = grid_size(size, step)
    x, y = np.arange(columns) * float(step), np.arange(rows) * float(step)
    grid = np.stack(np.meshgrid(x, y), -1).reshape(-1, 2)
    coarse = spline.at(grid).reshape(rows, columns, len(owns), 2).astype(np.float32)
    # Grid point k stands at pixel coordinate k * step, and array index i at i + 0.5.
    u, v = (((np.arange(count) + 0.5) / step).astype(np.float32) for count in (width, height))
    across, down = np.meshgrid(u, v)
    parts = np.ascontiguousarray(coarse.transpose(2, 0, 1, 3))
    return np.stack(
        [cv2.remap(part, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE) for part in parts]
    )


def flow_spline(
    owns: Float[np.ndarray, "R N 2"],
    new: Float[np.ndarray, "N 2"],
    fixed: Float[np.ndarray, "M 2"] | None = None,
    smoothing: float = SMOOTHING,
) -> ThinPlateSpline:
    """Spline of the flows from one face to several others, with channels dx, dy of the first, of the second, ...

    Args:
        owns: landmarks of the other faces, px.
        new: landmarks of the one face, px.
        fixed: points that stay where they are, px.
        smoothing: see `landmark_flow`.
    """
    still = np.zeros((0, 2)) if fixed is None else np.asarray(fixed, np.float64)
    knots = np.concatenate([np.asarray(new, np.float64), still])
    moved = np.concatenate([np.asarray(owns, np.float64) - new, np.zeros((len(owns), *still.shape))], 1)
    return ThinPlateSpline.fit(knots, moved.transpose(1, 0, 2).reshape(len(knots), -1), smoothing)


def grid_size(size: tuple[int, int], step: int = GRID_STEP) -> tuple[int, int]:
    """Columns and rows of the points k * step that cover a picture of `size` = (width, height)."""
    return -(-size[0] // step) + 1, -(-size[1] // step) + 1


def warp_by_flow(picture: np.ndarray, flow: Float[np.ndarray, "H W 2"]) -> np.ndarray:
    """A picture whose pixel q shows what stood at q + flow(q); cubic, for linear sampling would take detail away."""
    height, width = flow.shape[:2]
    across, down = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    columns, rows = ((a + b).astype(np.float32) for a, b in ((across, flow[..., 0]), (down, flow[..., 1])))
    return cv2.remap(picture, columns, rows, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)


def outside_lips(
    own: Float[np.ndarray, "68 2"], new: Float[np.ndarray, "68 2"], size: tuple[int, int]
) -> Float[np.ndarray, "H W"]:
    """How much of the footage's detail may be used: 1 outside both mouths, 0 inside the inner lips of either.

    Args:
        own: landmarks in the footage, px.
        new: landmarks that are wanted, px.
        size: width and height of the picture.
    """
    width, height = size
    share = np.ones((height, width), np.float32)
    hulls = [cv2.convexHull(np.asarray(face)[INNER_LIPS].astype(np.float32))[:, 0] for face in (own, new)]
    mouth = max(float(np.linalg.norm(np.subtract(*face[MOUTH_CORNERS]))) for face in (own, new))
    # Only pixels that the border may reach are looked at.
    points, room = np.concatenate(hulls), (MARGIN + SOFT) * mouth + 3
    low = np.clip(np.floor(points.min(0) - room), 0, size).astype(int)
    high = np.clip(np.ceil(points.max(0) + room), low, size).astype(int)
    inside = np.zeros((high[1] - low[1], high[0] - low[0]), np.uint8)
    if not inside.size:
        return share
    for hull in hulls:
        corners = np.round((hull - low - 0.5) * (1 << FRACTION_BITS)).astype(np.int32)
        cv2.fillConvexPoly(inside, corners, (1,), cv2.LINE_8, FRACTION_BITS)
    if not inside.any():
        return share
    away = cv2.distanceTransform(1 - inside, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    part = np.clip((away - MARGIN * mouth) / max(SOFT * mouth, 1.0), 0, 1)
    share[low[1] : high[1], low[0] : high[0]] = part * part * (3 - 2 * part)
    return share


def transfer_detail(
    rendered: Float[np.ndarray, "H W 3"],
    rendered_own: Float[np.ndarray, "H W 3"],
    footage: UInt8[np.ndarray, "H W 3"],
    flow: Float[np.ndarray, "H W 2"],
    share: Float[np.ndarray, "H W"],
    own_share: Float[np.ndarray, "H W"] | None = None,
) -> Float[np.ndarray, "H W 3"]:
    """Rendering of the new motion with the footage's detail carried along.

    Args:
        rendered: of the new motion, [0, 255].
        rendered_own: of the footage's own motion, [0, 255].
        footage: the frame.
        flow: see `landmark_flow`.
        share: of the detail in each pixel of the result, [0, 1]; see `outside_lips`.
        own_share: of the detail in each pixel of the footage, [0, 1], such as 0 where a hand stands before the face;
            all of it by default.

    Returns:
        [0, 255].
    """
    detail = footage.astype(np.float32) - rendered_own
    if own_share is not None:
        detail = detail * own_share[..., None]
    if flow.any():
        detail = warp_by_flow(detail, flow)
    return np.clip(rendered + detail * share[..., None], 0, 255)
