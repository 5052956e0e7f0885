"""FaceAnimation: the motion of a speech as ARKit weights and poses of the head, for other programs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float

from beavervision.artifacts.atomic_write import atomic_file
from beavervision.artifacts.motion import Motion
from beavervision.errors import ConfigError
from beavervision.export import bvh, curves, gltf
from beavervision.face.arkit import arkit_fields, arkit_weights
from beavervision.face.arkit_names import ARKIT_NAMES
from beavervision.face.model_registry import load_face_model

TO_WORLD = np.diag([1.0, -1.0, -1.0])
"""Camera space (y down, z away from the camera) to the y-up space of glTF and BVH, whose camera looks along -z."""
BLINKS = [ARKIT_NAMES.index(f"eyeBlink{side}") for side in ("Left", "Right")]


@dataclass(frozen=True)
class FaceAnimation:
    """ARKit weights and head poses of T frames.

    Poses are in a y-up space: x to the right as the camera sees it, y up, z to the camera. A face that looks straight
    into the camera has the identity as its rotation.
    """

    weights: Float[np.ndarray, "T 52"]
    """[0, 1], in the order of ARKIT_NAMES; left and right are the subject's."""
    rotation: Float[np.ndarray, "T 3 3"]
    """Head to world; the identity where no footage gives poses."""
    translation: Float[np.ndarray, "T 3"]
    """Of the head relative to the first frame, cm."""
    fps: float
    basis: str
    """Face model of the motion from which the weights are fitted."""
    unexplained: float
    """Share of the motion that the weights leave over; see `face.arkit.ArkitFit`."""
    absent: tuple[str, ...] = ()
    """Names whose weights are 0 because nothing in the face model stands for them."""

    @classmethod
    def of_motion(cls, motion: Motion, closure: Float[np.ndarray, "T"] | None = None) -> FaceAnimation:
        """Fit ARKit weights to a motion; its poses are taken if it has some.

        Args:
            motion: expression coefficients.
            closure: of the eyelids in each frame, 0 open to 1 shut; raises both weights of eyeBlink.
        """
        model = load_face_model(motion.basis)
        fit = arkit_weights(model, motion.expression)
        weights = fit.weights
        if closure is not None:
            weights[:, BLINKS] = np.maximum(weights[:, BLINKS], np.asarray(closure)[:, None])
        rotation, translation = _still(motion.n_frames) if motion.rotation is None else _placed(motion)
        fields = arkit_fields(model)
        absent = tuple(name for name in ARKIT_NAMES if name not in fields)
        return cls(weights, rotation, translation, motion.fps, motion.basis, fit.unexplained, absent)

    @property
    def n_frames(self) -> int:
        """Number of frames."""
        return len(self.weights)

    @property
    def times(self) -> Float[np.ndarray, "T"]:
        """Seconds from the start of the speech."""
        return np.arange(self.n_frames) / self.fps

    def save(self, path: str | Path) -> Path:
        """Write the animation; the ending of the name is the format.

        Args:
            path: `.csv` and `.json` hold the weights, `.pose.csv` and `.bvh` the poses, `.glb` (glTF 2.0) both, on the
                mesh of the built-in face.

        Raises:
            ConfigError: when the ending is none of these.
            StorageError: when the place cannot be written to.
        """
        path = Path(path)
        ending = next((one for one in WRITERS if path.name.endswith(one)), None)
        if ending is None:
            raise ConfigError(f"{path} has none of the endings {', '.join(WRITERS)}; give it one.")
        content = WRITERS[ending](self)
        with atomic_file(path) as part:
            part.write_bytes(content)
        return path


def _csv(animation: FaceAnimation) -> bytes:
    return curves.weights_csv(animation.times, animation.weights)


def _json(animation: FaceAnimation) -> bytes:
    facts = {"fps": animation.fps, "face_model": animation.basis, "absent": list(animation.absent)}
    facts["unexplained"] = round(animation.unexplained, 4)
    return curves.weights_json(facts, animation.weights)


def _pose_csv(animation: FaceAnimation) -> bytes:
    return curves.pose_csv(animation.times, animation.rotation, animation.translation)


def _bvh(animation: FaceAnimation) -> bytes:
    return bvh.head_bvh(animation.rotation, animation.translation, animation.fps)


def _glb(animation: FaceAnimation) -> bytes:
    return gltf.face_glb(animation.times, animation.weights, animation.rotation, animation.translation)


WRITERS: Mapping[str, Callable[[FaceAnimation], bytes]] = {
    ".pose.csv": _pose_csv,
    ".csv": _csv,
    ".json": _json,
    ".bvh": _bvh,
    ".glb": _glb,
}
"""Ending of a file's name -> its content; the longer ending first."""


def _still(frames: int) -> tuple[np.ndarray, np.ndarray]:
    return np.broadcast_to(np.eye(3), (frames, 3, 3)), np.zeros((frames, 3))


def _placed(motion: Motion) -> tuple[np.ndarray, np.ndarray]:
    """Poses in the y-up space, from those of the camera."""
    assert motion.rotation is not None
    moved = np.zeros((motion.n_frames, 3)) if motion.translation is None else motion.translation
    return TO_WORLD @ motion.rotation, (moved - moved[0]) @ TO_WORLD
