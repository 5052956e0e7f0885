"""Renders several people with one camera: nearer ones occlude others, and each has its own label maps."""

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
"""Samples per pixel and axis, the default of `Actor`."""
IN_THE_WAY = (Label.HAND, Label.TORSO, Label.OTHER)
"""Parts of a person that occlude its own face: hand, sleeve, held object."""
ROOM_MARGIN = 1.6
"""Width of the painted room / width of the image, for a camera that pans."""


@dataclass(frozen=True)
class View:
    """Camera orientation and zoom in one frame."""

    turn: Float[np.ndarray, "3 3"]
    """x' = turn @ x maps the resting camera's frame to this one; the poses of the people are given in this one."""
    zoom: float = 1.0
    """Focal length / focal length of the resting camera."""


STILL = View(np.eye(3))


@dataclass(frozen=True)
class Shot:
    """One frame of several people."""

    rgb: UInt8[np.ndarray, "H W 3"]
    labels: list[UInt8[np.ndarray, "H W"]]
    """One label map per person, with other people as OTHER."""
    covered: list[float]
    """Share of each person's face landmarks inside the image that are occluded."""


class Stage:
    """A room with people.

    Args:
        actors: all people who may appear, created for one image size.
    """

    def __init__(self, actors: Sequence[Actor]) -> None:
        self.actors, self.camera = list(actors), actors[0].camera
        self._room = paint_room(self.camera.width, self.camera.height)

    def photograph(self, poses: Sequence[Pose | None], view: View = STILL) -> Shot:
        """Render one frame; None stands for a person who is absent."""
        focal = self.camera.fx * view.zoom
        present = [i for i, pose in enumerate(poses) if pose is not None]
        sights = {i: self.actors[i].see(pose, focal) for i in present if (pose := poses[i]) is not None}
        seen, first = self._nearest(sights)
        linear = self._background(view)
        for i in present:  # where two people share a pixel, the later one is drawn over the earlier
            sight = sights[i]
            linear = shade(sight.visibility, sight.surface, self.actors[i].texture, sight.shadow, linear)
        labels, covered = [], []
        for i, pose in enumerate(poses):
            labels.append(self._labels_of(i, seen, first))
            covered.append(0.0 if pose is None else self._covered(i, pose, labels[-1], view.zoom))
        return Shot(develop(linear), labels, covered)

    def _nearest(self, sights: dict[int, Sight]) -> tuple[Int[np.ndarray, "S T"], dict[int, int]]:
        """Clear each person's samples where another person is nearer.

        Returns:
            The visible triangle of each sample, numbered through all people, and the first number of each person.
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
        """Label map of one person, with other people as OTHER."""
        tables = [
            label if i == person else np.full_like(label, int(Label.OTHER))
            for i in first
            for label in [self.actors[i].assembly.label]
        ]
        if not tables:
            return np.zeros((self.camera.height, self.camera.width), np.uint8)
        return majority(seen, np.concatenate(tables), SAMPLES)

    def _covered(self, person: int, pose: Pose, labels: np.ndarray, zoom: float) -> float:
        """Share of the face landmarks inside the image that are occluded."""
        camera = self.camera
        pixels = zoomed(self.actors[person].pixels(pose)[:N_MESH], zoom, (camera.cx, camera.cy))
        column, row = np.floor(pixels).astype(int).T
        inside = (column >= 0) & (row >= 0) & (column < camera.width) & (row < camera.height)
        found = labels[row[inside], column[inside]]
        return float(np.isin(found, IN_THE_WAY).mean()) if inside.any() else 0.0

    def _background(self, view: View) -> Float[np.ndarray, "H W 3"]:
        """The room at infinite distance: rotation and zoom of the camera move it by a homography."""
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
    """Convert pixels of the resting camera to those of one with `zoom` times its focal length."""
    return (pixels - np.array(centre)) * zoom + np.array(centre)
