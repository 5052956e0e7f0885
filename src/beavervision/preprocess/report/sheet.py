"""Contact sheet: a dozen frames of the clip with what was found drawn on them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import cv2
import numpy as np
from jaxtyping import Float, UInt8
from PIL import Image

from beavervision.face.landmarks import EYES, IRISES, LIPS_INNER, LIPS_OUTER, OVAL
from beavervision.preprocess.headview import MARGIN
from beavervision.preprocess.shown import Shown
from beavervision.preprocess.sitter import Sitter
from beavervision.preprocess.square import Square
from beavervision.types import Label

COLUMNS = 3
TILE_HEIGHT = 300
"""Pixels of one tile; its width follows from the frame's aspect."""

WIDEST = 2.0
"""Widest aspect of a tile half; wider frames are shown smaller."""

COLOURS = np.zeros((len(Label), 3), np.uint8)
"""Colour of each label, RGB."""
for _label, _colour in {
    Label.HAIR: (214, 138, 56),
    Label.FACE: (247, 206, 170),
    Label.NECK: (235, 96, 96),
    Label.TORSO: (72, 122, 226),
    Label.HAND: (72, 214, 104),
    Label.OTHER: (160, 160, 160),
}.items():
    COLOURS[_label] = _colour

WHITE, YELLOW, CYAN, RED = (255, 255, 255), (255, 214, 10), (90, 220, 255), (255, 80, 80)


def contact_sheet(
    frames: Sequence[Shown],
    labels: Mapping[int, UInt8[np.ndarray, "H W"]],
    sitter: Sitter,
    model68: Float[np.ndarray, "T 68 2"],
) -> Image.Image:
    """Frames with landmarks on the left of each tile, label map on the right.

    Args:
        frames: to draw, in order.
        labels: frame index -> label map.
        sitter: the subject.
        model68: the fitted model's 68 landmarks projected into the frame, px, NaN where not fitted; drawn over
            the detected ones, so that a bad fit is seen.
    """
    tiles = [_tile(shown, labels[shown.index], sitter, model68[shown.index]) for shown in frames]
    blank = np.full_like(tiles[0], 24)
    tiles += [blank] * (-len(tiles) % COLUMNS)
    rows = [np.hstack(tiles[i : i + COLUMNS]) for i in range(0, len(tiles), COLUMNS)]
    return Image.fromarray(np.vstack(rows))


def _tile(
    shown: Shown, labels: UInt8[np.ndarray, "H W"], sitter: Sitter, model68: Float[np.ndarray, "68 2"]
) -> UInt8[np.ndarray, "h w 3"]:
    left = _drawn(shown, sitter.landmarks[shown.index] if sitter.visible[shown.index] else None, model68)
    right = (shown.rgb // 2) + COLOURS[labels] // 2
    tile = np.hstack([_small(left), _small(right)])
    cv2.putText(tile, f"{shown.index}", (8, 24), cv2.FONT_HERSHEY_SIMPLEX, 0.7, YELLOW, 2, cv2.LINE_AA)
    return tile


def _drawn(
    shown: Shown, landmarks: Float[np.ndarray, "478 3"] | None, model68: Float[np.ndarray, "68 2"]
) -> UInt8[np.ndarray, "H W 3"]:
    """The frame with the head's crop, outline, eyes, lips, hands and the fitted model."""
    picture = np.ascontiguousarray(shown.rgb.copy())
    weight = max(1, round(max(picture.shape[:2]) / 600))
    for point in np.rint(shown.hands.reshape(-1, 2)).astype(int):
        cv2.circle(picture, point.tolist(), 2 * weight, RED, -1)
    if landmarks is None:
        return picture
    square = Square.round_landmarks(landmarks, MARGIN)
    corners = square.to_frame(np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]]))
    _line(picture, corners, CYAN, weight)
    for ring in (OVAL, *EYES, LIPS_OUTER, LIPS_INNER, *IRISES[:, 1:]):
        _line(picture, landmarks[ring, :2], WHITE, weight)
    if np.isfinite(model68).all():
        for point in np.rint(model68).astype(int):
            cv2.circle(picture, point.tolist(), weight, YELLOW, -1)
    return picture


def _line(picture: np.ndarray, points: Float[np.ndarray, "n 2"], colour: tuple[int, int, int], weight: int) -> None:
    cv2.polylines(picture, [np.rint(points).astype(np.int32)], True, colour, weight, cv2.LINE_AA)  # noqa: FBT003


def _small(picture: UInt8[np.ndarray, "H W 3"]) -> UInt8[np.ndarray, "h w 3"]:
    height, width = picture.shape[:2]
    factor = TILE_HEIGHT / max(height, width / WIDEST)
    return cv2.resize(picture, (round(width * factor), round(height * factor)), interpolation=cv2.INTER_AREA)
