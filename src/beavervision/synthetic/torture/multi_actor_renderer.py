"""Several people before one camera: the nearer one hides the other, each has label maps of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float, Int, UInt8

from beavervision.face.landmarks import N_MESH
from beavervision.synthetic.actor import Actor, Sight
from beavervision.synthetic.performance import Pose
from beavervision.synthetic.raster import EMPTY, FAR
from beavervision.synthetic.room import paint_room
from beavervision.synthetic.shading import shade
from beavervision.synthetic.tonemapping import develop, majority
from beavervision.types import Label

SAMPLES = 2
"""Per pixel and axis, as `Actor` takes by default."""
IN_THE_WAY = (Label.HAND, Label.TORSO, Label.OTHER)
"""What of a person itself hides its face: hand, sleeve, what it holds."""
ROOM_MARGIN = 1.6
"""How much wider than the picture the room is painted, for a camera that pans."""


@dataclass(frozen=True)
class View:
    """Where the camera looks in one frame."""

    turn: Float[np.ndarray, "3 3"]
    """x' = turn @ x leads from the resting camera to this one; the people's poses are given in this one."""
    zoom: float = 1.0
    """Focal length over the resting one."""


STILL = View(np.eye(3))


@dataclass(frozen=True)
class Shot:
    """One frame of several people."""

    rgb: UInt8[np.ndarray, "H W 3"]
    labels: list[UInt8[np.ndarray, "H W"]]
    """One map per person; other people are OTHER in it."""
    covered: list[float]
    """Share of each person's face landmarks in the picture that something hides."""


class Stage:
    """A room with people in it.

    Args:
        actors: everybody who may appear, made for one size of picture.
    """

    def __init__(self, actors: Sequence[Actor]) -> None:
        self.actors, self.camera = list(actors), actors[0].camera
        self._room = paint_room(self.camera.width, self.camera.height)

    def photograph(self, poses: Sequence[Pose | None], view: View = STILL) -> Shot:
        """Render one frame; None is somebody who is not there."""
        focal = self.camera.fx * view.zoom
        present = [i for i, pose in enumerate(poses) if pose is not None]
        sights = {i: self.actors[i].see(pose, focal) for i in present if (pose := poses[i]) is not None}
        seen, first = self._nearest(sights)
        linear = self._background(view)
        for i in present:  # where two people share a pixel, the later one is laid over the earlier
            sight = sights[i]
            linear = shade(sight.visibility, sight.surface, self.actors[i].texture, sight.shadow, linear)
        labels, covered = [], []
        for i, pose in enumerate(poses):
            labels.append(self._labels_of(i, seen, first))
            covered.append(0.0 if pose is None else self._covered(i, pose, labels[-1], view.zoom))
        return Shot(develop(linear), labels, covered)

    def _nearest(self, sights: dict[int, Sight]) -> tuple[Int[np.ndarray, "S T"], dict[int, int]]:
        """Empty each person's samples where somebody else is nearer.

        Returns:
            The triangle that each sample sees, numbered through all people, and everybody's first number.
        """
        shape = (self.camera.height * SAMPLES, self.camera.width * SAMPLES)
        seen, depth, first, count = np.full(shape, EMPTY, np.int32), np.full(shape, FAR, np.float32), {}, 0
        for i, sight in sights.items():
            nearer = sight.visibility.depth < depth
            depth[nearer] = sight.visibility.depth[nearer]
            seen[nearer] = sight.visibility.triangle[nearer] + count
            first[i], count = count, count + len(sight.surface.triangles)
        for i, sight in sights.items():
            triangle = sight.visibility.triangle
            if len(sights) > 1:
                triangle[(seen < first[i]) | (seen >= first[i] + len(sight.surface.triangles))] = EMPTY
        return seen, first

    def _labels_of(self, person: int, seen: Int[np.ndarray, "S T"], first: dict[int, int]) -> UInt8[np.ndarray, "H W"]:
        """Label map of one person; other people are OTHER."""
        tables = [
            label if i == person else np.full_like(label, int(Label.OTHER))
            for i in first
            for label in [self.actors[i].assembly.label]
        ]
        if not tables:
            return np.zeros((self.camera.height, self.camera.width), np.uint8)
        return majority(seen, np.concatenate(tables), SAMPLES)

    def _covered(self, person: int, pose: Pose, labels: np.ndarray, zoom: float) -> float:
        """Share of the face's landmarks within the picture at which something else is seen."""
        camera = self.camera
        pixels = zoomed(self.actors[person].pixels(pose)[:N_MESH], zoom, (camera.cx, camera.cy))
        column, row = np.floor(pixels).astype(int).T
        inside = (column >= 0) & (row >= 0) & (column < camera.width) & (row < camera.height)
        found = labels[row[inside], column[inside]]
        return float(np.isin(found, IN_THE_WAY).mean()) if inside.any() else 0.0

    def _background(self, view: View) -> Float[np.ndarray, "H W 3"]:
        """The room, infinitely far away: a camera that turns and zooms moves it by a homography."""
        if view is STILL:
            return self._room
        camera = self.camera
        rest = np.array([[camera.fx, 0, camera.cx], [0, camera.fy, camera.cy], [0, 0, 1]])
        now = np.diag([camera.fx * view.zoom, camera.fy * view.zoom, 1.0])
        now[:2, 2] = camera.cx, camera.cy
        wide = (round(camera.width * ROOM_MARGIN), round(camera.height * ROOM_MARGIN))
        to_wide = np.eye(3)
        to_wide[:2, 2] = (wide[0] - camera.width) / 2, (wide[1] - camera.height) / 2
        to_room = to_wide @ rest @ view.turn.T @ np.linalg.inv(now)
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        return cv2.warpPerspective(
            paint_room(*wide), to_room, (camera.width, camera.height), flags=flags, borderMode=cv2.BORDER_REPLICATE
        )


def zoomed(pixels: Float[np.ndarray, "*n 2"], zoom: float, centre: tuple[float, float]) -> Float[np.ndarray, "*n 2"]:
    """Pixels of the resting camera as one of `zoom` times its focal length shows them."""
    return (pixels - np.array(centre)) * zoom + np.array(centre)
