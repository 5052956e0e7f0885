"""A person of whom a dub draws the lower face only: three bundles of one clip, neither head nor torso."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from beavervision.face.model_registry import load_face_model
from beavervision.inference.speaking_person import SpeakingPerson, check_bundles, load_motion, load_stage
from beavervision.stages.lower_face.bundle_schema import LowerFaceFacts
from beavervision.stages.lower_face.inference import LowerFaceRenderer
from beavervision.stages.source_track import SourceTrack

LOWER_FACE = "lower_face"


@dataclass(frozen=True)
class LowerFaceAvatar(SpeakingPerson):
    """A person's motion networks and the network of the lower face."""

    lower_face: LowerFaceRenderer

    @classmethod
    def load(cls, bundles: Mapping[str, Path], clip_sha256: str | None = None, device: str = "cpu") -> LowerFaceAvatar:
        """Load the bundles.

        Args:
            bundles: stage -> folder.
            clip_sha256: the clip that the lower face has to come from; None takes any.
            device: that patches are drawn on.

        Raises:
            BundleError: when a bundle is missing or damaged, or they do not belong together.
        """
        check_bundles(bundles, {LOWER_FACE: LowerFaceFacts}, clip_sha256)
        lower_face = load_stage(LOWER_FACE, bundles, LowerFaceRenderer.from_bundle, device=device)
        face = load_face_model(lower_face.facts.basis)
        audio2motion, postnet = load_motion(bundles, face, lower_face.identity, lower_face.track)
        return cls(
            audio2motion=audio2motion,
            postnet=postnet,
            face_model=face,
            identity=lower_face.identity,
            lower_face=lower_face,
        )

    @property
    def facts(self) -> LowerFaceFacts:
        """What the bundle of the lower face says of its origin."""
        return self.lower_face.facts

    @property
    def track(self) -> SourceTrack:
        """The footage's own poses and expressions."""
        return self.lower_face.track
