"""A person that can be made to speak: what every way to show them has in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TypeVar

import numpy as np
from jaxtyping import Float

from beavervision.artifacts.bundle import Bundle, BundleSchema, TrainedFacts
from beavervision.errors import BundleError
from beavervision.face.morphable_model import FaceModel
from beavervision.inference.general_motion import in_range_of, refiner_of_footage
from beavervision.nerf.condition_normalizer import fill_gaps
from beavervision.stages.audio2motion.inference import AudioToMotion
from beavervision.stages.lower_face.bundle_schema import LowerFaceFacts
from beavervision.stages.postnet.inference import MotionRefiner
from beavervision.stages.radnerf_torso.bundle_schema import TorsoFacts
from beavervision.stages.source_track import SourceTrack

SPEECH, REFINER = "audio2motion", "postnet"

UPPER_LIP, LOWER_LIP = [61, 62, 63], [67, 66, 65]
"""iBUG points of the lips' inner edges."""
QUIET = 0.2
"""Share of the footage's frames whose mouth counts as shut: even in speech, pauses and closures take as much."""

REASON = 120
"""Characters of torch's complaint that are passed on: it lists every weight."""

LoadedT = TypeVar("LoadedT")


@dataclass(frozen=True)
class SpeakingPerson(ABC):
    """A person's motion networks; the subclasses add how the person is shown."""

    audio2motion: AudioToMotion
    postnet: MotionRefiner
    face_model: FaceModel
    identity: Float[np.ndarray, "I"]

    @property
    @abstractmethod
    def facts(self) -> TorsoFacts | LowerFaceFacts:
        """What the renderer's bundle says of its origin."""

    @property
    @abstractmethod
    def track(self) -> SourceTrack:
        """The footage's own poses and expressions."""

    @property
    def subject(self) -> int:
        """Which person of the clip."""
        return self.facts.subject or 0

    @property
    def clip_sha256(self) -> str:
        """Which clip the renderers come from."""
        return self.facts.clip_sha256

    @property
    def fps(self) -> float:
        """Frames per second of everything."""
        return self.facts.fps

    @property
    def footage_size(self) -> tuple[int, int]:
        """Width and height of the footage."""
        width, height = self.facts.footage_size
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


def load_stage(stage: str, bundles: Mapping[str, Path], load: Callable[..., LoadedT], **options: str) -> LoadedT:
    """Load one bundle; one whose weights do not fit the network any more is the work of another version.

    Raises:
        BundleError: saying which stage to train again.
    """
    try:
        return load(bundles[stage], **options)
    except (RuntimeError, KeyError, TypeError) as error:
        reason = " ".join(str(error).split())[:REASON]
        raise BundleError(
            f"{bundles[stage]} does not fit this version of beavervision ({reason}); train {stage} again."
        ) from error


def load_motion(
    bundles: Mapping[str, Path], face: FaceModel, identity: Float[np.ndarray, "I"], track: SourceTrack
) -> tuple[AudioToMotion, MotionRefiner]:
    """Load what moves a person; without a postnet bundle, audio2motion is the general one in the person's own range.

    Args:
        bundles: stage -> folder.
        face: face model of the person.
        identity: identity coefficients of the person.
        track: the person's footage.

    Raises:
        BundleError: when a bundle is missing or damaged.
    """
    audio2motion = load_stage(SPEECH, bundles, AudioToMotion.from_bundle)
    if REFINER in bundles:
        return audio2motion, load_stage(REFINER, bundles, MotionRefiner.from_bundle)
    return in_range_of(audio2motion, track, face), refiner_of_footage(track, face, identity)


def check_bundles(
    bundles: Mapping[str, Path], renderers: Mapping[str, type[TrainedFacts]], clip_sha256: str | None
) -> None:
    """Refuse bundles that do not belong together.

    Args:
        bundles: stage -> folder.
        renderers: stages that come from one clip -> what their bundles state; the last one is what others go by.
        clip_sha256: the clip that they have to come from; None asks only that it be the same one.

    Raises:
        BundleError: naming the bundle and what to train again.
    """
    speech = {stage: TrainedFacts for stage in (SPEECH, REFINER) if stage in bundles}
    stages: dict[str, type[TrainedFacts]] = {**speech, **renderers}
    facts = {stage: Bundle.load(bundles[stage], BundleSchema(stage, kind)).facts for stage, kind in stages.items()}
    *others, leader = stages
    first = facts[leader]
    wanted = clip_sha256 or first.clip_sha256
    for stage in renderers:
        if facts[stage].clip_sha256 != wanted:
            raise BundleError(
                f"{bundles[stage]} was trained on another clip ({facts[stage].clip}, or this one before it was "
                f"prepared again); train it again: python train.py model={stage} data=myvideo data.name={first.clip}"
            )
    for stage in speech:
        # A bundle without a subject was trained on a corpus, and speaks for anybody.
        if facts[stage].subject is not None and facts[stage].clip != first.clip:
            raise BundleError(
                f"{bundles[stage]} belongs to another person ({facts[stage].clip}, not {first.clip}); train it on this "
                f"one: python train.py model={stage} data=myvideo data.name={first.clip}"
            )
    for name in ("frame", "fps", "basis", "subject"):
        ours = getattr(first, name, None)
        for stage in others if hasattr(first, name) else ():
            theirs = getattr(facts[stage], name, ours) if name in facts[stage].model_fields_set else ours
            # The same holds here: a subject that is null is everybody.
            if ours != theirs and not (name == "subject" and theirs is None):
                raise BundleError(
                    f"{bundles[stage]} has {name} {theirs}, {bundles[leader]} has {ours}; train both with the same."
                )
