"""The actor: posing and rendering of one frame."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from jaxtyping import Float, UInt8
from safetensors.numpy import load_file

from beavervision.face.camera import Camera
from beavervision.face.gpmm import load_gpmm
from beavervision.face.morphable_model import FaceModel
from beavervision.synthetic import eyes
from beavervision.synthetic.actor_mesh import Assembly
from beavervision.synthetic.anatomy import actor_parts
from beavervision.synthetic.ground_truth import DATA
from beavervision.synthetic.head_mesh import build_head
from beavervision.synthetic.lighting import MAP_SIZE, ShadowMap, cast_shadow
from beavervision.synthetic.mesh_part import Part
from beavervision.synthetic.performance import Pose
from beavervision.synthetic.raster import Visibility, rasterise
from beavervision.synthetic.room import paint_room
from beavervision.synthetic.shading import Surface, shade
from beavervision.synthetic.skin import paint_skin
from beavervision.synthetic.texture_canvas import FINE
from beavervision.synthetic.tonemapping import Picture, develop, majority

IDENTITY = "identity.safetensors"
CHIN = np.array([152, 199, 175, 200])
"""Face vertices that move rigidly with the jaw; the lower teeth follow their mean."""
SHADOW_ABOUT = np.array([0.0, 8.0, 4.0])
"""Centre of the shadow map, cm from the head's origin in camera space: it covers head, hand and chest."""


@dataclass(frozen=True)
class Sight:
    """Visibility and surface of a posed actor, before shading."""

    visibility: Visibility
    surface: Surface
    shadow: ShadowMap


class Actor:
    """The synthetic person.

    Args:
        identity: identity coefficients of the face model.
        model: the face model.
        width: width of the image, px.
        height: height of the image, px.
        samples: samples per pixel and axis.
        strands: number of hair strands.
        levels: subdivision levels of the head.
        texels_per_cm: resolution of the skin's texture.
        dressed: function that changes the actor's parts, e.g. their colours.
    """

    def __init__(
        self,
        identity: Float[np.ndarray, "I"],
        model: FaceModel | None = None,
        *,
        width: int = 1280,
        height: int = 720,
        samples: int = 2,
        strands: int = 7000,
        levels: int = 2,
        texels_per_cm: float = FINE,
        dressed: Callable[[list[Part]], Sequence[Part]] = list,
    ) -> None:
        self.model = load_gpmm() if model is None else model
        self.identity = identity
        self.rest = self.model.vertices(identity, np.zeros(self.model.exp_basis.shape[0]))
        self.eye_centres = eyes.eye_centres(self.rest, self.model.mean)
        self.camera = Camera.centred(width, height)
        self._samples = samples
        self._room = paint_room(width, height)
        self.texture = paint_skin(self.rest, texels_per_cm)
        self._head = build_head(self.rest, levels)
        self.assembly = Assembly.of(dressed(actor_parts(self._head, self.rest, self.eye_centres, strands)))
        self._canvas = Visibility.blank(height * samples, width * samples)
        self._light = Visibility.blank(MAP_SIZE, MAP_SIZE)

    def face(self, expression: Float[np.ndarray, "E"]) -> Float[np.ndarray, "468 3"]:
        """The face model's vertices in head space, cm."""
        return self.model.vertices(self.identity, expression)

    def landmarks(self, pose: Pose) -> Float[np.ndarray, "478 3"]:
        """The 478 landmarks in head space, cm."""
        iris = eyes.iris_landmarks(self.eye_centres, eyes.gaze_rotation(*pose.gaze))
        return np.concatenate([self.face(pose.expression), iris])

    def pixels(self, pose: Pose) -> Float[np.ndarray, "478 2"]:
        """The 478 landmarks in the image, px."""
        return self.camera.project(self.landmarks(pose) @ pose.rotation.T + pose.translation)

    def photograph(self, pose: Pose) -> Picture:
        """Render one frame."""
        sight = self.see(pose)
        linear = shade(sight.visibility, sight.surface, self.texture, sight.shadow, self._room)
        return Picture(develop(linear), majority(sight.visibility.triangle, self.assembly.label, self._samples))

    def see(self, pose: Pose, focal: float | None = None) -> Sight:
        """Compute the visibility of every sample of the image; the next call overwrites the buffers.

        Args:
            pose: pose in the frame.
            focal: focal length, px; the camera's own when None.
        """
        parts, face = self.assembly, self.face(pose.expression)
        position = parts.place(pose, self._head.vertices(face), (face - self.rest)[CHIN].mean(axis=0))
        shadow = cast_shadow(position, parts.casting, pose.translation + SHADOW_ABOUT, self._light)
        depth = np.maximum(position[:, 2:], 1e-3)
        focal = (focal or self.camera.fx) * self._samples
        centre = np.array([self.camera.cx, self.camera.cy]) * self._samples
        canvas = np.concatenate([position[:, :2] / depth * focal + centre, position[:, 2:]], axis=1)
        seen = rasterise(canvas.astype(np.float32), parts.triangles, parts.bias, self._canvas)
        return Sight(seen, parts.surface(pose, position), shadow)

    def plate(self) -> UInt8[np.ndarray, "H W 3"]:
        """Image of the empty room."""
        return develop(self._room)


@cache
def actor_identity() -> Float[np.ndarray, "I"]:
    """Identity coefficients of the actor, standard deviations of gpmm."""
    return load_file(DATA / IDENTITY)["identity"].astype(np.float64)
