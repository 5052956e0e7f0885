"""A run in Weights & Biases, online or offline, stored completely in the run's folder."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from lightning.fabric.utilities.rank_zero import rank_zero_only
from lightning.pytorch.loggers import WandbLogger

if TYPE_CHECKING:
    import wandb

DATA_DIR = "WANDB_DATA_DIR"
"""Environment variable of the folder in which wandb stores artifact files until they are uploaded."""
LONGEST_NAME = 128
"""Largest length of an artifact's name in wandb."""


class WandbRun(WandbLogger):
    """Lightning's WandbLogger that also logs input and output artifacts, and closes its run at the end of the job.

    Artifacts are named by clip, stage and slug and identified by their contents. Therefore the bundle that one run logs
    and another uses is a single node of wandb's lineage graph, even if both runs were offline.

    Args:
        save_dir: folder of the run, which contains all its files.
        settings: arguments of WandbLogger and wandb.init.
    """

    _own_data_dir: ClassVar[str | None] = None

    def __init__(self, save_dir: str, **settings: Any) -> None:
        super().__init__(save_dir=save_dir, **settings)
        # Lightning always passes this argument, and wandb always warns about it.
        self._wandb_init.pop("anonymous", None)
        # Jobs of a multirun share a process; a folder that the user has set is kept.
        if os.environ.get(DATA_DIR) in (None, type(self)._own_data_dir):
            os.environ[DATA_DIR] = type(self)._own_data_dir = str(Path(save_dir) / "wandb")

    @rank_zero_only
    def use(self, artifact: wandb.Artifact) -> None:
        """Log an input artifact of this run."""
        run = self.experiment
        if run.offline:
            # run.use_artifact would query the server; this leaves a record from which `wandb sync` does it.
            run._log_artifact(artifact, aliases=[], is_user_created=True, use_after_commit=True)
        else:
            run.use_artifact(artifact)

    @rank_zero_only
    def leave(self, artifact: wandb.Artifact) -> None:
        """Log an output artifact of this run."""
        self.experiment.log_artifact(artifact)

    @rank_zero_only
    def close(self) -> str | None:
        """Close the run; return the command that uploads it, or None where nothing is left to upload."""
        run, self._experiment = self._experiment, None
        if run is None:
            return None
        run.finish()
        if not run.offline:
            return None
        folder = Path(run.dir).parent
        # A resumed run has several folders of one id, to be uploaded in order; the name begins with the time, and of
        # two starts within a second the later one's ends in a number.
        starts = sorted(folder.parent.glob(f"*-{run.id}*"))
        return " && ".join(["wandb sync " + ("--append " if i else "") + str(path) for i, path in enumerate(starts)])


def folder_artifact(name: str, kind: str, contents: Iterable[Path], metadata: Mapping[str, Any]) -> wandb.Artifact:
    """Return a wandb artifact of files and folders.

    Args:
        name: name from `artifact_name`.
        kind: `clip` or `bundle`.
        contents: files and folders of the artifact.
        metadata: JSON values.
    """
    import wandb

    artifact = wandb.Artifact(name, kind, metadata=dict(metadata))
    for path in contents:
        if path.is_dir():
            artifact.add_dir(str(path), name=path.name)
        else:
            artifact.add_file(str(path))
    return artifact


def artifact_name(*parts: str) -> str:
    """Return a name that is valid in wandb.

    Example:
        >>> artifact_name("radnerf_head", "anna", "demo-1x1-lr=0.1")
        'radnerf_head-anna-demo-1x1-lr_0.1'
    """
    return re.sub(r"[^\w.-]+", "_", "-".join(parts))[:LONGEST_NAME]
