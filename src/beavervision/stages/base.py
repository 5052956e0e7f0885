"""What every stage has in common: how it is fed, and what it leaves behind."""

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
    """What a trained stage puts into its Bundle; see `artifacts.bundle.save_bundle` for each field."""

    weights: dict[str, Tensor]
    """State dict of the network."""
    hparams: dict[str, Any]
    """Keyword arguments that build the network again."""
    facts: dict[str, Any]
    """JSON values; always clip, clip_sha256, fps, basis, and for the renderers the frame's slug and spec."""
    assets: dict[str, np.ndarray] = field(default_factory=dict)
    """Arrays that inference needs besides the weights."""
    notes: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Asset name -> (unit, frame of reference)."""
    files: dict[str, Path] = field(default_factory=dict)
    """Name in the bundle -> file to copy there (background.png, preview.mp4)."""
    metrics: dict[str, float] = field(default_factory=dict)
    """Figures that the stage measures itself, added to the logged ones."""


class StageData(LightningDataModule):
    """Feeds one stage from one clip.

    Subclasses take keyword arguments: `clip` (Path of the Clip's folder), `frame` (FrameSpec, renderers
    only), `upstream` (stage name -> Path of its bundle's folder) and the plain numbers of
    conf/datamodule/<stage>.yaml.
    """

    limits: ClassVar[Mapping[str, Bounds]] = {}
    """What numbers of conf/datamodule/<stage>.yaml may be."""

    def dimensions(self) -> dict[str, Any]:
        """Keyword arguments that the data dictates to the module (number of frames, audio width, ...).

        Called after `prepare_data()` and `setup("fit")`.
        """
        return {}

    def judge_all(self) -> None:
        """Let validations go through every held-out frame, where they see some of them only; for `evaluate`.

        Called after `setup`.
        """

    def local_share(self, count: int, key: str) -> slice:
        """Which of a step's `count` items this process makes, where several train together.

        Args:
            count: items that all of them make.
            key: the config key that says how many.

        Raises:
            BeaverError: when they cannot be shared equally.
        """
        who = (self.trainer.global_rank, self.trainer.world_size) if self.trainer else (0, 1)
        return local_share(count, key, *who)


DataT = TypeVar("DataT", bound=StageData)


class StageModule(LightningModule, ABC, Generic[DataT]):
    """Trains one stage; takes plain typed arguments and builds its network inside. `DataT` is its DataModule."""

    stage: ClassVar[str]
    """Name of the stage: its folder, its configs and its bundles are called so."""
    chooses_weights: ClassVar[bool] = False
    """Whether the stage itself averages or chooses the weights that it validates and exports."""

    trains_parts: ClassVar[bool] = False
    """Whether single steps train some of the weights only."""

    limits: ClassVar[Mapping[str, Bounds]] = {}
    """What numbers of conf/model/<stage>.yaml may be; keys of nested ones have dots."""

    @abstractmethod
    def bundle_contents(self, data: DataT) -> BundleContents:
        """Return what inference needs of the trained stage.

        Args:
            data: the set-up DataModule that the stage was trained on.
        """

    @property
    def datamodule(self) -> DataT:
        """The set-up DataModule of the running Trainer."""
        return self.trainer.datamodule  # pyright: ignore[reportAttributeAccessIssue]  # Lightning sets it at run time

    def describe_batch(self, batch: object) -> str | None:
        """Return what the training step that just ended was made of, for the sentence about a loss gone astray.

        Args:
            batch: of that step.
        """
        return batch.describe() if isinstance(batch, Batch) else None

    def validation_media(self) -> list[Media]:
        """Return what the validation that just ended has to show; asked once, before the next one begins.

        `callbacks.media` writes it to files and hands it to every logger.
        """
        return []

    def evaluation_figures(self, data: DataT) -> dict[str, float]:
        """Return figures that `evaluate` reports beside those of a validation; none by default.

        For stages whose validation chooses weights, and so cannot be on what is held out.

        Args:
            data: the set-up DataModule of the frames that were held out.
        """
        return {}

    def evaluation_media(self, data: DataT) -> Iterable[Media]:
        """Return what `evaluate` shows of the trained stage, after a validation; by default what validations show.

        Made once at the end and asked for, it may be longer and finer than `validation_media`.

        Args:
            data: the set-up DataModule of the frames that were held out.
        """
        return self.validation_media()

    def preview(self, data: DataT) -> Film | None:
        """Return a film with sound of what the trained stage does, for the bundle; None when there is nothing to show.

        Args:
            data: the set-up DataModule that the stage was trained on.
        """
        return None
