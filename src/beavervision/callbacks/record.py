"""What every logger is told of a run besides its figures: the configuration, what it builds on, what it leaves."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lightning import Callback, LightningModule, Trainer

from beavervision.artifacts.clip import ClipFacts
from beavervision.artifacts.manifest import MANIFEST, Manifest, sha256_folder
from beavervision.callbacks.wandb_run import WandbRun, artifact_name, folder_artifact
from beavervision.stages.trainer_settings import is_fast_dev_run

CLIP, REPORT = "clip", "report"


class RunRecord(Callback):
    """Logs the configuration at the start; in wandb, also the lineage from clip to head to torso.

    Args:
        config: resolved configuration of the run.
        inputs: name -> folder of the clip and of the upstream bundles.
    """

    def __init__(self, config: Mapping[str, Any], inputs: Mapping[str, Path]) -> None:
        self.config, self.inputs = dict(config), dict(inputs)

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Tell what the run is and builds on."""
        if is_fast_dev_run(trainer) or not trainer.is_global_zero:
            return
        for logger in trainer.loggers:
            logger.log_hyperparams(self.config)
            if isinstance(logger, WandbRun):
                for name, folder in self.inputs.items():
                    logger.use(_clip_artifact(folder) if name == CLIP else _bundle_artifact(folder))

    def leave(self, trainer: Trainer, bundle: Path) -> None:
        """Tell what the run made."""
        for logger in trainer.loggers:
            if isinstance(logger, WandbRun):
                logger.leave(_bundle_artifact(bundle))


def close_loggers(trainer: Trainer) -> None:
    """End the runs of all loggers, so that the next job of this process begins its own; say how to upload them."""
    for logger in trainer.loggers:
        if isinstance(logger, WandbRun) and (command := logger.close()):
            print(f"upload the dashboard with: {command}", flush=True)


def _clip_artifact(folder: Path) -> Any:
    """The clip's manifest and report: never the footage itself."""
    manifest = Manifest.read(folder, ClipFacts)
    contents = [path for path in (folder / MANIFEST, folder / REPORT) if path.exists()]
    name = artifact_name(CLIP, manifest.facts.name)
    return folder_artifact(name, CLIP, contents, {"sha256": sha256_folder(folder)})


def _bundle_artifact(folder: Path) -> Any:
    """A bundle, named after its place: <clip>/<stage>/<slug>/bundle."""
    *_, clip, stage, slug = folder.parent.parts
    name = artifact_name(stage, clip, slug)
    return folder_artifact(name, "bundle", sorted(folder.iterdir()), {"sha256": sha256_folder(folder)})
