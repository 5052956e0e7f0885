"""Avatar mode: everything is generated, over the plate, at the footage's own size."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float, UInt8

from beavervision.stages.radnerf_torso.conditioner import similarity
from beavervision.stages.talking.canvas_layer import Box, CanvasLayer
from beavervision.video.layers import blend, border_matte

FADE = 0.1
"""Width of the border, in canvas heights, over which the canvas gives way to the rest of the picture."""


@dataclass(frozen=True)
class Scene:
    """The picture behind and round the canvas: plate, and the body still that moves with the shoulders.

    A canvas that shows the whole frame needs no still: the torso's field is the whole body there.
    """

    plate: UInt8[np.ndarray, "H W 3"]
    body: UInt8[np.ndarray, "H W 4"] | None
    shoulders: Float[np.ndarray, "3 2"]
    """Where the body points stand in the still, full frame px."""

    def picture(self, layer: CanvasLayer, shoulders: Float[np.ndarray, "3 2"]) -> UInt8[np.ndarray, "H W 3"]:
        """One finished frame.

        Args:
            layer: head and torso on the canvas.
            shoulders: where the body points stand in this frame, full frame px.
        """
        height, width, _ = self.plate.shape
        box = layer.box((width, height))
        left, top, right, bottom = box
        matte = open_border(layer, box, (width, height))
        result = self._surroundings(matte, box, shoulders)
        generated = layer.over(self.plate[top:bottom, left:right], box)
        result[top:bottom, left:right] = blend(generated, result[top:bottom, left:right], matte)
        return result

    def _surroundings(
        self, matte: Float[np.ndarray, "h w"], box: Box, shoulders: Float[np.ndarray, "3 2"]
    ) -> UInt8[np.ndarray, "H W 3"]:
        """Plate and body still, the latter only where the canvas does not cover it."""
        result = self.plate.copy()
        height, width, _ = result.shape
        left, top, right, bottom = box
        if self.body is None or bool((matte == 1).all() and (right - left, bottom - top) == (width, height)):
            return result
        moved = _carried(self.body, self.shoulders, shoulders)
        share = moved[..., 3].astype(np.float32) / 255
        share[top:bottom, left:right][matte == 1] = 0
        rows = np.flatnonzero(share.any(1))
        if len(rows):
            part = slice(rows[0], rows[-1] + 1)
            result[part] = blend(np.ascontiguousarray(moved[part, :, :3]), result[part], share[part])
        return result


def open_border(layer: CanvasLayer, box: Box, frame: tuple[int, int]) -> Float[np.ndarray, "h w"]:
    """Matte of the canvas at the pixels of `box`: fades at its border, but not where that is the frame's own."""
    whole = layer.box(frame)
    left, top, right, bottom = whole
    radius = FADE * layer.alpha.shape[0] / layer.place[2]
    sides = (left > 0, top > 0, right < frame[0], bottom < frame[1])
    matte = border_matte(right - left, bottom - top, radius, sides)
    return matte[box[1] - top : box[3] - top, box[0] - left : box[2] - left]


def _carried(
    body: UInt8[np.ndarray, "H W 4"], here: Float[np.ndarray, "3 2"], there: Float[np.ndarray, "3 2"]
) -> UInt8[np.ndarray, "H W 4"]:
    """The body picture turned, scaled and shifted so that its points `here` lie `there`."""
    matrix = similarity(here[None], there)[0]
    # Points have pixel centres at +0.5, array indices at 0.
    matrix[:, 2] += matrix[:, :2] @ np.array([0.5, 0.5]) - 0.5
    size = (body.shape[1], body.shape[0])
    return cv2.warpAffine(body, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
