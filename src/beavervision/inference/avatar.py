"""A person that can be made to speak: the four bundles of one clip, loaded and checked against each other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TypeVar

import numpy as np
from jaxtyping import Float, UInt8

from beavervision.artifacts.arrays import load_picture
from beavervision.artifacts.bundle import Bundle, BundleSchema, RendererFacts, TrainedFacts
from beavervision.errors import BundleError, ConfigError
from beavervision.face.model_registry import load_face_model
from beavervision.face.morphable_model import FaceModel
from beavervision.nerf.condition_normalizer import fill_gaps
from beavervision.stages.audio2motion.inference import AudioToMotion
from beavervision.stages.postnet.inference import MotionRefiner
from beavervision.stages.radnerf_head.inference import HeadRenderer
from beavervision.stages.radnerf_torso.inference import TorsoRenderer
from beavervision.stages.radnerf_torso.source_track import SourceTrack

SPEECH, REFINER, HEAD, TORSO = "audio2motion", "postnet", "radnerf_head", "radnerf_torso"
RENDERERS = (HEAD, TORSO)

UPPER_LIP, LOWER_LIP = [61, 62, 63], [67, 66, 65]
"""iBUG points of the lips' inner edges."""
QUIET = 0.2
"""Share of the footage's frames whose mouth counts as shut: even in speech, pauses and closures take as much."""

REASON = 120
"""Characters of torch's complaint that are passed on: it lists every weight."""

LoadedT = TypeVar("LoadedT")


@dataclass(frozen=True)
class Avatar:
    """Everything that was learnt of one person."""

    audio2motion: AudioToMotion
    postnet: MotionRefiner
    head: HeadRenderer
    torso: TorsoRenderer
    face_model: FaceModel
    identity: Float[np.ndarray, "I"]

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
            ConfigError: when a bundle is missing or damaged, or they do not belong together.
        """
        check_bundles(bundles, clip_sha256)
        at_home = backend if device == "cpu" else "auto"
        torso = _load(TORSO, bundles, TorsoRenderer.from_bundle, backend=at_home)
        how = {"backend": backend, "render": render, "device": device, "precision": precision}
        return cls(
            audio2motion=_load(SPEECH, bundles, AudioToMotion.from_bundle),
            postnet=_load(REFINER, bundles, MotionRefiner.from_bundle),
            head=_load(HEAD, bundles, HeadRenderer.from_bundle, **how),
            torso=torso,
            face_model=load_face_model(torso.facts.basis),
            identity=torso.identity,
        )

    @property
    def subject(self) -> int:
        """Which person of the clip."""
        return self.torso.facts.subject or 0

    @property
    def clip_sha256(self) -> str:
        """Which clip the renderers come from."""
        return self.torso.facts.clip_sha256

    @property
    def track(self) -> SourceTrack:
        """The footage's poses, shoulders and canvas."""
        return self.torso.track

    @property
    def fps(self) -> float:
        """Frames per second of everything."""
        return self.torso.facts.fps

    @property
    def footage_size(self) -> tuple[int, int]:
        """Width and height of the footage."""
        width, height = self.torso.facts.footage_size
        return width, height

    @cached_property
    def source_condition(self) -> Float[np.ndarray, "N 68 3"]:
        """Landmark condition of the footage's own face, frame by frame, 1/10 cm; gaps filled from neighbours."""
        return self.face_model.condition68(self.identity, fill_gaps(self.track.expression)).astype(np.float32)

    @cached_property
    def source_eye_open(self) -> Float[np.ndarray, "N"]:
        """The footage's own openness of the eyes, mean of both; gaps filled."""
        return fill_gaps(self.track.eye_open).mean(1).astype(np.float32)

    @cached_property
    def rest(self) -> Float[np.ndarray, "68 3"]:
        """Landmark condition of the face that says nothing: mean of the frames whose lips are nearest each other."""
        upper, lower = (self.source_condition[:, lips].mean(1) for lips in (UPPER_LIP, LOWER_LIP))
        gap = np.linalg.norm(upper - lower, axis=1)
        seen = np.flatnonzero(self.track.visible)
        quiet = seen[np.argsort(gap[seen], kind="stable")[: max(1, round(QUIET * len(seen)))]]
        return self.source_condition[quiet].mean(0)

    def plate(self) -> UInt8[np.ndarray, "H W 3"]:
        """The footage's background without the person."""
        return load_picture(self.torso.folder / "plate.png", self.torso.facts)

    def body(self) -> UInt8[np.ndarray, "H W 4"]:
        """Picture of the body that stands in for it outside the canvas, with its matte."""
        return load_picture(self.torso.folder / "body.png", self.torso.facts, "RGBA")


def _load(stage: str, bundles: Mapping[str, Path], load: Callable[..., LoadedT], **options: str) -> LoadedT:
    """Load one bundle; one whose weights do not fit the network any more is the work of another version.

    Raises:
        ConfigError: saying which stage to train again.
    """
    try:
        return load(bundles[stage], **options)
    except (RuntimeError, KeyError, TypeError) as error:
        reason = " ".join(str(error).split())[:REASON]
        raise ConfigError(
            f"{bundles[stage]} does not fit this version of beavervision ({reason}); train {stage} again."
        ) from error


def check_bundles(bundles: Mapping[str, Path], clip_sha256: str | None) -> None:
    """Refuse bundles that do not belong together.

    Raises:
        ConfigError: naming the bundle and what to train again.
    """
    stages: dict[str, type[TrainedFacts]] = {
        SPEECH: TrainedFacts,
        REFINER: TrainedFacts,
        HEAD: RendererFacts,
        TORSO: RendererFacts,
    }
    facts = {stage: Bundle.load(bundles[stage], BundleSchema(stage, kind)).facts for stage, kind in stages.items()}
    torso = facts[TORSO]
    wanted = clip_sha256 or torso.clip_sha256
    for stage in RENDERERS:
        if facts[stage].clip_sha256 != wanted:
            raise BundleError(
                f"{bundles[stage]} was trained on another clip ({facts[stage].clip}, or this one before it was "
                f"prepared again); train it again: python train.py model={stage} data=myvideo data.name={torso.clip}"
            )
    for name in ("frame", "fps", "basis", "subject"):
        ours = getattr(torso, name)
        for stage in (SPEECH, REFINER, HEAD):
            theirs = getattr(facts[stage], name, ours) if name in facts[stage].model_fields_set else ours
            if ours != theirs:
                raise BundleError(
                    f"{bundles[stage]} has {name} {theirs}, {bundles[TORSO]} has {ours}; train both with the same."
                )
