"""Schema of radnerf_head bundles: facts, arguments of the network, arrays."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from beavervision.artifacts.bundle import BundleSchema, RendererFacts
from beavervision.artifacts.manifest import Side, Strict, Text

Width = Annotated[int, Field(ge=1, le=1024)]
Level = Annotated[int, Field(ge=1, le=32)]
Resolution = Annotated[int, Field(ge=2, le=65536)]
Log2Entries = Annotated[int, Field(ge=4, le=26)]
Samples = Annotated[int, Field(ge=1, le=1024)]


class PlaneArguments(Strict):
    """Arguments of the tri-plane."""

    levels: Level = 12
    base: Resolution = 64
    finest: Resolution = 512
    log2_entries: Log2Entries = 14
    features: Annotated[int, Field(ge=1, le=64)] = 1


class HeadNetworkArguments(Strict):
    """Arguments of `HeadNetwork`, each with its valid range."""

    box: tuple[float, float, float, float, float, float]
    n_codes: Annotated[int, Field(ge=1, le=1 << 24)]
    hidden: Width = 64
    geometry: Width = 64
    window: Annotated[int, Field(ge=1, le=63)] = 5
    code_dims: Annotated[int, Field(ge=0, le=256)] = 4
    direct: Annotated[int, Field(ge=0, le=1024)] = 0
    cells: Annotated[int, Field(ge=8, le=512)] = 64
    samples: Samples = 16
    shell_samples: Samples = 4
    shell_cm: Annotated[float, Field(ge=0.01, le=50)] = 6.0
    backend: Text = "auto"
    seed: Annotated[int, Field(ge=0, lt=1 << 63)] = 0
    kind: Literal["grid", "triplane"] = "grid"
    planes: PlaneArguments | None = None
    levels: Level = 16
    base: Resolution = 16
    finest: Resolution = 512
    ambient_finest: Resolution = 512
    log2_entries: Log2Entries = 16
    ambient_dims: Annotated[int, Field(ge=2, le=3)] = 3


class DistilledArguments(Strict):
    """Sizes of the distilled head."""

    factor: Annotated[int, Field(ge=1, le=64)] = 2
    samples: Samples = 2
    levels: Level = 12
    steps: Annotated[int, Field(ge=1, le=4096)] = 64
    features: Annotated[int, Field(ge=0, le=1024)] = 28
    width: Width = 48
    layers: Annotated[int, Field(ge=1, le=64)] = 4


class HeadFacts(RendererFacts):
    """Facts of a radnerf_head bundle."""

    model_config = ConfigDict(extra="forbid")

    footage: tuple[Side, Side]
    """Width and height of the footage, pixels."""
    fast: DistilledArguments | None
    """Sizes of the distilled head; None where there is none."""


STATISTIC = "float 68 3"
ASSETS = {
    **{f"condition_{name}": STATISTIC for name in ("mean", "std", "low", "high")},
    "eye_scale": "float 4",
    "visible": "bool T",
    "rotation": "float T 3 3",
    "translation": "float T 3",
    "eye": "float T",
    "crop_path": "float T 3",
    "cameras": "float T 4",
}
SCHEMA = BundleSchema("radnerf_head", HeadFacts, HeadNetworkArguments, ASSETS)
