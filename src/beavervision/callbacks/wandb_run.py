"""A run in Weights & Biases, on-line or off-line, that lies wholly in the run's folder."""

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
"""Environment variable: where wandb puts the files of artifacts until they are uploaded."""
LONGEST_NAME = 128
"""Characters of an artifact's name that wandb takes."""


class WandbRun(WandbLogger):
    """Lightning's logger, which besides names what it builds on and what it leaves, and ends when its job ends.

    Artifacts are named after what they are and known by their contents, so that the bundle that one run logs and
    the bundle that another uses are one node of wandb's lineage graph, also when both ran off-line.

    Args:
        save_dir: the run's folder; nothing of the run lies elsewhere.
        settings: of WandbLogger and wandb.init.
    """

    _own_data_dir: ClassVar[str | None] = None

    def __init__(self, save_dir: str, **settings: Any) -> None:
        super().__init__(save_dir=save_dir, **settings)
        # Lightning passes it whatever it is, and wandb warns of it whatever it is.
        self._wandb_init.pop("anonymous", None)
        # Jobs of a multirun share a process; a place that the user chose is left alone.
        if os.environ.get(DATA_DIR) in (None, type(self)._own_data_dir):
            os.environ[DATA_DIR] = type(self)._own_data_dir = str(Path(save_dir) / "wandb")

    @rank_zero_only
    def use(self, artifact: wandb.Artifact) -> None:
        """Say that this run builds on an artifact."""
        run = self.experiment
        if run.offline:
            # run.use_artifact would ask the server for it; this leaves a note for `wandb sync` to do so.
            run._log_artifact(artifact, aliases=[], is_user_created=True, use_after_commit=True)
        else:
            run.use_artifact(artifact)

    @rank_zero_only
    def leave(self, artifact: wandb.Artifact) -> None:
        """Say that this run made an artifact."""
        self.experiment.log_artifact(artifact)

    @rank_zero_only
    def close(self) -> str | None:
        """End the run; return the command that uploads it, None where nothing is left to upload."""
        run, self._experiment = self._experiment, None
        if run is None:
            return None
        run.finish()
        if not run.offline:
            return None
        folder = Path(run.dir).parent
        # A run that continued has several folders of one id, to be uploaded in order; the name begins with the time,
        # and of two starts within a second the later one's ends in a number.
        starts = sorted(folder.parent.glob(f"*-{run.id}*"))
        return " && ".join(["wandb sync " + ("--append " if i else "") + str(path) for i, path in enumerate(starts)])


def folder_artifact(name: str, kind: str, contents: Iterable[Path], metadata: Mapping[str, Any]) -> wandb.Artifact:
    """Return an artifact of files and folders.

    Args:
        name: see `artifact_name`.
        kind: `clip` or `bundle`.
        contents: what is in it.
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
    """Return a name that wandb takes.

    Example:
        >>> artifact_name("radnerf_head", "anna", "demo-1x1-lr=0.1")
        'radnerf_head-anna-demo-1x1-lr_0.1'
    """
    return re.sub(r"[^\w.-]+", "_", "-".join(parts))[:LONGEST_NAME]
