"""What a bundle of lower_face holds: its facts, the arguments of its network, its arrays."""

from __future__ import annotations

from typing import Annotated

from pydantic import ConfigDict, Field

from beavervision.artifacts.bundle import BundleSchema, TrainedFacts
from beavervision.artifacts.manifest import Count, Side, Strict
from beavervision.stages import source_track

Width = Annotated[int, Field(ge=8, le=1024, multiple_of=8)]


class LowerFaceArguments(Strict):
    """Arguments of `LowerFaceNetwork`, each within what such a network can have."""

    size: Annotated[int, Field(ge=64, le=1024, multiple_of=32)]
    widths: Annotated[tuple[Width, ...], Field(min_length=2, max_length=5)] = (32, 64, 96, 128)


class LowerFaceFacts(TrainedFacts):
    """What a bundle of lower_face states."""

    model_config = ConfigDict(extra="forbid")

    footage_size: tuple[Side, Side]
    """Width and height, pixels."""
    pixels_per_cm: Annotated[float, Field(gt=0, le=1000)]
    """Resolution of the patch at the head's distance."""
    reach: Annotated[float, Field(gt=0, le=20)]
    """How far the part that is drawn anew reaches below the patch's centre, cm."""
    train_frames: Count


ASSETS = {
    "identity": "float I",
    **source_track.ASSETS,
}
SCHEMA = BundleSchema("lower_face", LowerFaceFacts, LowerFaceArguments, ASSETS)
