"""LightningModule that trains audio2motion."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn.functional import pad

from beavervision.data.sampling import step_noise
from beavervision.face.model_registry import load_face_model
from beavervision.metrics.mouth import closure_recall
from beavervision.stages.audio2motion.adaptation import (
    adopt_rest_pose,
    adopt_scale,
    load_initial_weights,
)
from beavervision.stages.audio2motion.batch import SpeechMotion
from beavervision.stages.audio2motion.data import Audio2MotionData
from beavervision.stages.audio2motion.losses import cyclic_weight, learning_rate_factor, sampled_kl
from beavervision.stages.audio2motion.motion_loss import LossWeights, MotionLoss
from beavervision.stages.audio2motion.network import MotionVAE, latent_mask
from beavervision.stages.audio2motion.personal import PersonalMotionVAE
from beavervision.stages.audio2motion.readout_fit import Adaptation, fit_readout
from beavervision.stages.audio2motion.speaking_style import mouth_projector
from beavervision.stages.audio2motion.visualization import held_out_media, spoken_media
from beavervision.stages.base import BundleContents, StageModule
from beavervision.stages.hparam_bounds import build_checked
from beavervision.stages.syncnet.inference import SyncExpert
from beavervision.stages.visualization.media import PREVIEW, Film, Media


@dataclass(frozen=True)
class Schedule:
    """Learning rate and KL weight over the steps (STAGES.md section 2)."""

    learning_rate: float = 5.0e-4
    warm_up: int = 1000
    decay: float = 0.1
    """The learning rate decays to this share ..."""
    decay_steps: int = 200_000
    """... within this many steps, exponentially."""
    clip_norm: float = 1.0
    kl_rise: int = 2000
    kl_hold: int = 2000


class Audio2Motion(StageModule[Audio2MotionData]):
    """Trains the motion VAE with its flow prior.

    Args:
        content_dim: number of channels of the audio feature.
        motion_dim: number of motion coefficients.
        basis: name of the face model.
        network: arguments of MotionVAE.
        weights: arguments of LossWeights.
        schedule: arguments of Schedule.
        sync_expert: folder of a syncnet bundle for the sync loss.
        init: folder of a bundle from which training starts, with its sizes and scales; None for a new network.
        one_person: whether the data are of one person, to whom the network of `init` is adapted in closed form.
        adaptation: arguments of Schedule that replace `schedule` in an adaptation.
        seed: seed of all random numbers in training.
    """

    stage = "audio2motion"

    def __init__(
        self,
        content_dim: int,
        motion_dim: int,
        basis: str = "gpmm",
        network: Mapping[str, Any] | None = None,
        weights: Mapping[str, float] | None = None,
        schedule: Mapping[str, float] | None = None,
        sync_expert: str | None = None,
        init: str | None = None,
        adaptation: Mapping[str, float] | None = None,
        *,
        one_person: bool = True,
        seed: int = 1,
    ) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.network, self._network_hparams = load_initial_weights(
            init, network or {}, content_dim, motion_dim, one_person=one_person
        )
        self._continues = init is not None
        schedule = {**(schedule or {}), **((adaptation or {}) if isinstance(self.network, PersonalMotionVAE) else {})}
        self._weights = build_checked(LossWeights, weights or {}, "model.weights")
        self._schedule = build_checked(Schedule, schedule, "model.schedule")
        self._seed = seed
        self._shown: Tensor | None = None
        self._adaptation: Adaptation | None = None
        expert = SyncExpert.from_bundle(Path(sync_expert)) if sync_expert and self._weights.sync else None
        face = load_face_model(basis)
        self._objective = MotionLoss(face, self._weights, expert, identity=motion_dim - len(face.exp_basis))

    def setup(self, stage: str) -> None:
        """Set the statistics of the training split."""
        data: Audio2MotionData = self.datamodule
        statistics = data.statistics
        if self._continues:
            adopt_scale(self.network, torch.from_numpy(statistics.motion_std))
            if not isinstance(self.network, PersonalMotionVAE):
                adopt_rest_pose(self.network, data.clean_speech())
            elif stage == "fit":
                self._adapt(self.network, data)
        else:
            names = ("content_mean", "content_std", "content_low", "motion_mean", "motion_std")
            self.network.set_statistics(*(torch.from_numpy(getattr(statistics, name)) for name in names))
        self._mouth_range = statistics.default_style.mouth_range
        if self._objective.expert is not None:
            self._objective.expert.require(data.features, data.face.name)

    def _adapt(self, network: PersonalMotionVAE, data: Audio2MotionData) -> None:
        """Fit the person's readout in closed form, and print which network is used and why."""
        nothing = torch.zeros(self._objective.identity, self._objective.identity)  # identities are not scaled
        projector = torch.block_diag(nothing, torch.from_numpy(mouth_projector(data.face))).numpy()
        found = fit_readout(
            network,
            data.clean_speech(),
            self._objective.geometry,
            projector,
            data.silence(),
            spoken=data.anybody_speaks(),
        )
        kept = "keeps the general network, with the person's pose and range"
        what = kept if found.kept_general else "is adapted"
        print(f"audio2motion {what}: {found.why}; gain {found.gain:.2f}", flush=True)
        self._adaptation = found

    def configure_optimizers(self) -> dict[str, Any]:  # pyright: ignore[reportIncompatibleMethodOverride]  # a dict, not its TypedDict
        """Adam with warm-up and exponential decay."""
        s = self._schedule
        optimizer = torch.optim.Adam(self.network.parameters(), s.learning_rate)
        rate = torch.optim.lr_scheduler.LambdaLR(
            optimizer, lambda step: learning_rate_factor(step, s.warm_up, s.decay, s.decay_steps)
        )
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": rate, "interval": "step"}}

    def configure_gradient_clipping(self, optimizer: torch.optim.Optimizer, *_: Any, **__: Any) -> None:
        """Clip the norm of the gradient."""
        self.clip_gradients(optimizer, self._schedule.clip_norm, "norm")

    def training_step(self, batch: SpeechMotion, _: int) -> Float[Tensor, ""]:
        """Loss of the motion decoded from its latent and from the mode of the prior."""
        if not self._schedule.learning_rate:
            self.network.eval()  # Adapted in closed form: statistics of batches must not change either.
        with step_noise(self._seed, self.global_step):
            terms = self._terms(replace(batch, known=strip_padding(batch, self.network)))
        loss = cast(Tensor, sum(terms.values()))
        figures = {f"train/{name}": value.detach() for name, value in terms.items()}
        self.log_dict({"train/loss": loss.detach(), **figures}, sync_dist=True)
        return loss

    def _terms(self, batch: SpeechMotion) -> dict[str, Float[Tensor, ""]]:
        """Weighted loss terms."""
        weights, network = self._weights, self.network
        g, g_slow = network.condition(batch)
        mask = latent_mask(batch.inside)
        posterior = network.posterior(batch.expression, g_slow, batch.inside, batch.known)
        noise, log_det = network.prior(posterior.z, g_slow, mask)
        likeliest = network.imagine(torch.zeros_like(posterior.z), g_slow, batch.inside)
        # One pass for both: a batch of twice the size is faster than two calls.
        z, inside = torch.cat([posterior.z, likeliest]), batch.inside.repeat(2, 1)
        decoded = network.decode(z, g.repeat(2, 1, 1), inside).chunk(2)
        rebuilt, guessed = (network.finish(motion, g, batch) for motion in decoded)
        kl_weight = cyclic_weight(self.global_step, weights.kl, self._schedule.kl_rise, self._schedule.kl_hold)
        known = latent_mask(batch.known)
        kl = sampled_kl(posterior.z, posterior.mean, posterior.log_sigma, noise, log_det, known)
        return {**self._objective.twice(rebuilt, guessed, batch), "kl": kl_weight * kl}

    def validation_step(self, batch: SpeechMotion, number: int) -> None:
        """Measure the most probable motion of the held-out speech."""
        motion, known = self.network(batch), batch.known
        if number == 0:
            self._shown = motion[..., self._objective.identity :].detach()
        if known.sum() < 3:
            return
        geometry = self._objective.geometry
        found, truth = geometry.lips(motion[known]), geometry.lips(batch.expression[known])
        gap, true_gap = geometry.gap(found), geometry.gap(truth)
        correlation = torch.corrcoef(torch.stack([gap, true_gap]))[0, 1]
        figures = {
            "val/mouth_correlation": correlation,
            "val/lip_vertex_error_mm2": (found - truth).square().sum(-1).amax(-1).mean(),
            "val/loss": sum(self._objective(motion, batch).values()),
            "val/closure_recall": closure_recall(gap / 10, true_gap / 10, *self._mouth_range),
        }
        self.log_dict({name: value for name, value in figures.items() if torch.isfinite(value)})

    def validation_media(self) -> list[Media]:
        """Curve of the mouth opening, and video of the face for the held-out speech, with the ground truth."""
        if self._shown is None:
            return []
        return spoken_media(self._shown[0].float().cpu().numpy(), self.datamodule)

    def evaluation_media(self, data: Audio2MotionData) -> Iterable[Media]:
        """Curves over the waveform and a mesh video of the held-out speech: true | predicted."""
        if self._shown is None:
            return []
        return held_out_media(self._shown[0].float().cpu().numpy(), data)

    def preview(self, data: Audio2MotionData) -> Film | None:
        """Video of the face for the held-out speech, beside the ground truth."""
        films = [media for media in self.validation_media() if isinstance(media, Film)]
        return replace(films[0], name=PREVIEW) if films else None

    def bundle_contents(self, data: Audio2MotionData) -> BundleContents:
        """The network, its audio features, and the person's speaking style."""
        facts = {
            **data.facts(),
            "mouth_amp": data.statistics.default_style.mouth_amp,
            "eye_amp": data.statistics.default_style.eye_amp,
            "speech_level_db": data.speech_level_db,
        }
        metrics = {} if self._adaptation is None else self._adaptation.metrics
        return BundleContents(self.network.state_dict(), self._network_hparams, facts, metrics=metrics)


def strip_padding(batch: SpeechMotion, network: MotionVAE) -> Bool[Tensor, "B T"]:
    """Mask of the known frames of a window whose receptive field into the future lies inside the window.

    For a network that is not causal all frames count: its receptive field would leave too few.
    """
    if not network.causal:
        return batch.known
    return batch.known & pad(batch.inside, (0, network.future))[:, network.future :]
