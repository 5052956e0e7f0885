"""Logs a run's configuration, inputs and bundle."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lightning import Callback, LightningModule, Trainer

from beavervision.artifacts.clip import CONSENT, ClipFacts
from beavervision.artifacts.manifest import MANIFEST, Manifest, sha256_folder
from beavervision.callbacks.wandb_run import WandbRun, artifact_name, folder_artifact
from beavervision.stages.trainer_settings import is_fast_dev_run

CLIP, REPORT = "clip", "report"


class RunRecord(Callback):
    """Logs the configuration at the start; in wandb also the lineage of clip, head and torso.

    Args:
        config: resolved configuration of the run.
        inputs: name -> folder of the clip and of the upstream bundles.
    """

    def __init__(self, config: Mapping[str, Any], inputs: Mapping[str, Path]) -> None:
        self.config, self.inputs = dict(config), dict(inputs)

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Log configuration and inputs."""
        if is_fast_dev_run(trainer) or not trainer.is_global_zero:
            return
        for logger in trainer.loggers:
            logger.log_hyperparams(self.config)
            if isinstance(logger, WandbRun):
                for name, folder in self.inputs.items():
                    logger.use(_clip_artifact(folder) if name == CLIP else _bundle_artifact(folder))

    def leave(self, trainer: Trainer, bundle: Path) -> None:
        """Log the bundle."""
        for logger in trainer.loggers:
            if isinstance(logger, WandbRun):
                logger.leave(_bundle_artifact(bundle))


def close_loggers(trainer: Trainer) -> None:
    """Close all loggers, so that the next job in this process starts new ones; print the upload command."""
    for logger in trainer.loggers:
        if isinstance(logger, WandbRun) and (command := logger.close()):
            print(f"upload the dashboard with: {command}", flush=True)


def _clip_artifact(folder: Path) -> Any:
    """Artifact of the clip's manifest and report, without the footage."""
    manifest = Manifest.read(folder, ClipFacts)
    contents = [path for path in (folder / MANIFEST, folder / REPORT) if path.exists()]
    name = artifact_name(CLIP, manifest.facts.name)
    return folder_artifact(name, CLIP, contents, {"sha256": sha256_folder(folder)})


def _bundle_artifact(folder: Path) -> Any:
    """Artifact of a bundle, named after its path: <clip>/<stage>/<slug>/bundle; its consent record is not uploaded."""
    *_, clip, stage, slug = folder.parent.parts
    name = artifact_name(stage, clip, slug)
    contents = [path for path in sorted(folder.iterdir()) if path.name != CONSENT]
    return folder_artifact(name, "bundle", contents, {"sha256": sha256_folder(folder)})
