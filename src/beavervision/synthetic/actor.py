"""The actor as a whole: parts put together, posed for a frame, and photographed."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache

import numpy as np
from jaxtyping import Float, UInt8
from safetensors.numpy import load_file
from scipy.ndimage import gaussian_filter

from beavervision.face.camera import FRONTAL, Camera
from beavervision.face.gpmm import load_gpmm
from beavervision.face.landmarks import EYE_INNER, EYE_OUTER
from beavervision.face.model import FaceModel
from beavervision.synthetic import body, ears, eyes, hair, hand, mouth
from beavervision.synthetic.head_mesh import LID_EDGE, MOUTH_LINING, HeadMesh, build_head
from beavervision.synthetic.light import MAP_SIZE, cast_shadow
from beavervision.synthetic.material import Material
from beavervision.synthetic.part import Part, make_part
from beavervision.synthetic.raster import Visibility, rasterise, vertex_normals
from beavervision.synthetic.room import paint_room
from beavervision.synthetic.shading import Surface, develop, majority, shade
from beavervision.synthetic.shipped import DATA
from beavervision.synthetic.skin import FINE, SKIN, paint_skin, unroll
from beavervision.types import Label

IDENTITY = "identity.safetensors"
CHIN = np.array([152, 199, 175, 200])
"""Face vertices that move with the jaw as one: the lower teeth follow their mean."""
SOFTNESS = 0.55
"""Blur of the lens and sensor, px."""


@dataclass(frozen=True)
class Pose:
    """Everything that differs from frame to frame. Rotations and translations lead to camera space, cm."""

    expression: Float[np.ndarray, "E"]
    rotation: Float[np.ndarray, "3 3"]
    translation: Float[np.ndarray, "3"]
    gaze: tuple[float, float] = (0.0, 0.0)
    """Yaw to the subject's left and pitch upwards of the eyes in the head, radians."""
    body_rotation: Float[np.ndarray, "3 3"] = field(default_factory=lambda: FRONTAL)
    body_translation: Float[np.ndarray, "3"] = field(default_factory=lambda: np.array([0.0, -6.0, 128.0]))
    breath: float = 0.0
    """Lift of the chest, cm."""
    hand_rotation: Float[np.ndarray, "3 3"] | None = None
    hand_translation: Float[np.ndarray, "3"] | None = None


@dataclass(frozen=True)
class Picture:
    """A photograph of the actor with its exact label map."""

    rgb: UInt8[np.ndarray, "H W 3"]
    labels: UInt8[np.ndarray, "H W"]


def corner_height(rest: Float[np.ndarray, "468 3"], points: Float[np.ndarray, "N 3"]) -> Float[np.ndarray, "N"]:
    """Height, at each point's x, of the line through the corners of the eyes."""
    outer, inner = rest[EYE_OUTER[1]], rest[EYE_INNER[1]]
    return np.interp(np.abs(points[:, 0]), [inner[0], outer[0]], [inner[1], outer[1]])


def _head_part(head: HeadMesh, rest: np.ndarray) -> Part:
    """The head's skin, the lining of mouth and lids included."""
    fine = head.vertices(rest)
    material = np.where(head.region == MOUTH_LINING, int(Material.FLESH), int(Material.SKIN))
    colour = np.ones((len(fine), 3))
    lid = np.where((fine[:, 1] > corner_height(rest, fine))[:, None], LASHES, LID_RIM)
    for region, tone in ((MOUTH_LINING, mouth.DARK * 9), (LID_EDGE, lid)):
        inner = np.setdiff1d(head.triangles[head.region == region], head.triangles[head.region != region])
        colour[inner] = np.broadcast_to(tone, colour.shape)[inner]
    local = np.concatenate([unroll(fine), np.ones((len(fine), 1))], axis=1)
    part = make_part(fine, head.triangles, Material.SKIN, Label.FACE, colour, local=local)
    return Part(part.vertices, part.triangles, material.astype(np.int32), part.label, part.colour, part.local)


LID_RIM, LASHES = np.array([0.85, 0.66, 0.66]), np.array([0.16, 0.11, 0.10])
"""Tint of the skin on the wet edge of the lower lid, and on the upper one, which is dark with lashes."""


class Actor:
    """The person who does not exist.

    Args:
        identity: coefficients of the face model.
        model: the face model.
        width, height: of the picture, px.
        samples: per pixel and axis.
        strands: of hair.
        levels: of subdivision of the head.
        texels_per_cm: of the skin's texture.
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
    ) -> None:
        self.model = load_gpmm() if model is None else model
        self.identity = identity
        self.rest = self.model.vertices(identity, np.zeros(self.model.exp_basis.shape[0]))
        self.eye_centres = eyes.eye_centres(self.rest, self.model.mean)
        self.camera = Camera.centred(width, height)
        self._samples = samples
        self._room = paint_room(width, height)
        self._texture = paint_skin(self.rest, texels_per_cm)
        self._head = build_head(self.rest, levels)
        self._assemble(strands)
        self._canvas = Visibility.blank(height * samples, width * samples)
        self._light = Visibility.blank(MAP_SIZE, MAP_SIZE)

    def _assemble(self, strands: int) -> None:
        """Put all parts into common arrays; `_slices` says where each lies."""
        fine = self._head.vertices(self.rest)
        normals = vertex_normals(fine, self._head.triangles)
        neck, self._neck_share = body.neck(SKIN)
        right, left = ears.ears(self.rest, SKIN)
        sleeve_hand = hand.hand(SKIN)
        self._parts: dict[str, Part] = {
            "head": _head_part(self._head, self.rest),
            "eye_right": eyes.eyeball(self.eye_centres[0]),
            "eye_left": eyes.eyeball(self.eye_centres[1]),
            **{f"socket_{i}": part for i, part in enumerate(eyes.sockets(self.rest))},
            "upper_teeth": mouth.upper_teeth(self.rest),
            "lower_teeth": mouth.lower_teeth(self.rest),
            "tongue": mouth.tongue(self.rest),
            "throat": mouth.throat(self.rest),
            "ear_right": right,
            "ear_left": left,
            "cap": hair.cap(self._head, fine, normals),
            "strands": hair.strands(self._head, fine, strands),
            "neck": neck,
            "jumper": body.jumper(),
            **{f"collar_{i}": part for i, part in enumerate(body.collar())},
            **{f"hand_{i}": part for i, part in enumerate(sleeve_hand)},
        }
        parts = list(self._parts.values())
        stops = np.cumsum([part.size for part in parts])
        self._slices = {
            name: slice(stop - part.size, stop) for (name, part), stop in zip(self._parts.items(), stops, strict=True)
        }
        starts = [s.start for s in self._slices.values()]
        self._triangles = np.concatenate([p.triangles + s for p, s in zip(parts, starts, strict=True)]).astype(np.int32)
        self._material = np.concatenate([p.material for p in parts])
        self._label = np.concatenate([p.label for p in parts])
        self._bias = np.concatenate([np.full(len(p.triangles), p.bias, np.float32) for p in parts])
        self._casts = self._triangles[np.concatenate([np.full(len(p.triangles), p.casts) for p in parts])]
        self._colour = np.concatenate([p.colour for p in parts])
        self._local = np.concatenate([p.local for p in parts])
        self._hair = np.concatenate([np.full(p.size, p.tangent is not None) for p in parts])
        self._tangent = np.concatenate([p.tangent for p in parts if p.tangent is not None])

    def face(self, expression: Float[np.ndarray, "E"]) -> Float[np.ndarray, "468 3"]:
        """The face model's vertices in head space, cm."""
        return self.model.vertices(self.identity, expression)

    def landmarks(self, pose: Pose) -> Float[np.ndarray, "478 3"]:
        """The 478 landmarks in head space, cm."""
        iris = eyes.iris_landmarks(self.eye_centres, eyes.gaze_rotation(*pose.gaze))
        return np.concatenate([self.face(pose.expression), iris])

    def pixels(self, pose: Pose) -> Float[np.ndarray, "478 2"]:
        """The 478 landmarks in the picture, px."""
        return self.camera.project(self.landmarks(pose) @ pose.rotation.T + pose.translation)

    def _place(self, pose: Pose) -> np.ndarray:
        """Camera-space positions of all vertices."""
        face = self.face(pose.expression)
        jaw = (face - self.rest)[CHIN].mean(axis=0)
        out = np.empty((len(self._colour), 3), np.float32)
        torso = np.array([0.0, pose.breath, 0.35 * pose.breath])
        for name, part in self._parts.items():
            points = part.vertices
            if name == "head":
                points = self._head.vertices(face)
            elif name in ("lower_teeth", "tongue"):
                points = points + jaw
            in_head = points @ pose.rotation.T + pose.translation
            if name in ("neck", "jumper") or name.startswith("collar"):
                in_body = (points + torso) @ pose.body_rotation.T + pose.body_translation
                share = self._neck_share[:, None] if name == "neck" else 0.0
                in_head = share * in_head + (1 - share) * in_body
            elif name.startswith("hand"):
                if pose.hand_rotation is None:
                    in_head = np.zeros_like(points)  # behind the camera: nothing is drawn
                else:
                    in_head = points @ pose.hand_rotation.T + pose.hand_translation
            out[self._slices[name]] = in_head
        return out

    def _surface(self, pose: Pose, position: np.ndarray) -> Surface:
        """Attributes that follow the pose: normals, hair's tangents, the eyes' gaze."""
        normal = vertex_normals(position, self._triangles)
        colour, local = self._colour.copy(), self._local.copy()
        # hair: shade by the way the ribbon faces, then hand over the tangent instead of the normal
        facing = np.abs(normal[self._hair] @ np.array([-0.45, -0.6, -0.66], np.float32))
        colour[self._hair] *= (0.30 + 0.70 * facing)[:, None]
        normal[self._hair] = self._tangent @ pose.rotation.T
        turn = eyes.gaze_rotation(*pose.gaze)
        for name in ("eye_right", "eye_left"):
            local[self._slices[name]] = self._parts[name].local @ turn
        return Surface(self._triangles, self._material, self._label, position, normal, local, colour)

    def photograph(self, pose: Pose) -> Picture:
        """Render one frame."""
        position = self._place(pose)
        surface = self._surface(pose, position)
        target = pose.translation + np.array([0.0, 8.0, 4.0])
        shadow = cast_shadow(position, self._casts, target, self._light)
        depth = np.maximum(position[:, 2:], 1e-3)
        focal, centre = self.camera.fx * self._samples, np.array([self.camera.cx, self.camera.cy]) * self._samples
        canvas = np.concatenate([position[:, :2] / depth * focal + centre, position[:, 2:]], axis=1)
        seen = rasterise(canvas.astype(np.float32), self._triangles, self._bias, self._canvas)
        linear = shade(seen, surface, self._texture, shadow, self._room)
        if SOFTNESS:
            linear = gaussian_filter(linear, (SOFTNESS, SOFTNESS, 0))
        return Picture(develop(linear), majority(seen.triangle, self._label, self._samples))

    def plate(self) -> UInt8[np.ndarray, "H W 3"]:
        """The empty room."""
        return develop(gaussian_filter(self._room, (SOFTNESS, SOFTNESS, 0)))


@cache
def actor_identity() -> Float[np.ndarray, "I"]:
    """Identity coefficients of the actor, standard deviations of gpmm."""
    return load_file(DATA / IDENTITY)["identity"].astype(np.float64)
