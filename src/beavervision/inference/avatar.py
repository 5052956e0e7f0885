"""An avatar: the person's head and torso are generated from four bundles of one clip."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from beavervision.artifacts.arrays import load_picture
from beavervision.artifacts.bundle import RendererFacts
from beavervision.face.model_registry import load_face_model
from beavervision.inference.speaking_person import SpeakingPerson, check_bundles, load_motion, load_stage
from beavervision.stages.radnerf_head.inference import HeadRenderer
from beavervision.stages.radnerf_torso.bundle_schema import TorsoFacts
from beavervision.stages.radnerf_torso.inference import TorsoRenderer
from beavervision.stages.source_track import SourceTrack

HEAD, TORSO = "radnerf_head", "radnerf_torso"


@dataclass(frozen=True)
class Avatar(SpeakingPerson):
    """Everything that generates one person: motion, head and torso."""

    head: HeadRenderer
    torso: TorsoRenderer

    @classmethod
    def load(
        cls,
        bundles: Mapping[str, Path],
        clip_sha256: str | None = None,
        backend: str = "auto",
        render: str = "auto",
        device: str = "cpu",
        precision: str = "auto",
    ) -> Avatar:
        """Load the bundles.

        Args:
            bundles: stage -> folder.
            clip_sha256: the clip that the renderers have to come from; None asks only that it be the same one.
            backend: of the grids; the torso's, which is little work, are always computed on the CPU.
            render: how the head is rendered: full, fast, or auto; see `HeadRenderer.from_bundle`.
            device: that the head is rendered on.
            precision: of a full head's layers; see there.

        Raises:
            BundleError: when a bundle is missing or damaged, or they do not belong together.
        """
        check_bundles(bundles, {HEAD: RendererFacts, TORSO: RendererFacts}, clip_sha256)
        at_home = backend if device == "cpu" else "auto"
        torso = load_stage(TORSO, bundles, TorsoRenderer.from_bundle, backend=at_home)
        face = load_face_model(torso.facts.basis)
        audio2motion, postnet = load_motion(bundles, face, torso.identity, torso.track)
        how = {"backend": backend, "render": render, "device": device, "precision": precision}
        return cls(
            audio2motion=audio2motion,
            postnet=postnet,
            head=load_stage(HEAD, bundles, HeadRenderer.from_bundle, **how),
            torso=torso,
            face_model=face,
            identity=torso.identity,
        )

    @property
    def facts(self) -> TorsoFacts:
        """What the torso's bundle says of its origin."""
        return self.torso.facts

    @property
    def track(self) -> SourceTrack:
        """The footage's poses, shoulders and canvas."""
        return self.torso.track

    def plate(self) -> UInt8[np.ndarray, "H W 3"]:
        """The footage's background without the person."""
        return load_picture(self.torso.folder / "plate.png", self.torso.facts)

    def body(self) -> UInt8[np.ndarray, "H W 4"]:
        """Picture of the body that stands in for it outside the canvas, with its matte."""
        return load_picture(self.torso.folder / "body.png", self.torso.facts, "RGBA")
