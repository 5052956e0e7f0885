"""Bundle: a trained stage, ready to use, with everything it needs and where it came from."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from beavervision.artifacts.atomic_write import atomic_folder, load_arrays, save_arrays
from beavervision.artifacts.manifest import Manifest, sha256_file, sha256_folder
from beavervision.errors import BeaverError

WEIGHTS, ASSETS, CONFIG, METRICS, PREVIEW = (
    "weights.safetensors",
    "assets.safetensors",
    "config.yaml",
    "metrics.json",
    "preview.mp4",
)


@dataclass(frozen=True)
class Bundle:
    """A trained stage on disk.

    `hparams` are the keyword arguments that build the stage's network again (dimensions live here and nowhere
    else); `assets` are arrays that inference needs besides weights (statistics, poses, crops); `facts` are small
    JSON values (clip name and hash, frame setting, fps).
    """

    folder: Path
    stage: str
    hparams: dict[str, Any]
    facts: dict[str, Any]
    weights: dict[str, Tensor] = field(repr=False)
    assets: dict[str, np.ndarray] = field(repr=False)
    metrics: dict[str, float] = field(default_factory=dict)

    @property
    def sha256(self) -> str:
        """Name of exactly this bundle."""
        return sha256_folder(self.folder)

    @classmethod
    def load(cls, folder: Path, stage: str) -> Bundle:
        """Read and validate the bundle of `stage` in `folder`.

        Raises:
            BeaverError: when there is none, it belongs to another stage, or is damaged.
        """
        folder = Path(folder)
        manifest = Manifest.read(folder, "bundle")
        facts = dict(manifest.facts)
        found = facts.pop("stage")
        if found != stage:
            raise BeaverError(f"{folder} is a bundle of {found}, not of {stage}; name a {stage} bundle.")
        if sha256_file(folder / WEIGHTS) != facts.pop("weights_sha256"):
            raise BeaverError(f"{folder / WEIGHTS} was changed after it was written; train {stage} again.")
        try:
            weights = load_file(folder / WEIGHTS)
        except (OSError, SafetensorError) as error:
            raise BeaverError(f"{folder / WEIGHTS} cannot be read ({error}); train {stage} again.") from None
        assets = load_arrays(folder, manifest, ASSETS) if (folder / ASSETS).exists() else {}
        metrics = json.loads((folder / METRICS).read_text(encoding="utf-8"))
        return cls(folder, stage, facts.pop("hparams"), facts, weights, assets, metrics)


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
) -> Bundle:
    """Write a bundle, whole or not at all, and return it as read back.

    Args:
        folder: where; replaced when it exists.
        stage: name of the stage.
        weights: state dict of the network.
        hparams: keyword arguments that build the network again.
        facts: small JSON values.
        assets: arrays that inference needs besides the weights.
        notes: asset name -> (unit, frame of reference).
        files: name in the bundle -> file to copy there (plate.png, preview.mp4).
        inputs: name -> {path, sha256} of the clip and the upstream bundles.
        metrics: final figures.
        config: resolved configuration of the run, YAML.
    """
    with atomic_folder(folder) as part:
        # clone: safetensors refuses tensors that share memory (EMA copies, tied weights).
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
        Manifest("bundle", everything, specs, dict(inputs or {})).write(part)
    return Bundle.load(folder, stage)
