"""LightningModule that trains postnet."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import torch
from jaxtyping import Float
from torch import Tensor

from beavervision.data.sampling import step_noise
from beavervision.stages.base import BundleContents, StageModule
from beavervision.stages.hparam_bounds import build_checked
from beavervision.stages.lip_landmarks import LIPS68
from beavervision.stages.postnet.batch import RefinementBatch
from beavervision.stages.postnet.bundle_export import bundle_contents
from beavervision.stages.postnet.data import PostNetData
from beavervision.stages.postnet.lip_metrics import LipMetrics
from beavervision.stages.postnet.losses import adversarial_loss, discriminator_loss, lip_gap, mean_over
from beavervision.stages.postnet.network import Discriminator, PostNet
from beavervision.stages.postnet.visualization import refined_film, refined_media
from beavervision.stages.syncnet.inference import SyncExpert
from beavervision.stages.visualization.media import PREVIEW, Film, Media

ERROR, CLOSURES = "lip_vertex_error_mm2", "closure_recall"
"""Metrics that select the network: the smallest error among networks that do not prevent lip closures."""
MARGIN = 0.02
"""Smallest relative decrease of the error that counts; less is chance on a few seconds of speech."""


@dataclass(frozen=True)
class LossWeights:
    """Weight of each loss term; the defaults follow STAGES.md section 3 where it names one."""

    adversarial: float = 0.85
    error: float = 0.05
    """Squared error of standardised landmarks on the person's speech."""
    sync: float = 0.1
    """Used with a sync expert only."""
    closeness: float = 0.0
    """Squared distance from the predicted landmarks."""
    lip_gap: float = 0.05
    """Squared error of the vectors between the lips, mm^2: refinement must not prevent lip closures."""


class PostNetTraining(StageModule[PostNetData]):
    """Adapts a residual CNN to one person's landmarks with a least-squares GAN.

    A GAN that is trained too long collapses. Therefore the bundle gets the network with the best validation, starting
    with the identity, so that refinement never raises the lip vertex error on the selection frames.

    Args:
        basis: name of the face model.
        network: arguments of PostNet.
        discriminator: arguments of Discriminator.
        weights: arguments of LossWeights.
        learning_rate: learning rate of RMSprop for both networks.
        halve_every: steps after which the discriminator's learning rate is halved.
        sync_expert: folder of a syncnet bundle.
        seed: seed of all random numbers in training.
    """

    stage = "postnet"
    least_error: torch.Tensor
    chooses_weights = True

    def __init__(
        self,
        basis: str = "gpmm",
        network: Mapping[str, Any] | None = None,
        discriminator: Mapping[str, Any] | None = None,
        weights: Mapping[str, float] | None = None,
        learning_rate: float = 1.0e-4,
        halve_every: int = 40_000,
        sync_expert: str | None = None,
        seed: int = 1,
    ) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.automatic_optimization = False
        self.network = build_checked(PostNet, network or {}, "model.network")
        self.discriminator = build_checked(Discriminator, discriminator or {}, "model.discriminator")
        self.chosen = deepcopy(self.network).requires_grad_(requires_grad=False)
        self.register_buffer("least_error", torch.tensor(torch.inf))
        self.network_hparams = dict(network or {})
        self._weights = build_checked(LossWeights, weights or {}, "model.weights")
        self._rate, self._halve_every, self._seed = learning_rate, halve_every, seed
        self._shown: tuple[RefinementBatch, Tensor] | None = None
        self._expert = SyncExpert.from_bundle(Path(sync_expert)) if sync_expert and self._weights.sync else None

    def setup(self, stage: str) -> None:
        """Set the statistics of the training split."""
        data: PostNetData = self.datamodule
        for network in (self.network, self.chosen):
            network.set_statistics(*(torch.from_numpy(a.reshape(-1)) for a in (data.scale.mean, data.scale.std)))
        self._still_lips = torch.from_numpy(data.identity_condition[LIPS68].reshape(-1))
        self._figures = LipMetrics(data.face, torch.from_numpy(data.database).flatten(1))
        if self._expert is not None:
            self._expert.require(data.features, data.face.name)

    def configure_optimizers(self) -> tuple[list[torch.optim.Optimizer], list[Any]]:
        """RMSprop for both networks, with a decaying learning rate of the discriminator."""
        networks = {"refiner": self.network, "discriminator": self.discriminator}
        groups = [{"name": name, "params": list(network.parameters())} for name, network in networks.items()]
        optimizers: list[torch.optim.Optimizer] = [torch.optim.RMSprop([group], self._rate) for group in groups]
        return optimizers, [torch.optim.lr_scheduler.StepLR(optimizers[1], self._halve_every, 0.5)]

    def training_step(self, batch: RefinementBatch, _: int) -> None:
        """One step of the generator, followed by one of the discriminator."""
        generator, critic = self.optimizers()  # pyright: ignore[reportGeneralTypeIssues]  # two make a list
        with step_noise(self._seed, self.global_step):
            refined = self.network(batch.predicted, batch.pitch)
            terms = self._terms(batch, refined)
            loss = cast(Tensor, sum(terms.values()))
            generator.zero_grad()
            self.manual_backward(loss)
            # The discriminator's step bypasses Lightning, which would count it as another global step.
            generator.step()
            doubt = discriminator_loss(self._judge(batch.truth), self._judge(refined.detach()), batch.known)
            critic.zero_grad()
            self.manual_backward(doubt)
            critic.optimizer.step()
        self.lr_schedulers().step()  # pyright: ignore[reportCallIssue, reportOptionalMemberAccess, reportAttributeAccessIssue]  # one
        figures = {f"train/{name}": value.detach() for name, value in terms.items()}
        figures |= {"train/loss": loss.detach(), "train/discriminator": doubt.detach()}
        self.log_dict(figures, sync_dist=True)

    def _terms(self, batch: RefinementBatch, refined: Float[Tensor, "B T 204"]) -> dict[str, Float[Tensor, ""]]:
        """Weighted loss terms of the generator."""
        w, known = self._weights, batch.known.to(refined.dtype)
        error = ((refined - batch.truth) / self.network.std).square().mean(-1)
        gap = (lip_gap(refined) - lip_gap(batch.truth)).square().sum(-1).mean(-1)
        terms = {
            "adversarial": w.adversarial * adversarial_loss(self._judge(refined), batch.known),
            "error": w.error * mean_over(error, known),
            "lip_gap": w.lip_gap * mean_over(gap, known),
        }
        if w.closeness:
            moved = ((refined - batch.predicted) / self.network.std).square().mean(-1)
            terms["closeness"] = w.closeness * moved.mean()
        if self._expert is not None:
            lips = refined.unflatten(-1, (68, 3))[..., LIPS68, :].flatten(-2) - self._still_lips.to(refined)
            terms["sync"] = w.sync * self._expert.loss(batch.content, lips, batch.known)
        return terms

    def _judge(self, condition: Float[Tensor, "B T 204"]) -> Float[Tensor, "B T"]:
        return self.discriminator((condition - self.network.mean) / self.network.std)

    def on_validation_epoch_start(self) -> None:
        """Reset the metrics."""
        self._measured: list[dict[str, Tensor]] = []

    def validation_step(self, batch: RefinementBatch, _: int) -> None:
        """Measure a sequence before and after refinement."""
        refined = self.network(batch.predicted, batch.pitch)[0]
        before, after = (
            self._figures(condition, batch.truth[0], batch.known[0]) for condition in (batch.predicted[0], refined)
        )
        if not self._measured:
            self._shown = (batch, refined.detach())
        self._measured.append({**after, **{f"{name}_before": value for name, value in before.items()}})

    def on_validation_epoch_end(self) -> None:
        """Keep the network if it beats the identity and all earlier ones, with at least as many lip closures."""
        names = {name for figures in self._measured for name in figures}
        means = {n: torch.stack([f[n] for f in self._measured if n in f]).mean() for n in sorted(names)}
        if ERROR not in means:
            return
        best = torch.minimum(self.least_error, means[f"{ERROR}_before"])
        shuts = means.get(CLOSURES, torch.inf) >= means.get(f"{CLOSURES}_before", 0.0)
        if shuts and means[ERROR] < (1 - MARGIN) * best:
            self.chosen.load_state_dict(self.network.state_dict())
            best = means[ERROR]
        self.least_error.copy_(best)
        self.log_dict({f"val/{name}": value for name, value in means.items()})
        self.log(f"val/{ERROR}_chosen", self.least_error)

    def validation_media(self) -> list[Media]:
        """Curves and video of the selection speech: ground truth, before and after refinement."""
        data: PostNetData = self.datamodule
        return [] if self._shown is None else refined_media(*self._shown, data.selection_frames, data)

    def evaluation_figures(self, data: PostNetData) -> dict[str, float]:
        """Metrics of every mode on the held-out split; the validation's frames have selected the network."""
        figures = self.bundle_contents(data).metrics
        return {name: value for name, value in figures.items() if name.startswith("test/")}

    def evaluation_media(self, data: PostNetData) -> list[Media]:
        """The same media for the held-out speech, with the selected network."""
        speech = data.held_out()
        return refined_media(speech, self._refined(speech), data.recording.held_out_ranges[0], data)

    def preview(self, data: PostNetData) -> Film:
        """Video of the selection speech, with the selected network."""
        batch = data.clean_selection
        return refined_film(PREVIEW, batch, self._refined(batch), data.selection_frames, data)

    @torch.inference_mode()
    def _refined(self, speech: RefinementBatch) -> Float[Tensor, "T 204"]:
        return self.chosen.cpu().eval()(speech.predicted, speech.pitch)[0]

    def bundle_contents(self, data: PostNetData) -> BundleContents:
        """The selected network, and the person's identity, scale and frames."""
        return bundle_contents(self.chosen, self.network_hparams, data)
