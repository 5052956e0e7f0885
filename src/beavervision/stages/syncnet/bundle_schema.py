"""Schema of syncnet bundles: facts, arguments of the network, arrays."""

from __future__ import annotations

from typing import Annotated

from pydantic import ConfigDict, Field

from beavervision.artifacts.bundle import BundleSchema, SpeechFacts
from beavervision.artifacts.manifest import Strict

Width = Annotated[int, Field(ge=1, le=4096)]


class SyncNetArguments(Strict):
    """Arguments of `SyncNet`, each with its valid range."""

    content_dim: Width
    lips_dim: Width = 60
    hidden: Width = 128
    embedding: Width = 64
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0


class SyncNetFacts(SpeechFacts):
    """Facts of a syncnet bundle."""

    model_config = ConfigDict(extra="forbid")

    speech_level_db: Annotated[float, Field(ge=-200, le=50)]
    """Level of the training speech, dB relative to full scale."""


SCHEMA = BundleSchema("syncnet", SyncNetFacts, SyncNetArguments, {})
