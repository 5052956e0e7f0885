"""Base classes of all stages: StageData (DataModule) and StageModule (LightningModule)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Generic, TypeVar

import numpy as np
from lightning import LightningDataModule, LightningModule
from torch import Tensor

from beavervision.stages.distributed import local_share
from beavervision.stages.hparam_bounds import Bounds
from beavervision.stages.visualization.media import Film, Media
from beavervision.types import Batch


@dataclass(frozen=True)
class BundleContents:
    """Contents of a trained stage's Bundle; see `artifacts.bundle.save_bundle` for each field."""

    weights: dict[str, Tensor]
    """State dict of the network."""
    hparams: dict[str, Any]
    """Keyword arguments of the network."""
    facts: dict[str, Any]
    """JSON values; always clip, clip_sha256, fps, basis, and for the renderers the frame's slug and spec."""
    assets: dict[str, np.ndarray] = field(default_factory=dict)
    """Arrays that inference needs in addition to the weights."""
    notes: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Asset name -> (unit, frame of reference)."""
    files: dict[str, Path] = field(default_factory=dict)
    """Name in the bundle -> file to copy there (background.png, preview.mp4)."""
    metrics: dict[str, float] = field(default_factory=dict)
    """Metrics that the stage measures itself, added to the logged ones."""


class StageData(LightningDataModule):
    """DataModule of one stage for one clip or corpus.

    Subclasses take keyword arguments: `clip` (Path of the Clip's folder), `frame` (FrameSpec, renderers only),
    `upstream` (stage name -> Path of its bundle's folder) and the numbers of conf/datamodule/<stage>.yaml.
    """

    limits: ClassVar[Mapping[str, Bounds]] = {}
    """Valid ranges of the numbers in conf/datamodule/<stage>.yaml."""

    def dimensions(self) -> dict[str, Any]:
        """Keyword arguments of the module that follow from the data (number of frames, audio width, ...).

        Called after `prepare_data()` and `setup("fit")`.
        """
        return {}

    def judge_all(self) -> None:
        """Validate on every held-out frame from now on, where validations normally use some of them; for `evaluate`.

        Called after `setup`.
        """

    def local_share(self, count: int, key: str) -> slice:
        """The share of a step's `count` items that this process makes, in distributed training.

        Args:
            count: items of all processes.
            key: config key of the count, for the error message.

        Raises:
            BeaverError: when the items cannot be divided equally.
        """
        who = (self.trainer.global_rank, self.trainer.world_size) if self.trainer else (0, 1)
        return local_share(count, key, *who)


DataT = TypeVar("DataT", bound=StageData)


class StageModule(LightningModule, ABC, Generic[DataT]):
    """LightningModule of one stage; takes typed arguments and builds its network. `DataT` is its DataModule."""

    stage: ClassVar[str]
    """Name of the stage, also of its folder, configs and bundles."""
    chooses_weights: ClassVar[bool] = False
    """Whether the stage itself averages or selects the weights that it validates and exports."""

    trains_parts: ClassVar[bool] = False
    """Whether some steps train only a part of the weights."""

    limits: ClassVar[Mapping[str, Bounds]] = {}
    """Valid ranges of the numbers in conf/model/<stage>.yaml; nested keys contain dots."""

    @abstractmethod
    def bundle_contents(self, data: DataT) -> BundleContents:
        """Return the data of the trained stage that inference needs.

        Args:
            data: the set-up DataModule that the stage was trained on.
        """

    @property
    def datamodule(self) -> DataT:
        """The set-up DataModule of the current Trainer."""
        return self.trainer.datamodule  # pyright: ignore[reportAttributeAccessIssue]  # Lightning sets it at run time

    def describe_batch(self, batch: object) -> str | None:
        """Describe the last training step's batch, for the error message about a loss that is not finite.

        Args:
            batch: batch of that step.
        """
        return batch.describe() if isinstance(batch, Batch) else None

    def validation_media(self) -> list[Media]:
        """Return the media of the last validation; called once, before the next one begins.

        `callbacks.media` writes them to files and passes them to every logger.
        """
        return []

    def evaluation_figures(self, data: DataT) -> dict[str, float]:
        """Return metrics that `evaluate` reports in addition to those of a validation; none by default.

        For stages whose validation selects weights and therefore cannot use the held-out split.

        Args:
            data: the set-up DataModule of the held-out frames.
        """
        return {}

    def evaluation_media(self, data: DataT) -> Iterable[Media]:
        """Return the media that `evaluate` shows after a validation; by default those of validations.

        It is called once at the end on request, so it may be longer and finer than `validation_media`.

        Args:
            data: the set-up DataModule of the held-out frames.
        """
        return self.validation_media()

    def preview(self, data: DataT) -> Film | None:
        """Return a preview video with sound for the bundle; None when there is nothing to show.

        Args:
            data: the set-up DataModule that the stage was trained on.
        """
        return None
