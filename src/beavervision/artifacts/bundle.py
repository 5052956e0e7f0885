"""Bundle: a trained stage with its weights, arrays, metrics, configuration and provenance."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, ClassVar, Generic, TypeVar, overload

import numpy as np
from pydantic import ConfigDict, Field, JsonValue, TypeAdapter, ValidationError
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from beavervision.artifacts.arrays import load_arrays, save_arrays
from beavervision.artifacts.atomic_write import atomic_folder
from beavervision.artifacts.manifest import (
    Count,
    Facts,
    Fps,
    Manifest,
    Sha256,
    Strict,
    Text,
    first_problem,
    sha256_file,
    sha256_folder,
    tensor_headers,
    write_manifest,
)
from beavervision.artifacts.untrusted_json import MalformedFileError, TensorHeader, read_json
from beavervision.errors import ArtifactError, BundleError

WEIGHTS, ASSETS, CONFIG, METRICS, PREVIEW = (
    "weights.safetensors",
    "assets.safetensors",
    "config.yaml",
    "metrics.json",
    "preview.mp4",
)
MAX_WEIGHT_BYTES = 4 << 30
"""Largest weights file that is read; a head with the largest grids that the config allows has 1 GB."""


class BundleFacts(Facts):
    """Facts of the bundle of any stage, including stages of other packages, which may add values."""

    model_config = ConfigDict(extra="allow")
    KIND: ClassVar[str] = "bundle"
    ERROR: ClassVar[type[ArtifactError]] = BundleError
    REMEDY: ClassVar[str] = "train the stage again"

    stage: Text
    hparams: dict[str, JsonValue]
    """Keyword arguments for the constructor of the stage's network."""
    weights_sha256: Sha256


class TrainedFacts(BundleFacts):
    """Facts that the bundle of each of our stages states about its training data."""

    clip: Text
    """Name of the clip or corpus."""
    clip_sha256: Sha256
    subject: Count | None = None
    """Number of the subject; None for a corpus."""
    fps: Fps
    basis: Text
    """Name of the face model."""


class AudioFeatureFacts(Strict):
    """Audio features that a stage expects; see `audio.features.AudioFeatureExtractor`."""

    kind: Text
    checkpoint: Text | None


class SpeechFacts(TrainedFacts):
    """Facts of the bundle of a stage with speech input."""

    audio_features: AudioFeatureFacts


CanvasSide = Annotated[int, Field(ge=1, le=8192)]
"""Width or height of a canvas, pixels."""


class FrameSpecFacts(Strict):
    """The canvas setting; see `face.framing.FrameSpec`."""

    name: Text
    aspect: Annotated[float, Field(ge=0.1, le=10)] | None
    height: CanvasSide
    face_scale: Annotated[float, Field(gt=0, le=10)] | None
    offset: tuple[float, float]


class RendererFacts(TrainedFacts):
    """Facts of the bundle of a stage that renders, about its canvas."""

    frame: Text
    """Short name of the canvas setting."""
    frame_spec: FrameSpecFacts
    canvas: tuple[CanvasSide, CanvasSide]
    """Width and height of the canvas, pixels."""
    train_frames: Count


FactsT = TypeVar("FactsT", bound=BundleFacts)
SchemaFactsT = TypeVar("SchemaFactsT", bound=BundleFacts)


@dataclass(frozen=True)
class BundleSchema(Generic[FactsT]):
    """Contents of the bundles of one stage."""

    stage: str
    facts: type[FactsT]
    hparams: type[Strict] | None = None
    """Arguments of the stage's network, each with its valid range; None where they are not checked and no network is
    built."""
    assets: Mapping[str, str] | None = None
    """Name -> kind and shape of each array (see `Manifest.check_fields`); None where they are not checked."""


@dataclass(frozen=True)
class Bundle(Generic[FactsT]):
    """A trained stage on disk."""

    folder: Path
    facts: FactsT
    """Small values: clip name and hash, frame setting, fps, arguments of the network."""
    weights: dict[str, Tensor] = field(repr=False)
    assets: dict[str, np.ndarray] = field(repr=False)
    """Arrays that inference needs in addition to the weights: statistics, poses, crops."""
    metrics: dict[str, float] = field(default_factory=dict)

    @property
    def stage(self) -> str:
        """Name of the stage."""
        return self.facts.stage

    @property
    def hparams(self) -> dict[str, Any]:
        """Keyword arguments of the stage's network; its dimensions are stored only here."""
        return dict(self.facts.hparams)

    @property
    def sha256(self) -> str:
        """Hex SHA-256 that identifies this bundle."""
        return sha256_folder(self.folder)

    @property
    def weight_headers(self) -> dict[str, TensorHeader]:
        """Data type and shape of each tensor, from the header of the weights file."""
        return tensor_headers(self.folder / WEIGHTS, self.facts, MAX_WEIGHT_BYTES)

    @overload
    @classmethod
    def load(cls, folder: Path, schema: str) -> Bundle[BundleFacts]: ...

    @overload
    @classmethod
    def load(cls, folder: Path, schema: BundleSchema[SchemaFactsT]) -> Bundle[SchemaFactsT]: ...

    @classmethod
    def load(cls, folder: Path, schema: BundleSchema[Any] | str) -> Bundle[Any]:
        """Read and validate a bundle.

        Args:
            folder: folder of the bundle.
            schema: schema of the expected stage; or its name alone, when neither the network nor the stage's own facts
                are needed.

        Raises:
            BundleError: when there is no bundle, it belongs to another stage, or is damaged.
        """
        folder = Path(folder)
        schema = any_stage(schema) if isinstance(schema, str) else schema
        manifest = read_bundle_manifest(folder, schema)
        facts, path, again = manifest.facts, folder / WEIGHTS, f"train {schema.stage} again"
        tensor_headers(path, facts, MAX_WEIGHT_BYTES)
        if sha256_file(path) != facts.weights_sha256:
            raise BundleError(f"{path} was changed after it was written; {again}.")
        try:
            weights = load_file(path)
        except (OSError, SafetensorError, ValueError) as error:
            raise BundleError(f"{path} cannot be read ({error}); {again}.") from None
        assets = load_arrays(folder, manifest, ASSETS) if manifest.fields else {}
        if set(assets) != set(manifest.fields):
            raise BundleError(f"{folder}: arrays are in files where they do not belong; {again}.")
        return cls(folder, facts, weights, assets, _read_metrics(folder / METRICS, again))


def any_stage(stage: str) -> BundleSchema[BundleFacts]:
    """Return a schema for a stage known by name only; its facts and arrays are not checked."""
    return BundleSchema(stage, BundleFacts)


def read_bundle_manifest(folder: Path, schema: BundleSchema[FactsT]) -> Manifest[FactsT]:
    """Read and validate the manifest of a stage's bundle, without the weights.

    Raises:
        BundleError: when there is no bundle, it belongs to another stage, or is damaged.
    """
    # The stage is checked first, because the bundle of another stage lacks facts of this one.
    found = Manifest.read(folder, BundleFacts).facts.stage
    if found != schema.stage:
        raise BundleError(f"{folder} is a bundle of {found}, not of {schema.stage}; name a {schema.stage} bundle.")
    manifest = Manifest.read(folder, schema.facts)
    if schema.assets is not None:
        manifest.check_fields(folder, schema.assets)
    if schema.hparams is not None:
        try:
            schema.hparams.model_validate_json(json.dumps(manifest.facts.hparams))
        except ValidationError as error:
            problem = first_problem(error)
            raise BundleError(f"{folder}: facts.hparams.{problem}; {schema.facts.REMEDY}.") from None
    return manifest


def _read_metrics(path: Path, again: str) -> dict[str, float]:
    """The metrics of a training run; they may be NaN."""
    try:
        return TypeAdapter(dict[str, float]).validate_python(read_json(path, allow_nan=True), strict=True)
    except FileNotFoundError:
        raise BundleError(f"{path} is missing; {again}.") from None
    except (OSError, MalformedFileError) as error:
        raise BundleError(f"{path} cannot be read ({error}); {again}.") from None
    except ValidationError as error:
        raise BundleError(f"{path}: {first_problem(error)}; {again}.") from None


def save_bundle(
    folder: Path,
    stage: str,
    weights: Mapping[str, Tensor],
    hparams: Mapping[str, Any],
    facts: Mapping[str, Any],
    *,
    assets: Mapping[str, np.ndarray] | None = None,
    notes: Mapping[str, tuple[str, str]] | None = None,
    files: Mapping[str, Path] | None = None,
    inputs: Mapping[str, dict[str, str]] | None = None,
    metrics: Mapping[str, float] | None = None,
    config: str = "",
) -> Bundle[BundleFacts]:
    """Write a bundle atomically and return it as read back.

    Args:
        folder: folder to write; it is replaced when it exists.
        stage: name of the stage.
        weights: state dict of the network.
        hparams: keyword arguments of the network.
        facts: small JSON values.
        assets: arrays that inference needs in addition to the weights.
        notes: asset name -> (unit, frame of reference).
        files: name in the bundle -> file to copy there (background.png, preview.mp4).
        inputs: name -> {path, sha256} of the clip and the upstream bundles.
        metrics: final metrics of the training.
        config: resolved configuration of the run, YAML.
    """
    with atomic_folder(folder) as part:
        # Cloned: safetensors refuses tensors that share memory (EMA copies, tied weights).
        save_file({k: v.detach().cpu().clone().contiguous() for k, v in weights.items()}, part / WEIGHTS)
        specs = save_arrays(part, ASSETS, assets, notes or {}) if assets else {}
        (part / METRICS).write_text(json.dumps(dict(metrics or {}), indent=2), encoding="utf-8")
        (part / CONFIG).write_text(config, encoding="utf-8")
        for name, source in (files or {}).items():
            shutil.copyfile(source, part / name)
        everything = {
            **facts,
            "stage": stage,
            "hparams": dict(hparams),
            "weights_sha256": sha256_file(part / WEIGHTS),
        }
        write_manifest(part, BundleFacts, everything, specs, inputs)
    return Bundle.load(folder, stage)
