"""Avatar mode: the person is generated, over any background, at the footage's own size."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from jaxtyping import Float, UInt8

from beavervision.compositing.canvas_layer import Box, CanvasLayer
from beavervision.compositing.layers import blend, border_matte, cross_fade
from beavervision.inference.avatar import Avatar
from beavervision.stages.radnerf_torso.conditioner import similarity_transform

FADE = 0.1
"""Width of the border, in canvas heights, over which the canvas gives way to the rest of the picture."""


@dataclass(frozen=True)
class Scene:
    """Lays a person's canvas into a picture, with the body still that moves with the shoulders round it.

    A canvas that shows the whole frame needs no still: the torso's field is the whole body there.
    """

    body: UInt8[np.ndarray, "H W 4"] | None
    shoulders: Float[np.ndarray, "3 2"]
    """Where the body points stand in the still, full frame px."""

    @classmethod
    def of(cls, avatar: Avatar) -> Scene:
        """The scene that a person's bundle describes."""
        facts = avatar.torso.facts
        whole = facts.frame_spec.aspect is None
        return cls(None if whole else avatar.body(), avatar.track.body[facts.body_frame])

    def composite(
        self, layer: CanvasLayer, shoulders: Float[np.ndarray, "3 2"], behind: UInt8[np.ndarray, "H W 3"]
    ) -> UInt8[np.ndarray, "H W 3"]:
        """The person before a picture.

        Args:
            layer: head and torso on the canvas.
            shoulders: where the body points stand in this frame, full frame px.
            behind: what stands behind.
        """
        height, width, _ = behind.shape
        left, top, right, bottom = box = layer.box((width, height))
        matte = open_border(layer, box, (width, height))
        result = behind.copy()
        if (body := self._round(matte, box, shoulders, (width, height))) is not None:
            part = _rows(body)
            share = body[part, :, 3].astype(np.float32) / 255
            result[part] = blend(np.ascontiguousarray(body[part, :, :3]), result[part], share)
        generated = layer.over(behind[top:bottom, left:right], box)
        if matte.min(initial=1) < 1:
            generated = blend(generated, result[top:bottom, left:right], matte)
        result[top:bottom, left:right] = generated
        return result

    def cut_out(
        self, layer: CanvasLayer, shoulders: Float[np.ndarray, "3 2"], size: tuple[int, int]
    ) -> UInt8[np.ndarray, "H W 4"]:
        """The person alone, colour and opacity; see `picture`.

        Args:
            layer: head and torso on the canvas.
            shoulders: of this frame.
            size: width and height of the picture.
        """
        left, top, right, bottom = box = layer.box(size)
        matte = open_border(layer, box, size)
        body = self._round(matte, box, shoulders, size)
        result = np.zeros((size[1], size[0], 4), np.uint8) if body is None else body
        result[top:bottom, left:right] = cross_fade(layer.cut_out(box), result[top:bottom, left:right], matte)
        return result

    def _round(
        self, matte: Float[np.ndarray, "h w"], box: Box, shoulders: Float[np.ndarray, "3 2"], size: tuple[int, int]
    ) -> UInt8[np.ndarray, "H W 4"] | None:
        """The body still where the canvas does not cover it; None where it covers everything."""
        left, top, right, bottom = box
        if self.body is None or bool((matte == 1).all() and (right - left, bottom - top) == size):
            return None
        moved = _carried(self.body, self.shoulders, shoulders)
        moved[top:bottom, left:right, 3][matte == 1] = 0
        return moved


def open_border(layer: CanvasLayer, box: Box, frame: tuple[int, int]) -> Float[np.ndarray, "h w"]:
    """Matte of the canvas at the pixels of `box`: fades at its border, but not where that is the frame's own."""
    whole = layer.box(frame)
    left, top, right, bottom = whole
    radius = FADE * layer.alpha.shape[0] / layer.place[2]
    sides = (left > 0, top > 0, right < frame[0], bottom < frame[1])
    matte = _border(right - left, bottom - top, radius, sides)
    return matte[box[1] - top : box[3] - top, box[0] - left : box[2] - left]


@lru_cache(maxsize=8)
def _border(width: int, height: int, radius: float, sides: tuple[bool, bool, bool, bool]) -> Float[np.ndarray, "H W"]:
    """`border_matte`, worked out once for a canvas that stays; for reading only."""
    matte = border_matte(width, height, radius, sides)
    matte.setflags(write=False)
    return matte


def _rows(body: UInt8[np.ndarray, "H W 4"]) -> slice:
    """Rows in which the body is seen."""
    rows = np.flatnonzero(body[..., 3].any(1))
    return slice(rows[0], rows[-1] + 1) if len(rows) else slice(0)


def _carried(
    body: UInt8[np.ndarray, "H W 4"], here: Float[np.ndarray, "3 2"], there: Float[np.ndarray, "3 2"]
) -> UInt8[np.ndarray, "H W 4"]:
    """The body picture turned, scaled and shifted so that its points `here` lie `there`."""
    matrix = similarity_transform(here[None], there)[0]
    # Points have pixel centres at +0.5, array indices at 0.
    matrix[:, 2] += matrix[:, :2] @ np.array([0.5, 0.5]) - 0.5
    size = (body.shape[1], body.shape[0])
    return cv2.warpAffine(body, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
