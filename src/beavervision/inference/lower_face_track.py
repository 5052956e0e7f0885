"""One person of a lower-face dub: where their landmarks are at each film position, and where they should be."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from beavervision.inference.driver import MotionTrack
from beavervision.inference.frame_path import interpolate_frames
from beavervision.inference.lip_record import LipRecord
from beavervision.inference.lower_face_avatar import LowerFaceAvatar
from beavervision.inference.pose_source import PoseSource, poses_at
from beavervision.stages.lower_face.landmark_maps import MOVING, project_landmarks
from beavervision.stages.lower_face.patch_geometry import Affine


@dataclass(frozen=True)
class FaceTarget:
    """What one frame of the footage should become, full frame px."""

    own: Float[np.ndarray, "68 2"]
    """Landmarks of the footage's own motion."""
    new: Float[np.ndarray, "68 2"]
    """Landmarks of the motion that is wanted, in the footage's own pose."""
    to_patch: Affine
    """Frame to patch."""
    depth: float
    """cm from the camera."""
    share: float
    """Of the drawn face, 0 to 1: it fades where the person comes into view."""
    frame: int | None = None
    """Number of the frame in the clip; None between two of them."""


@dataclass(frozen=True)
class LowerFaceTrack:
    """What one person does in a lower-face dub.

    Args:
        avatar: who.
        pose_source: the frames of the footage that are shown.
        motion: landmark conditions of the speech.
        shares: of the drawn face in each frame of the footage.
        lips: records what is drawn; None records nothing.
    """

    avatar: LowerFaceAvatar
    pose_source: PoseSource
    motion: MotionTrack
    shares: Float[np.ndarray, "N"]
    lips: LipRecord | None = None

    def targets(self, positions: Float[np.ndarray, "B"]) -> list[FaceTarget | None]:
        """Targets at film positions, which rise from call to call; None where no face is seen."""
        places = self.pose_source.path.at(positions)
        poses, share = poses_at(self.pose_source.track, places), interpolate_frames(self.shares, places)
        own = interpolate_frames(self.avatar.source_condition, places)
        new = own.copy()
        new[:, MOVING] = self.motion.at(positions)[:, MOVING]
        there = (share > 0) & np.isfinite(poses.rotation).all((1, 2)) & np.isfinite(poses.translation).all(1)
        if self.lips is not None:
            self.lips.add(positions[there], new[there])
        model, geometry = self.avatar.face_model, self.avatar.lower_face.geometry
        found: list[FaceTarget | None] = []
        for i, seen in enumerate(there):
            if not seen:
                found.append(None)
                continue
            pose = poses.rotation[i], poses.translation[i], poses.cameras[i]
            faces = [project_landmarks(model, condition[i], *pose) for condition in (own, new)]
            affine = geometry.to_patch(*pose)
            frame = int(places[i]) if places[i] == np.floor(places[i]) else None
            depth = float(poses.translation[i, 2])
            found.append(FaceTarget(faces[0], faces[1], affine, depth, float(share[i]), frame))
        return found
