"""The patch round mouth and chin: where it lies in a frame, and which part of it is drawn anew.

The patch follows the rigid pose of the head, never the mouth: an upright square of head space about a point between
mouth and chin. Patch pixels and frame pixels have their centres at +0.5.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import cv2
import numpy as np
from jaxtyping import Float, UInt8

CENTRE = np.array([0.0, -8.8, 1.0])
"""Centre of the patch in head space, cm: between mouth and chin of the mean face, at the depth of the cheeks."""
SIDE_CM = 12.2
"""Side of the patch at the least: what is drawn anew, and a little round it."""
HALF_WIDTH = 5.2
"""Half axis of the ellipse that is drawn anew, from cheek to cheek, cm."""
TOP = 4.2
"""How far the ellipse reaches above the patch's centre, cm: to the nose's base."""
REACH, CHIN_ROOM = (2.5, 5.7), 1.0
"""How far the ellipse may reach below the patch's centre, and how far it reaches below the lowest chin of the
footage, cm. A collar and what else does not move with the head cannot be known and is better left as it is."""
SOFT_CM = 0.8
"""Width of the border inside the ellipse over which the drawn face gives way to the footage."""
BORDER_POINTS = 24
"""Number of points on the ellipse at which nothing moves."""
KERNEL_ROOM = 4
"""Pixels round a part of a frame that cubic interpolation may read."""
SHRINKS = 0.8
"""Scale below which a picture is smoothed before it is warped."""
SIZE_STEP, SIZE_LEAST = 32, 64
"""Sizes of patches are multiples of this, and no smaller than that: the network halves them several times."""

Affine = Float[np.ndarray, "2 3"]


@dataclass(frozen=True)
class PatchGeometry:
    """Size and scale of a person's patch; the same in every frame of the clip."""

    size: int
    """Side, px."""
    pixels_per_cm: float
    """Of the patch, at the head's distance."""
    reach: float = REACH[1]
    """How far the part that is drawn anew reaches below the patch's centre, cm."""

    @classmethod
    def of_faces(cls, scales: Float[np.ndarray, "N"], largest: int) -> PatchGeometry:
        """Patch of the footage's own resolution, as far as `largest` allows.

        Args:
            scales: px per cm of head space in each frame of the footage (focal length / distance).
            largest: side that no patch exceeds, px.

        Example:
            >>> PatchGeometry.of_faces(np.array([10.0, 12.0, 14.0]), 512)
            PatchGeometry(size=160, pixels_per_cm=12.0, reach=5.7)
            >>> PatchGeometry.of_faces(np.array([40.0]), 256).size
            256
        """
        native = float(np.median(scales))
        wanted = max(SIZE_LEAST, int(np.ceil(SIDE_CM * native / SIZE_STEP)) * SIZE_STEP)
        if wanted <= largest:
            return cls(wanted, native)
        size = max(SIZE_LEAST, largest // SIZE_STEP * SIZE_STEP)
        return cls(size, size / SIDE_CM)

    def to_patch(
        self,
        rotation: Float[np.ndarray, "3 3"],
        translation: Float[np.ndarray, "3"],
        camera: Float[np.ndarray, "4"],
    ) -> Affine:
        """Similarity from frame pixels to patch pixels for one pose of the head.

        Args:
            rotation: head to camera.
            translation: cm, camera space.
            camera: fx, fy, cx, cy of the frame, px.
        """
        placed = rotation @ CENTRE + translation
        middle = placed[:2] / placed[2] * camera[:2] + camera[2:]
        # The head's up axis in the picture; y points down there.
        up = rotation[:2, 1] / max(float(np.linalg.norm(rotation[:2, 1])), 1e-6)
        scale = self.pixels_per_cm * translation[2] / camera[0]
        turn = scale * np.array([[-up[1], up[0]], [-up[0], -up[1]]])
        return np.column_stack([turn, self.size / 2 - turn @ middle])

    def reaching(self, chins: Float[np.ndarray, "N"]) -> PatchGeometry:
        """The same patch with an ellipse that ends below the lowest chin.

        Args:
            chins: how far the chin lies below the patch's centre in each frame, px of the patch.
        """
        lowest = float(np.quantile(chins, 0.995)) / self.pixels_per_cm + CHIN_ROOM
        return replace(self, reach=float(np.clip(lowest, *REACH)))

    def ellipse(self) -> Float[np.ndarray, "S S"]:
        """Part of the patch that is drawn anew: 1 inside, 0 outside."""
        return (self._depth() > 0).astype(np.float32)

    @cached_property
    def matte(self) -> Float[np.ndarray, "S S"]:
        """How much of the drawn face shows: rises smoothly from 0 on the ellipse's border to 1 inside."""
        share = np.clip(self._depth() / max(SOFT_CM * self.pixels_per_cm, 1.0), 0, 1)
        return (share * share * (3 - 2 * share)).astype(np.float32)

    @cached_property
    def border_points(self) -> Float[np.ndarray, "N 2"]:
        """Points on the ellipse, patch px: nothing moves there."""
        angle = np.arange(BORDER_POINTS) * (2 * np.pi / BORDER_POINTS)
        centre, axes = self._ellipse()
        return centre + axes * np.column_stack([np.cos(angle), np.sin(angle)])

    def _ellipse(self) -> tuple[Float[np.ndarray, "2"], Float[np.ndarray, "2"]]:
        """Centre and half axes, px."""
        centre = np.array([self.size / 2, self.size / 2 + (self.reach - TOP) / 2 * self.pixels_per_cm])
        return centre, np.array([HALF_WIDTH, (self.reach + TOP) / 2]) * self.pixels_per_cm

    def _depth(self) -> Float[np.ndarray, "S S"]:
        """About how far each pixel lies inside the ellipse, px; negative outside."""
        centre, axes = self._ellipse()
        place = np.arange(self.size) + 0.5
        x, y = (place - centre[0]) / axes[0], (place - centre[1]) / axes[1]
        return (1 - np.hypot(x[None, :], y[:, None])) * float(axes.min())


def map_points(affine: Affine, points: Float[np.ndarray, "*n 2"]) -> Float[np.ndarray, "*n 2"]:
    """Points under an affine map."""
    return points @ affine[:, :2].T + affine[:, 2]


def inverse(affine: Affine) -> Affine:
    """The affine map that undoes another."""
    return cv2.invertAffineTransform(affine.astype(np.float64))


def opencv_affine(affine: Affine) -> Affine:
    """The same map in OpenCV's pixels, whose centres are whole numbers."""
    half = np.array([0.5, 0.5])
    shifted = affine.astype(np.float64).copy()
    shifted[:, 2] += shifted[:, :2] @ half - half
    return shifted


def warp(
    picture: np.ndarray, affine: Affine, size: tuple[int, int], interpolation: int = cv2.INTER_CUBIC
) -> np.ndarray:
    """A picture under an affine map of its pixels; what lies outside repeats its border.

    Args:
        picture: [H, W] or [H, W, C] of any type that OpenCV warps.
        affine: from its pixels to those of the result.
        size: width and height of the result.
        interpolation: cubic keeps detail; linear does not overshoot; nearest is for labels.
    """
    if interpolation != cv2.INTER_NEAREST:
        picture = smoothed_for(picture, affine)
    return cv2.warpAffine(picture, opencv_affine(affine), size, flags=interpolation, borderMode=cv2.BORDER_REPLICATE)


def smoothed_for(picture: np.ndarray, affine: Affine) -> np.ndarray:
    """A picture without the detail that would alias under an affine map that makes it smaller."""
    scale = float(np.sqrt(abs(np.linalg.det(affine[:, :2]))))
    if scale >= SHRINKS:
        return picture
    return cv2.GaussianBlur(picture, (0, 0), 0.5 * np.sqrt(1 / scale**2 - 1), borderType=cv2.BORDER_REPLICATE)


def frame_box(affine: Affine, size: int, frame: tuple[int, int]) -> tuple[int, int, int, int]:
    """Pixels of the frame that a patch touches: x0, y0, x1, y1 (the ends excluded), empty outside the frame.

    Args:
        affine: frame to patch.
        size: side of the patch.
        frame: width and height of the frame.
    """
    corners = map_points(inverse(affine), np.array([[0.0, 0], [size, 0], [size, size], [0, size]]))
    low = np.clip(np.floor(corners.min(0)), 0, frame).astype(int)
    high = np.clip(np.ceil(corners.max(0)), low, frame).astype(int)
    return int(low[0]), int(low[1]), int(high[0]), int(high[1])


def shifted_to(affine: Affine, left: int, top: int) -> Affine:
    """The same map for pixels counted from (left, top) of the frame."""
    moved = affine.copy()
    moved[:, 2] += affine[:, :2] @ np.array([left, top], np.float64)
    return moved


def patch_picture(frame: UInt8[np.ndarray, "H W 3"], affine: Affine, size: int) -> UInt8[np.ndarray, "S S 3"]:
    """The patch of a frame; only the part of the frame that it touches is looked at."""
    left, top, right, bottom = box = patch_reach(affine, size, (frame.shape[1], frame.shape[0]))
    return patch_from_part(frame[top:bottom, left:right], box, affine, size)


def patch_reach(affine: Affine, size: int, frame: tuple[int, int]) -> tuple[int, int, int, int]:
    """Pixels of the frame from which a patch is interpolated: x0, y0, x1, y1 (the ends excluded)."""
    left, top, right, bottom = frame_box(affine, size, frame)
    return (
        max(0, left - KERNEL_ROOM),
        max(0, top - KERNEL_ROOM),
        min(frame[0], right + KERNEL_ROOM),
        min(frame[1], bottom + KERNEL_ROOM),
    )


def patch_from_part(
    part: UInt8[np.ndarray, "h w 3"], box: tuple[int, int, int, int], affine: Affine, size: int
) -> UInt8[np.ndarray, "S S 3"]:
    """The patch of a frame of which one part is known.

    Args:
        part: the pixels of `box`.
        box: see `patch_reach`.
        affine: frame to patch.
        size: side of the patch.
    """
    if not part.size:
        return np.zeros((size, size, 3), np.uint8)
    return warp(part, shifted_to(affine, box[0], box[1]), (size, size))
