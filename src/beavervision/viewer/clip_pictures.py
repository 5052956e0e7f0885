"""Frames of a clip for the page: small, with landmarks, labels and mesh drawn over them."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

import cv2
import numpy as np
from jaxtyping import Float, Int, UInt8

from beavervision.artifacts.clip import Clip
from beavervision.face.camera import Camera
from beavervision.face.model_registry import load_face_model
from beavervision.preprocess.report.mesh_overlay import draw_mesh
from beavervision.types import Label

HEIGHT, WIDTH = 480, 860
"""Most rows and columns of a picture; small footage is enlarged, so that landmarks do not hide it."""
KEPT = 256
"""Pictures that are kept."""
AHEAD = 48
"""Frames that are read over rather than sought: about two seconds."""
LABEL_SHARE = 0.45
"""Opacity of the label colours."""
COLOURS = {
    Label.HAIR: (230, 160, 40),
    Label.FACE: (240, 110, 120),
    Label.NECK: (180, 90, 200),
    Label.TORSO: (60, 130, 230),
    Label.HAND: (60, 200, 120),
    Label.OTHER: (130, 130, 130),
}
"""RGB of each label that is drawn."""
DOT, EDGE = (90, 255, 150), (0, 60, 30)
PictureT = TypeVar("PictureT")


@dataclass(frozen=True)
class Overlays:
    """What is drawn over a picture."""

    landmarks: bool = True
    labels: bool = False
    mesh: bool = False


class FrameSeeker(Generic[PictureT]):
    """Pictures of a video by number; reading on is cheap, and pictures that were read lately are kept."""

    def __init__(self, kept: int = KEPT) -> None:
        self._kept: OrderedDict[int, PictureT] = OrderedDict()
        self._most = kept
        self._reader: Iterator[tuple[int, PictureT]] | None = None
        self._next = 0

    def open(self, first: int) -> Iterator[tuple[int, PictureT]]:
        """Read (number, picture) from frame `first` on."""
        raise NotImplementedError

    def get(self, index: int) -> PictureT | None:
        """The picture of a frame; None behind the end."""
        if index in self._kept:
            self._kept.move_to_end(index)
            return self._kept[index]
        if self._reader is None or not self._next <= index < self._next + AHEAD:
            self._reader, self._next = self.open(index), index
        for number, picture in self._reader:
            self._next = number + 1
            self._kept[number] = picture
            if len(self._kept) > self._most:
                self._kept.popitem(last=False)
            if number >= index:
                return picture
        self._reader = None
        return None


class FootageSeeker(FrameSeeker[UInt8[np.ndarray, "h w 3"]]):
    """Frames of a clip's footage, small.

    Args:
        clip: the clip.
        size: width and height of the pictures, px.
    """

    def __init__(self, clip: Clip, size: tuple[int, int]) -> None:
        super().__init__()
        self._clip, self._size = clip, size

    def open(self, first: int) -> Iterator[tuple[int, UInt8[np.ndarray, "h w 3"]]]:
        """Read from frame `first` on."""
        clip = self._clip
        for frame in clip.footage(clip.fps, clip.facts.start + first / clip.fps):
            if first + frame.index >= clip.n_frames:
                return
            how = cv2.INTER_AREA if self._size[0] < frame.rgb.shape[1] else cv2.INTER_CUBIC
            yield first + frame.index, cv2.resize(frame.rgb, self._size, interpolation=how)


class LabelSeeker(FrameSeeker[UInt8[np.ndarray, "h w"]]):
    """Label maps of a clip's subject, small.

    Args:
        clip: the clip.
        subject: number of the person.
        size: width and height of the pictures, px.
    """

    def __init__(self, clip: Clip, subject: int, size: tuple[int, int]) -> None:
        super().__init__()
        self._clip, self._subject, self._size = clip, subject, size

    def open(self, first: int) -> Iterator[tuple[int, UInt8[np.ndarray, "h w"]]]:
        """Read from frame `first` on."""
        for index, labels in self._clip.labels(range(first, self._clip.n_frames), self._subject):
            yield index, cv2.resize(labels, self._size, interpolation=cv2.INTER_NEAREST)


class ClipPictures:
    """Pictures of one person of a clip.

    Args:
        clip: the clip.
        subject: number of the person.
    """

    def __init__(self, clip: Clip, subject: int) -> None:
        self._person, self._model = clip.subject(subject), load_face_model(clip.facts.basis)
        width, height = clip.size
        self.scale = min(HEIGHT / height, WIDTH / width)
        """Size of a picture relative to the footage."""
        size = (max(1, round(width * self.scale)), max(1, round(height * self.scale)))
        self._camera = clip.camera.crop(0, 0, self.scale, *size)
        self._footage, self._labels = FootageSeeker(clip, size), LabelSeeker(clip, subject, size)

    @property
    def camera(self) -> Camera:
        """Camera of the pictures."""
        return self._camera

    @property
    def triangles(self) -> Int[np.ndarray, "F 3"]:
        """Vertex indices of the face's triangles."""
        return self._model.triangles

    def picture(self, frame: int, overlays: Overlays) -> UInt8[np.ndarray, "h w 3"]:
        """A frame with overlays; black where the footage has no such frame."""
        found = self._footage.get(frame)
        if found is None:
            return np.zeros((self._camera.height, self._camera.width, 3), np.uint8)
        if overlays.labels and (labels := self._labels.get(frame)) is not None:
            found = tint(found, labels)
        if not self._person.visible[frame]:
            return found
        if overlays.mesh:
            found = draw_mesh(found, self._in_picture(self.vertices(frame), frame), self._model.triangles)
        if overlays.landmarks:
            found = dots(found, self._person.landmarks[frame, :, :2] * self.scale)
        return found

    def vertices(self, frame: int) -> Float[np.ndarray, "V 3"]:
        """The fitted face of a frame in head space, cm; without expression where it is not visible."""
        return self._model.vertices(self._person.identity, np.nan_to_num(self._person.expression[frame]))

    def _in_picture(self, vertices: Float[np.ndarray, "V 3"], frame: int) -> Float[np.ndarray, "V 3"]:
        """x, y in px of the picture, and depth in about the same unit."""
        seen = vertices @ self._person.rotation[frame].T + self._person.translation[frame]
        depth = seen[:, 2:] * self._camera.fx / seen[:, 2].mean()
        return np.concatenate([self._camera.project(seen), depth], 1)


def tint(picture: UInt8[np.ndarray, "h w 3"], labels: UInt8[np.ndarray, "h w"]) -> UInt8[np.ndarray, "h w 3"]:
    """Lay the colour of each label over a picture; the background stays."""
    colours = np.zeros((256, 3), np.float32)
    share = np.zeros((256, 1), np.float32)
    for label, colour in COLOURS.items():
        colours[label], share[label] = colour, LABEL_SHARE
    share_here = share[labels]
    return np.rint(picture * (1 - share_here) + colours[labels] * share_here).astype(np.uint8)


def dots(picture: UInt8[np.ndarray, "h w 3"], points: Float[np.ndarray, "N 2"]) -> UInt8[np.ndarray, "h w 3"]:
    """Draw a dot at each point, px, on a copy."""
    drawn = picture.copy()
    for x, y in np.rint(16 * (points - 0.5)).astype(int).tolist():
        cv2.circle(drawn, (x, y), 20, DOT, -1, cv2.LINE_AA, 4)
    return drawn
