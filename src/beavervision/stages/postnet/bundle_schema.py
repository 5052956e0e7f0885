"""Schema of postnet bundles: facts, arguments of the network, arrays."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from beavervision.artifacts.bundle import BundleSchema, SpeechFacts
from beavervision.artifacts.manifest import Strict

Width = Annotated[int, Field(ge=1, le=4096)]


class PostNetArguments(Strict):
    """Arguments of `PostNet`, each with its valid range."""

    landmarks_dim: Annotated[int, Field(ge=204, le=204)] = 204
    widths: Annotated[tuple[Width, ...], Field(max_length=64)] = (128, 128, 128, 256, 256, 256, 128)
    kernel: Annotated[int, Field(ge=1, le=63)] = 3


class PostNetFacts(SpeechFacts):
    """Facts of a postnet bundle."""

    model_config = ConfigDict(extra="forbid")

    refine: Literal["none", "postnet", "lle", "both"] = "both"
    """Refinement that helped on held-out speech of the training split (`refine=auto`)."""


STATISTIC = "float 68 3"
ASSETS = {
    "identity": "float I",
    "database": "float N 68 3",
    **dict.fromkeys(("mean", "std", "low", "high"), STATISTIC),
}
SCHEMA = BundleSchema("postnet", PostNetFacts, PostNetArguments, ASSETS)
