"""The trained head, rendered for any camera with the expression of a frame of the clip."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float, UInt8

from beavervision.artifacts.clip import Clip
from beavervision.errors import BundleError
from beavervision.face.model_registry import load_face_model
from beavervision.nerf.condition_normalizer import fill_gaps
from beavervision.stages.radnerf_head.inference import HeadRenderer
from beavervision.viewer.orbit_camera import OrbitCamera

BACKGROUND = np.array([0.11, 0.12, 0.14], np.float32)
"""Colour behind the head: hair and skin are both seen before it."""


@dataclass(frozen=True)
class HeadField:
    """A head of a clip, with the clip's own motion.

    Args:
        renderer: of the head.
        condition: landmark condition of every frame of the clip, 1/10 cm.
        eye: openness of the eyes in every frame.
    """

    renderer: HeadRenderer
    condition: Float[np.ndarray, "T 68 3"]
    eye: Float[np.ndarray, "T"]

    @classmethod
    def load(cls, bundle: Path, clip: Clip, subject: int) -> HeadField:
        """Load a head.

        Args:
            bundle: folder of the head's bundle.
            clip: the clip that it was trained on.
            subject: number of the person.

        Raises:
            BeaverError: when the bundle is damaged, or of another clip.
        """
        renderer, person = HeadRenderer.from_bundle(bundle, render="auto"), clip.subject(subject)
        if renderer.bundle.facts.clip_sha256 != clip.sha256:
            raise BundleError(
                f"{bundle} was trained on another clip, or on {clip.name} before it was prepared again; train it "
                "again, or view with --no-head."
            )
        face = load_face_model(clip.facts.basis)
        condition = face.condition68(person.identity, fill_gaps(person.expression)).astype(np.float32)
        return cls(renderer, condition, fill_gaps(person.eye_open).mean(1).astype(np.float32))

    @property
    def kind(self) -> str:
        """What is rendered: the distilled or the full head."""
        return "full head" if self.renderer.fast is None else "distilled head"

    def camera(self, frame: int) -> tuple[Float[np.ndarray, "3 3"], Float[np.ndarray, "3"]]:
        """Rotation and translation (cm), head to camera, of a frame of the clip, as the training corrected them."""
        rotation, translation, _ = self.renderer.source_poses
        return rotation[frame], translation[frame]

    def render(self, camera: OrbitCamera, frame: int, height: int) -> UInt8[np.ndarray, "H W 3"]:
        """The head with the expression of a frame, before a plain background.

        Args:
            camera: where from.
            frame: number of the frame.
            height: rows of the image.
        """
        reach = self.renderer.bundle.hparams["window"]
        first = max(0, frame - reach)
        part = slice(first, frame + reach + 1)
        rgb, alpha = self.renderer.render(
            self.condition[part],
            self.eye[part],
            camera.rotation[None],
            camera.translation[None],
            camera.intrinsics(height)[None],
            np.array([frame - first]),
            clamp=False,
            size=camera.size(height),
        )
        shown = rgb[0].cpu().numpy() + (1 - alpha[0].cpu().numpy()[..., None]) * BACKGROUND
        return np.rint(255 * shown.clip(0, 1)).astype(np.uint8)
