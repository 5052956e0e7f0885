"""Copies a trained general bundle into the package: `python scripts/ship_general.py <bundle folder>`.

Weights, sizes and metrics are copied. Paths of the training machine and the preview video are not copied. The model
card, README.md in the package's folder, is written by hand and kept.
"""

from __future__ import annotations

import sys
from pathlib import Path

from omegaconf import OmegaConf

from beavervision.artifacts.bundle import CONFIG, Bundle, BundleFacts, save_bundle
from beavervision.artifacts.manifest import Manifest
from beavervision.workflows.initial_weights import GENERAL

CARD = "README.md"
PLACES = ("paths", "trainer", "callbacks", "logger", "hardware")
"""Nodes of the config that describe the training machine and do not affect the weights."""


def ship(folder: Path) -> Path:
    """Copy a bundle to the folder of `model.init=general`."""
    manifest = Manifest.read(folder, BundleFacts)
    stage = manifest.facts.stage
    bundle, target = Bundle.load(folder, stage), GENERAL / stage
    config = OmegaConf.load(folder / CONFIG)
    for node in PLACES:
        config.pop(node, None)
    config.data.clips = None
    inputs = {
        name: {"path": Path(source.path).name, "sha256": source.sha256} for name, source in manifest.inputs.items()
    }
    card = target / CARD
    words = card.read_text(encoding="utf-8") if card.exists() else ""
    save_bundle(
        target,
        stage,
        bundle.weights,
        bundle.hparams,
        bundle.facts.model_dump(),
        assets=bundle.assets,
        inputs=inputs,
        metrics=bundle.metrics,
        config=OmegaConf.to_yaml(config),
    )
    card.write_text(words, encoding="utf-8")
    return target


if __name__ == "__main__":
    print(ship(Path(sys.argv[1])))
