"""Unwraps a face to a small texture in which each point of the face has a fixed position."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property

import cv2
import numpy as np
from jaxtyping import Bool, Float, Int

from beavervision.face.gpmm import load_gpmm
from beavervision.face.landmarks import EYE_TRIANGLES, MOUTH_TRIANGLES, TRIANGLES
from beavervision.preprocess.head_crop import HeadCrop

TEXELS = 64
"""Side of the texture."""

FORESHORTENED = 0.3
"""Area of a part of the face, relative to a frontal view, below which it is too oblique to use."""

OUTLINE = 9
"""Possible error of the face's outline, pixels of the crop."""


@dataclass(frozen=True)
class TextureLayout:
    """Positions of the texture's texels on the landmark mesh."""

    corners: Int[np.ndarray, "N N 3"]
    """Landmarks of the triangle that contains the texel."""
    weights: Float[np.ndarray, "N N 3"]
    """Barycentric weights."""
    skin: Bool[np.ndarray, "N N"]
    """Whether the texel is skin, outside the eyes and the mouth."""
    area: Float[np.ndarray, "N N"]
    """Area of the texel's triangle in the frontal view, relative to the square of that view's side; never 0."""
    high: Bool[np.ndarray, "N N"]
    """Whether the texel is above the eyes, where hair may fall."""

    @classmethod
    def frontal(cls, points: Float[np.ndarray, "468 2"]) -> TextureLayout:
        """Layout of a frontal face; x to the right, y down."""
        low, high = points.min(0), points.max(0)
        side = float((high - low).max()) * 1.02
        flat = (points - (low + high) / 2) / side + 0.5
        number = np.full((TEXELS, TEXELS), -1, np.int32)
        for i, corners in enumerate(TRIANGLES):
            cv2.fillConvexPoly(number, np.rint(flat[corners] * TEXELS - 0.5).astype(np.int32), (i,))
        corners = TRIANGLES[np.maximum(number, 0)]
        axis = (np.arange(TEXELS) + 0.5) / TEXELS
        texel = np.stack(np.meshgrid(axis, axis), -1)
        a, b, c = (flat[corners[..., k]] for k in range(3))
        area = _cross(b - a, c - a)
        safe = np.where(np.abs(area) < 1e-9, 1e-9, area)
        weights = np.stack(
            [_cross(b - texel, c - texel), _cross(c - texel, a - texel), _cross(a - texel, b - texel)], -1
        )
        weights = np.clip(weights / safe[..., None], 0, 1)
        weights /= np.maximum(weights.sum(-1, keepdims=True), 1e-9)
        holes = len(TRIANGLES) - len(EYE_TRIANGLES) - len(MOUTH_TRIANGLES)
        skin = cv2.erode(((number >= 0) & (number < holes)).astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
        eyes = flat[[33, 263], 1].mean()
        return cls(corners, weights.astype(np.float32), skin, safe, np.broadcast_to(texel[..., 1] < eyes, skin.shape))


@cache
def texture_layout() -> TextureLayout:
    """Layout of the mean face of the built-in face model."""
    model = load_gpmm()
    return TextureLayout.frontal(model.mean[model.landmarks468][:, :2] * [1, -1])


@dataclass(frozen=True)
class FaceTexture:
    """Texture of one face."""

    view: HeadCrop

    @cached_property
    def places(self) -> Float[np.ndarray, "N N 2"]:
        """Pixel of the head crop that each texel shows."""
        plan = texture_layout()
        corners = self.view.landmarks.astype(np.float32)[plan.corners]
        return (corners * plan.weights[..., None]).sum(2)

    @cached_property
    def lab(self) -> Float[np.ndarray, "N N 3"]:
        """Colour of each texel: CIE Lab as OpenCV scales it, 0..255."""
        smooth = cv2.blur(self.view.rgb, (3, 3))
        at = self.places - 0.5
        rgb = cv2.remap(smooth, at[..., 0], at[..., 1], cv2.INTER_LINEAR)
        return cv2.cvtColor(rgb, cv2.COLOR_RGB2LAB).astype(np.float32)

    @cached_property
    def seen(self) -> Bool[np.ndarray, "N N"]:
        """Texels of skin that face the camera and are inside the frame, away from the outline."""
        plan, points = texture_layout(), self.view.landmarks[texture_layout().corners]
        area = _cross(points[..., 1, :] - points[..., 0, :], points[..., 2, :] - points[..., 0, :])
        share = area / plan.area
        usual = np.median(share[plan.skin])
        column, row = np.clip(self.places, 0, len(self.view.inside) - 1).astype(int).transpose(2, 0, 1)
        within = cv2.erode((self.view.oval & self.view.inside).astype(np.uint8), np.ones((OUTLINE, OUTLINE), np.uint8))
        return plan.skin & (share > FORESHORTENED * usual) & (within[row, column] > 0)

    def in_crop(self, texels: Bool[np.ndarray, "N N"]) -> Bool[np.ndarray, "S S"]:
        """Pixels of the head crop that the given texels cover."""
        mask = np.zeros(self.view.rgb.shape[:2], np.uint8)
        places = np.rint(self.places - 0.5).astype(np.int32)
        for row, column in np.argwhere(texels[:-1, :-1]):
            ring = places[[row, row, row + 1, row + 1], [column, column + 1, column + 1, column]]
            cv2.fillConvexPoly(mask, cv2.convexHull(ring), (1,))
        return mask > 0


def _cross(a: Float[np.ndarray, "*n 2"], b: Float[np.ndarray, "*n 2"]) -> Float[np.ndarray, "*n"]:
    return a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0]
