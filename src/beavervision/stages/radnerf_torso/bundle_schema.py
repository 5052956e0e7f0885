"""Schema of radnerf_torso bundles: facts, arguments of the network, arrays."""

from __future__ import annotations

from typing import Annotated

from pydantic import ConfigDict, Field

from beavervision.artifacts.bundle import BundleSchema, RendererFacts
from beavervision.artifacts.manifest import Count, Side, Strict
from beavervision.stages import source_track

Width = Annotated[int, Field(ge=1, le=1024)]


class TorsoFieldArguments(Strict):
    """Arguments of `TorsoField`, each with its valid range."""

    condition: Annotated[int, Field(ge=20, le=20)]
    """Two coordinates of each of ten keypoints."""
    n_frames: Annotated[int, Field(ge=1, le=1 << 24)]
    aspect: Annotated[float, Field(ge=0.05, le=20)]
    frequencies: Annotated[int, Field(ge=0, le=16)] = 4
    hidden: Width = 64
    canonical: Width = 32
    code: Annotated[int, Field(ge=0, le=256)] = 8
    levels: Annotated[int, Field(ge=1, le=32)] = 16
    finest: Annotated[int, Field(ge=2, le=65536)] = 2048
    log2_entries: Annotated[int, Field(ge=4, le=26)] = 16


class TorsoFacts(RendererFacts):
    """Facts of a radnerf_torso bundle."""

    model_config = ConfigDict(extra="forbid")

    footage_size: tuple[Side, Side]
    """Width and height, pixels."""
    detail: Annotated[float, Field(ge=1, le=64)]
    """Torso pixels per canvas pixel, along each axis."""
    body_frame: Count
    """Frame of the footage that provides the body outside the canvas."""


POINTS = "float 10 2"
ASSETS = {
    "identity": "float I",
    "region": "bool H W",
    "condition_jaw": "float 7 3",
    "condition_size": "float 2",
    **{f"condition_{name}": POINTS for name in ("mean", "std", "low", "high")},
    **source_track.ASSETS,
}
SCHEMA = BundleSchema("radnerf_torso", TorsoFacts, TorsoFieldArguments, ASSETS)
