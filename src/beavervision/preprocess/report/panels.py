"""Panels of one frame: small images, each of which shows one result."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float, UInt8

from beavervision.artifacts.crops import cut
from beavervision.face.camera import Camera
from beavervision.face.framing import FrameSpec, crop_path
from beavervision.face.landmarks import EYES, IRISES, LIPS_INNER, LIPS_OUTER, OVAL
from beavervision.face.morphable_model import FaceModel
from beavervision.preprocess.crop import SquareCrop
from beavervision.preprocess.report.frame_samples import Still
from beavervision.preprocess.report.mesh_overlay import draw_mesh
from beavervision.preprocess.report.report_input import SubjectFindings
from beavervision.types import Label

HEIGHT = 300
"""Height of a panel, px: three times the size on a phone's contact sheet."""

WIDEST = 2.0
"""Largest aspect ratio of a panel; wider frames get a lower panel."""

CLOSE, WHOLE = 1.35, 2.1
"""Side of the close-ups relative to the face: of the face alone, and with hair and neck."""

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

WHITE, YELLOW, CYAN = (255, 255, 255), (255, 214, 10), (90, 220, 255)
CHECK, CHECK_GREYS = 15, (96, 144)
"""Checkerboard under a matte: side of a square in px, and grey values."""


@dataclass(frozen=True)
class Artist:
    """Draws the panels of one subject."""

    about: SubjectFindings
    model: FaceModel
    camera: Camera
    """Camera of the full frame."""
    spec: FrameSpec
    """The canvas that the report recommends."""

    def panels(self, still: Still) -> dict[str, UInt8[np.ndarray, "h w 3"]]:
        """Title and image of each panel; where the subject is not visible, only the frame and its labels."""
        subject, index = self.about.subject, still.index
        found = {"frame": small(self._frame(still)), "labels": small(_tinted(still))}
        if not subject.visible[index]:
            return found
        square, head = (SquareCrop.round_box(subject.box[index], side) for side in (CLOSE, WHOLE))
        close = square.cut(still.rgb, HEIGHT)
        found["landmarks"] = self._landmarks(close, square, index)
        found["face model"] = self._mesh(close, square, index)
        if still.matte is not None:
            found["matte"] = _on_checks(head.cut(still.rgb, HEIGHT), head.cut(still.matte, HEIGHT))
        found["as trained"] = small(cut(still.rgb, self._window(index), self.spec.canvas(self._size)))
        return found

    @property
    def _size(self) -> tuple[int, int]:
        return self.camera.width, self.camera.height

    def _window(self, index: int) -> Float[np.ndarray, "3"]:
        return crop_path(self.about.subject.box, self._size, self.spec)[index]

    def _frame(self, still: Still) -> UInt8[np.ndarray, "H W 3"]:
        """The whole frame with the canvas, the face's box and the shoulders."""
        picture, subject = still.rgb.copy(), self.about.subject
        weight = max(1, round(max(picture.shape[:2]) / 400))
        x, y, scale = self._window(still.index)
        width, height = (side / scale for side in self.spec.canvas(self._size))
        _rectangle(picture, np.array([x, y, x + width, y + height]), CYAN, weight)
        if subject.visible[still.index]:
            _rectangle(picture, subject.box[still.index], WHITE, weight)
            for point in subject.body[still.index, :, :2]:
                if np.isfinite(point).all():
                    cv2.circle(picture, np.rint(point - 0.5).astype(int).tolist(), 3 * weight, YELLOW, -1, cv2.LINE_AA)
        return picture

    def _landmarks(self, close: UInt8[np.ndarray, "S S 3"], square: SquareCrop, index: int) -> np.ndarray:
        """Tracked landmarks (white), and the 68 of the fitted model (yellow)."""
        picture = close.copy()
        found = _placed(square, self.about.subject.landmarks[index, :, :2])
        for ring in (OVAL, *EYES, LIPS_OUTER, LIPS_INNER, *IRISES[:, 1:]):
            _outline(picture, found[ring], WHITE)
        fitted = self._fitted(index)[self.model.landmarks68]
        for point in np.rint((_placed(square, self._flat(fitted)) - 0.5) * 16).astype(int):
            cv2.circle(picture, point.tolist(), 20, YELLOW, -1, cv2.LINE_AA, 4)
        return picture

    def _mesh(self, close: UInt8[np.ndarray, "S S 3"], square: SquareCrop, index: int) -> np.ndarray:
        vertices = self._fitted(index)
        flat = _placed(square, self._flat(vertices))
        depth = vertices[:, 2:] * self.camera.fx / vertices[:, 2].mean() * HEIGHT / square.side
        return draw_mesh(close, np.hstack([flat, depth]), self.model.triangles)

    def _fitted(self, index: int) -> Float[np.ndarray, "V 3"]:
        """Vertices of the fitted model in camera space, cm."""
        subject = self.about.subject
        vertices = self.model.vertices(subject.identity, subject.expression[index])
        return vertices @ subject.rotation[index].T + subject.translation[index]

    def _flat(self, placed: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, "n 2"]:
        return self.camera.project(placed)


def small(picture: UInt8[np.ndarray, "H W 3"]) -> UInt8[np.ndarray, "h w 3"]:
    """A whole frame at panel size; never enlarged."""
    height, width = picture.shape[:2]
    factor = min(1.0, HEIGHT / max(height, width / WIDEST))
    return cv2.resize(picture, (round(width * factor), round(height * factor)), interpolation=cv2.INTER_AREA)


def _tinted(still: Still) -> UInt8[np.ndarray, "H W 3"]:
    """The frame tinted by its labels; the background is darkened."""
    return still.rgb // 2 + COLOURS[still.labels] // 2


def _on_checks(close: UInt8[np.ndarray, "S S 3"], matte: UInt8[np.ndarray, "S S"]) -> UInt8[np.ndarray, "S S 3"]:
    """The close-up with its matte over a checkerboard."""
    cells = (np.indices(matte.shape) // CHECK).sum(0)
    board = np.asarray(CHECK_GREYS, np.float32)[cells % 2][..., None]
    share = matte[..., None].astype(np.float32) / 255
    return np.rint(share * close + (1 - share) * board).astype(np.uint8)


def _placed(square: SquareCrop, points: Float[np.ndarray, "n 2"]) -> Float[np.ndarray, "n 2"]:
    """Convert frame pixels to close-up pixels."""
    matrix = square.to_crop(HEIGHT)
    return points @ matrix[:, :2].T + matrix[:, 2]


def _outline(picture: np.ndarray, points: Float[np.ndarray, "n 2"], colour: tuple[int, int, int]) -> None:
    fixed = np.rint((points - 0.5) * 16).astype(np.int32)
    cv2.polylines(picture, [fixed], True, colour, 1, cv2.LINE_AA, 4)  # noqa: FBT003


def _rectangle(picture: np.ndarray, box: Float[np.ndarray, "4"], colour: tuple[int, int, int], weight: int) -> None:
    x0, y0, x1, y1 = np.rint(box).astype(int).tolist()
    cv2.rectangle(picture, (x0, y0), (x1 - 1, y1 - 1), colour, weight)
