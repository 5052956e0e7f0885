"""Schema of audio2motion bundles: facts, arguments of the network, arrays."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from beavervision.artifacts.bundle import BundleSchema, SpeechFacts
from beavervision.artifacts.manifest import Count, Strict, Text

Width = Annotated[int, Field(ge=1, le=4096)]
Depth = Annotated[int, Field(ge=1, le=64)]
Amplitude = Annotated[float, Field(ge=0, le=100)]
"""Amplitude in cm."""


class MotionVAEArguments(Strict):
    """Arguments of `MotionVAE`, each with its valid range."""

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
    opening: bool = False
    taps: Annotated[int, Field(ge=0, le=64)] = 0
    """Frames of the readout of an adapted network (`personal`); 0 for a network without one."""


class Audio2MotionFacts(SpeechFacts):
    """Facts of an audio2motion bundle."""

    model_config = ConfigDict(extra="forbid")

    motion: Text
    """exp, or id_exp where the identity is predicted as well."""
    identity_dim: Count = 0
    """Number of identity coefficients that the network predicts before those of the expression."""
    mouth_amp: Amplitude
    """The person's amplitude of mouth motion."""
    eye_amp: Amplitude
    speech_level_db: Annotated[float, Field(ge=-200, le=50)]
    """Level of the training speech, dB relative to full scale."""


SCHEMA = BundleSchema("audio2motion", Audio2MotionFacts, MotionVAEArguments, {})
