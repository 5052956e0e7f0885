"""Writes the Bundle at the end of a training run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from lightning import Callback, LightningModule, Trainer

from beavervision.artifacts.bundle import PREVIEW, Bundle, save_bundle
from beavervision.artifacts.manifest import sha256_folder
from beavervision.stages.base import StageData, StageModule


class BundleExport(Callback):
    """Keeps the metrics of the last validation and writes the bundle atomically.

    Args:
        folder: folder of the bundle.
        inputs: name -> folder of the clip and of the upstream bundles; their hashes go into the manifest.
        config: resolved configuration of the run, YAML.
    """

    def __init__(self, folder: Path, inputs: Mapping[str, Path], config: str) -> None:
        self.folder = folder
        self.inputs = {
            name: {"path": str(path.resolve()), "sha256": sha256_folder(path)} for name, path in inputs.items()
        }
        self.config = config
        self.validated_at = -1
        self.figures: dict[str, float] = {}

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Keep the metrics and their step."""
        self.validated_at = trainer.global_step
        self.figures = {
            name: float(value) for name, value in trainer.callback_metrics.items() if name.startswith("val/")
        }

    def write(
        self, module: StageModule, data: StageData, extra: Mapping[str, float], preview: Path | None = None
    ) -> Bundle:
        """Write the bundle of a trained module.

        Args:
            module: the trained stage.
            data: DataModule of the training.
            extra: metrics of the run: seconds, steps, memory.
            preview: preview video to include.
        """
        contents = module.bundle_contents(data)
        return save_bundle(
            self.folder,
            module.stage,
            contents.weights,
            contents.hparams,
            contents.facts,
            assets=contents.assets,
            notes=contents.notes,
            files={**contents.files, **({PREVIEW: preview} if preview else {})},
            inputs=self.inputs,
            metrics={**self.figures, **contents.metrics, **extra},
            config=self.config,
        )
