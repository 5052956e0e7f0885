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
    still = np.zeros((0, 2)) if fixed is None else np.asarray(fixed, np.float64)
    knots = np.concatenate([np.asarray(new, np.float64), still])
    moved = np.concatenate([np.asarray(owns, np.float64) - new, np.zeros((len(owns), *still.shape))], 1)
    values = moved.transpose(1, 0, 2).reshape(len(knots), -1)
    columns, rows = -(-width // step) + 1, -(-height // step) + 1
    x, y = np.arange(columns) * float(step), np.arange(rows) * float(step)
    grid = np.stack(np.meshgrid(x, y), -1).reshape(-1, 2)
    coarse = _thin_plate(knots, values, grid, smoothing).reshape(rows, columns, len(owns), 2).astype(np.float32)
    # Grid point k stands at pixel coordinate k * step, and array index i at i + 0.5.
    u, v = (((np.arange(count) + 0.5) / step).astype(np.float32) for count in (width, height))
    across, down = np.meshgrid(u, v)
    parts = np.ascontiguousarray(coarse.transpose(2, 0, 1, 3))
    return np.stack(
        [cv2.remap(part, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE) for part in parts]
    )


def warp_by_flow(picture: np.ndarray, flow: Float[np.ndarray, "H W 2"]) -> np.ndarray:
    """A picture whose pixel q shows what stood at q + flow(q); cubic, for linear sampling would take detail away."""
    height, width = flow.shape[:2]
    across, down = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    columns, rows = ((a + b).astype(np.float32) for a, b in ((across, flow[..., 0]), (down, flow[..., 1])))
    return cv2.remap(picture, columns, rows, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)


def _thin_plate(
    knots: Float[np.ndarray, "N 2"], values: Float[np.ndarray, "N C"], at: Float[np.ndarray, "G 2"], smoothing: float
) -> Float[np.ndarray, "G C"]:
    """Thin-plate spline through `values` at `knots`, evaluated at `at`; lengths are scaled to the knots' extent."""
    centre, extent = knots.mean(0), max(float(np.ptp(knots, 0).max()), 1e-6)
    known, asked = (knots - centre) / extent, (at - centre) / extent
    count = len(known)
    system = np.zeros((count + 3, count + 3))
    system[:count, :count] = _kernel(known, known) + np.eye(count) * smoothing * 1e-3
    system[:count, count:] = np.column_stack([np.ones(count), known])
    system[count:, :count] = system[:count, count:].T
    right = np.concatenate([values, np.zeros((3, values.shape[1]))])
    try:
        weights = np.linalg.solve(system, right)
    except np.linalg.LinAlgError:  # landmarks that coincide, and no relaxation
        weights = np.linalg.lstsq(system, right, rcond=None)[0]
    return _kernel(asked, known) @ weights[:count] + np.column_stack([np.ones(len(asked)), asked]) @ weights[count:]


def _kernel(a: Float[np.ndarray, "A 2"], b: Float[np.ndarray, "B 2"]) -> Float[np.ndarray, "A B"]:
    """r^2 log r of all distances; 0 at r = 0."""
    square = ((a[:, None] - b[None]) ** 2).sum(-1)
    return 0.5 * square * np.log(np.maximum(square, 1e-20))


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
    inside = np.zeros((height, width), np.uint8)
    for face in (own, new):
        hull = cv2.convexHull(np.asarray(face)[INNER_LIPS].astype(np.float32))
        corners = np.round((hull - 0.5) * (1 << FRACTION_BITS)).astype(np.int32)
        cv2.fillConvexPoly(inside, corners, (1,), cv2.LINE_8, FRACTION_BITS)
    if not inside.any():
        return np.ones((height, width), np.float32)
    mouth = max(float(np.linalg.norm(np.subtract(*face[MOUTH_CORNERS]))) for face in (own, new))
    away = cv2.distanceTransform(1 - inside, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    share = np.clip((away - MARGIN * mouth) / max(SOFT * mouth, 1.0), 0, 1)
    return (share * share * (3 - 2 * share)).astype(np.float32)


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
