"""LightningModule that trains syncnet."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from beavervision.audio.features import ROWS_PER_FRAME
from beavervision.data.sampling import step_noise
from beavervision.stages.base import BundleContents, StageModule
from beavervision.stages.hparam_bounds import build_checked
from beavervision.stages.syncnet.data import SyncNetData
from beavervision.stages.syncnet.evaluation import SyncEvaluation, offset_curves
from beavervision.stages.syncnet.network import WINDOW, SyncNet
from beavervision.stages.syncnet.pairs import SyncPairs
from beavervision.stages.visualization.media import Media


class SyncExpertTraining(StageModule[SyncNetData]):
    """Trains the sync expert on a clip or a corpus.

    Args:
        content_dim: number of channels of the audio feature.
        network: arguments of SyncNet.
        learning_rate: learning rate of AdamW.
        weight_decay: weight decay of AdamW.
        seed: seed of all random numbers in training.
    """

    stage = "syncnet"

    def __init__(
        self,
        content_dim: int,
        network: Mapping[str, Any] | None = None,
        learning_rate: float = 5.0e-4,
        weight_decay: float = 1.0e-2,
        seed: int = 1,
    ) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.network = build_checked(SyncNet, network or {}, "model.network", content_dim=content_dim)
        self._network_hparams = {"content_dim": content_dim, **(network or {})}
        self._rate, self._decay, self._seed = learning_rate, weight_decay, seed
        self._shown: tuple[Tensor, ...] | None = None

    def setup(self, stage: str) -> None:
        """Set the statistics of the training split."""
        statistics = self.datamodule.statistics
        self.network.set_statistics(**{name: torch.from_numpy(value) for name, value in statistics.items()})

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """AdamW."""
        return torch.optim.AdamW(self.network.parameters(), self._rate, weight_decay=self._decay)

    def training_step(self, batch: SyncPairs, _: int) -> Float[Tensor, ""]:
        """Binary cross-entropy of pairs that are in sync or not."""
        with step_noise(self._seed, self.global_step):
            logit = self.network(batch.content, batch.lips)[:, 0]
        loss = binary_cross_entropy_with_logits(logit, batch.in_step)
        accuracy = ((logit > 0) == (batch.in_step > 0.5)).float().mean()
        self.log_dict({"train/loss": loss.detach(), "train/accuracy": accuracy}, sync_dist=True)
        return loss

    def on_validation_epoch_start(self) -> None:
        """Reset the metrics."""
        self._judgement, self._shown = SyncEvaluation(self.network, self.datamodule.dataset_stats.fps), None

    def validation_step(self, batch: SyncPairs, _: int) -> None:
        """Evaluate a held-out sequence; one shorter than a window is skipped."""
        if batch.known.shape[1] < WINDOW or batch.content.shape[1] < ROWS_PER_FRAME * WINDOW:
            return
        known = batch.known[0].unfold(0, WINDOW, 1).all(-1)
        if not known.any():
            return
        sound, motion = self.network.embed_sound(batch.content)[0], self.network.embed_lips(batch.lips)[0]
        heard = self._judgement.add(sound, motion, known)
        self._shown = heard if self._shown is None else tuple(a + b for a, b in zip(self._shown, heard, strict=True))

    def on_validation_epoch_end(self) -> None:
        """Log the offset of the held-out speech, and the accuracy on windows in sync against shifted ones."""
        self.log_dict({f"val/{name}": value for name, value in self._judgement.figures().items()}, sync_dist=True)

    def validation_media(self) -> list[Media]:
        """Distance of sound and lips over their offset in time: a trained expert has a minimum at 0."""
        return [] if self._shown is None else [offset_curves(*self._shown)]

    def bundle_contents(self, data: SyncNetData) -> BundleContents:
        """The network and its audio features."""
        facts = {**data.facts(), "speech_level_db": data.speech_level_db}
        return BundleContents(self.network.state_dict(), self._network_hparams, facts)
