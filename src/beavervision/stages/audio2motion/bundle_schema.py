"""What a bundle of audio2motion holds: its facts, the arguments of its network, its arrays."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from beavervision.artifacts.bundle import BundleSchema, SpeechFacts
from beavervision.artifacts.manifest import Count, Strict, Text

Width = Annotated[int, Field(ge=1, le=4096)]
Depth = Annotated[int, Field(ge=1, le=64)]
Amplitude = Annotated[float, Field(ge=0, le=100)]
"""cm."""


class MotionVAEArguments(Strict):
    """Arguments of `MotionVAE`, each within what such a network can have."""

    content_dim: Width
    motion_dim: Width = 64
    hidden: Width = 256
    latent: Width = 16
    condition: Width = 128
    audio_hidden: Width = 64
    branch: Width = 128
    encoder_layers: Depth = 8
    decoder_layers: Depth = 4
    couplings: Depth = 4
    flow_hidden: Width = 64
    flow_layers: Depth = 4
    kernel: Annotated[int, Field(ge=1, le=63)] = 5
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    look_ahead: Annotated[int, Field(ge=0, le=250)] | None = None
    blocks: Annotated[int, Field(ge=0, le=64)] = 0
    rows: Literal["linear", "nearest"] = "linear"
    pitch: bool = True


class Audio2MotionFacts(SpeechFacts):
    """What a bundle of audio2motion states."""

    model_config = ConfigDict(extra="forbid")

    motion: Text
    """exp, or id_exp where the identity is predicted too."""
    identity_dim: Count = 0
    """Identity coefficients that the network gives before those of the expression."""
    mouth_amp: Amplitude
    """The person's own amplitude of the mouth."""
    eye_amp: Amplitude
    speech_level_db: Annotated[float, Field(ge=-200, le=50)]
    """Level of the speech that it was trained on, dB relative to full scale."""


SCHEMA = BundleSchema("audio2motion", Audio2MotionFacts, MotionVAEArguments, {})
