"""Matte of the head: opacity of hair and face in every pixel, including single strands.

A pixel of the outline mixes two colours, C = a F + (1 - a) B (Porter and Duff, SIGGRAPH 1984). B is the plate where
there is one, else an estimate from the background nearby; F is an estimate from the head nearby. Where both colours are
similar the equation is undetermined, and the person mask decides.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Float, UInt8

from beavervision.preprocess.frame_perception import FrameObservation
from beavervision.preprocess.head_crop import SIZE
from beavervision.preprocess.head_segmentation import HeadSegmentation
from beavervision.types import Label

LARGEST = 512
"""Longer side of the image in which the matte is computed, px; larger heads are reduced to it."""

INSIDE, OUTSIDE = 0.015, 0.05
"""Width of the unknown band inside and outside the person's outline, relative to the longer side of the head's box."""

NEARBY = 0.07
"""Standard deviation of the local colour averages, relative to the longer side of the head's box."""

COARSE = 4
"""Reduction of the image in which local colours are averaged."""

NOISE = 10.0
"""Colour difference (of 255) that is not significant: coding noise and shadows."""

RAMP = 0.25
"""Distance of the person's probability from one half that counts as certain."""

CLEAR, SOLID = 0.06, 0.96
"""Values up to (from) which the matte becomes 0 (1): this removes noise and wrong estimates."""

SEAM = 0.8
"""Softness of the border between head and neck (standard deviation, px of that image)."""


@dataclass(frozen=True)
class _Window:
    """A box of the frame and its size after scaling."""

    rows: slice
    columns: slice
    size: tuple[int, int]
    """Width and height after scaling."""

    @classmethod
    def about(cls, head: HeadSegmentation, width: int, height: int) -> _Window | None:
        """The head's box including the unknown band; None where it is outside the frame."""
        rows, columns = np.flatnonzero(head.head.any(1)), np.flatnonzero(head.head.any(0))
        if len(rows) == 0:
            return None
        low, high = np.array([columns[0], rows[0]]), np.array([columns[-1], rows[-1]]) + 1
        room = 1.6 * OUTSIDE * (high - low).max()
        corners = np.array([[low[0], low[1]], [high[0], low[1]], [high[0], high[1]], [low[0], high[1]]])
        corners = corners + room * np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]])
        there = head.view.square.to_frame(corners / SIZE)
        x0, y0 = np.clip(np.floor(there.min(0)), 0, [width, height]).astype(int)
        x1, y1 = np.clip(np.ceil(there.max(0)), 0, [width, height]).astype(int)
        if min(x1 - x0, y1 - y0) < 2:
            return None
        scale = min(1.0, LARGEST / max(x1 - x0, y1 - y0))
        return cls(slice(y0, y1), slice(x0, x1), (max(1, round((x1 - x0) * scale)), max(1, round((y1 - y0) * scale))))

    def cut(self, picture: UInt8[np.ndarray, "H W *c"]) -> UInt8[np.ndarray, "h w *c"]:
        """Crop the box from a frame-sized image."""
        part = picture[self.rows, self.columns]
        return part if part.shape[1::-1] == self.size else cv2.resize(part, self.size, interpolation=cv2.INTER_AREA)

    def from_crop(self, head: HeadSegmentation) -> Float[np.ndarray, "2 3"]:
        """Map from pixels of the head crop to those of the box, OpenCV's convention."""
        back = cv2.invertAffineTransform(head.view.square.to_crop(SIZE))
        half, origin = np.array([0.5, 0.5]), np.array([self.columns.start, self.rows.start])
        scale = self.size[0] / (self.columns.stop - self.columns.start)
        back[:, 2] += back[:, :2] @ half - origin
        return scale * back - np.array([[0, 0, 0.5], [0, 0, 0.5]])


def head_matte(
    percept: FrameObservation,
    head: HeadSegmentation | None,
    labels: UInt8[np.ndarray, "H W"],
    plate: UInt8[np.ndarray, "H W 3"] | None = None,
) -> UInt8[np.ndarray, "H W"]:
    """Opacity of hair and face in every pixel of a frame, 0..255; 0 where they are occluded.

    Args:
        percept: outputs of the networks.
        head: the subject's head segmentation; None where the subject is not visible, so that the matte is 0.
        labels: the subject's label map of the frame.
        plate: the background without people; None where it is unknown.
    """
    height, width = labels.shape
    matte = np.zeros((height, width), np.uint8)
    window = None if head is None else _Window.about(head, width, height)
    if head is None or window is None:
        return matte
    alpha = _alpha(window.cut(percept.rgb), head, window, None if plate is None else window.cut(plate))
    part = matte[window.rows, window.columns]
    found = (255 * alpha + 0.5).astype(np.uint8)
    part[:] = found if found.shape == part.shape else cv2.resize(found, part.shape[::-1])
    front = labels[window.rows, window.columns]
    part[(front == Label.HAND) | (front == Label.OTHER)] = 0
    return matte


def _alpha(
    rgb: UInt8[np.ndarray, "h w 3"], head: HeadSegmentation, window: _Window, plate: UInt8[np.ndarray, "h w 3"] | None
) -> Float[np.ndarray, "h w"]:
    """The matte of the box."""
    matrix = window.from_crop(head)
    planes = np.zeros((SIZE, SIZE, 2), np.uint8)
    planes[..., 0] = head.person * 255
    planes[..., 1] = ((head.labels == Label.HAIR) | (head.labels == Label.FACE)) * np.uint8(255)
    planes = cv2.warpAffine(planes, matrix, window.size, flags=cv2.INTER_LINEAR)
    person, of_head = planes[..., 0], planes[..., 1] > 127
    unit, known = max(window.size), person > 127
    depth = cv2.distanceTransform(known.astype(np.uint8), cv2.DIST_L2, 3) / unit
    beyond = cv2.distanceTransform((~known).astype(np.uint8), cv2.DIST_L2, 3) / unit
    inside, outside = depth > INSIDE, beyond > OUTSIDE
    band = ~(inside | outside)
    alpha = known.astype(np.float32)
    alpha[band] = _unmix(rgb, person, inside & of_head, outside, band, plate, NEARBY * unit)
    return alpha * _share_of_head(of_head, known, beyond, unit)


def _share_of_head(
    of_head: Bool[np.ndarray, "h w"],
    known: Bool[np.ndarray, "h w"],
    beyond: Float[np.ndarray, "h w"],
    unit: int,
) -> Float[np.ndarray, "h w"]:
    """Share of hair and face in the person at each pixel: the smoothed labels, and beyond the outline those nearby."""
    planes = np.dstack([known & of_head, known]).astype(np.float32)
    seam = cv2.GaussianBlur(planes, (0, 0), SEAM)
    wide = cv2.GaussianBlur(planes[::COARSE, ::COARSE], (0, 0), OUTSIDE * unit / 2 / COARSE)
    nearby = cv2.resize(wide[..., 0] / np.maximum(wide[..., 1], 1e-6), known.shape[::-1])
    fall = np.clip(1.5 - 1.5 * beyond / OUTSIDE, 0, 1)
    # Thin lines of head along the neck are wrong labels.
    labels = seam[..., 0] / np.maximum(seam[..., 1], 1e-6) * np.clip(6 * nearby - 0.5, 0, 1)
    return np.where(known, labels, np.clip(2 * nearby - 0.5, 0, 1) * fall)


def _unmix(
    rgb: UInt8[np.ndarray, "h w 3"],
    person: UInt8[np.ndarray, "h w"],
    inside: Bool[np.ndarray, "h w"],
    outside: Bool[np.ndarray, "h w"],
    band: Bool[np.ndarray, "h w"],
    plate: UInt8[np.ndarray, "h w 3"] | None,
    reach: float,
) -> Float[np.ndarray, "n"]:
    """Solve the mixing equation for the pixels of the band."""
    colour = rgb[band].astype(np.float32)
    front, front_spread = _nearby(rgb, inside, band, reach)
    if plate is None:
        back, back_spread = _nearby(rgb, outside, band, reach)
    else:
        back, back_spread = plate[band].astype(np.float32), np.float32(0)
    apart, step = front - back, colour - back
    contrast = (apart**2).sum(-1)
    mixed = np.clip((step * apart).sum(-1) / np.maximum(contrast, 1), 0, 1)
    # Inside the outline, every pixel that differs from the background is head, similar to its surroundings or not.
    noise = NOISE**2 + back_spread
    differs = np.clip(np.sqrt((step**2).sum(-1) / (0.25 * contrast + 4 * noise)), 0, 1)
    known = np.clip((person[band].astype(np.float32) / 255 - 0.5) / (2 * RAMP) + 0.5, 0, 1)
    mixed += known * (np.maximum(mixed, differs) - mixed)
    trust = contrast / (contrast + noise + front_spread)
    alpha = known + trust * (mixed - known)
    return np.clip((alpha - CLEAR) / (SOLID - CLEAR), 0, 1)


def _nearby(
    rgb: UInt8[np.ndarray, "h w 3"],
    where: Bool[np.ndarray, "h w"],
    band: Bool[np.ndarray, "h w"],
    reach: float,
) -> tuple[Float[np.ndarray, "n 3"], Float[np.ndarray, "n"]]:
    """Local mean colour of a region around each pixel of the band, and its variance summed over the channels."""
    weight = where[::COARSE, ::COARSE].astype(np.float32)[..., None]
    few = rgb[::COARSE, ::COARSE] * weight
    planes = np.dstack([few, weight, (few**2).sum(-1)])
    sigma = reach / COARSE
    # A wide, weak blur in addition, so that every pixel has neighbours.
    total = cv2.GaussianBlur(planes, (0, 0), sigma) + 1e-3 * cv2.blur(planes, (int(8 * sigma) | 1,) * 2)
    weight = np.maximum(total[..., 3:4], 1e-9)
    mean, square = total[..., :3] / weight, total[..., 4] / weight[..., 0]
    spread = np.maximum(square - (mean**2).sum(-1), 0)
    row, column = (axis // COARSE for axis in np.nonzero(band))
    return mean[row, column], spread[row, column]
