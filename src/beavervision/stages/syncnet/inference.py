"""The trained sync expert as judge and as loss, without Lightning."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn.functional import softplus

from beavervision.artifacts.bundle import Bundle
from beavervision.artifacts.motion import Motion
from beavervision.audio.hearing import FeatureSettings
from beavervision.errors import BeaverError
from beavervision.face.providers import load_face_model
from beavervision.metrics.sync import Sync, sync_offset
from beavervision.stages.lips import lips_of
from beavervision.stages.ranks import weighted_mean
from beavervision.stages.syncnet.network import WINDOW, SyncNet


class SyncExpert(nn.Module):
    """A trained sync expert; its weights are frozen, gradients reach what it judges.

    Args:
        network: trained.
        features: what it hears.
        basis: face model whose lips it knows.
    """

    def __init__(self, network: SyncNet, features: FeatureSettings, basis: str) -> None:
        super().__init__()
        self.network = network.eval().requires_grad_(requires_grad=False)
        self.features, self.basis = features, basis

    @classmethod
    def from_bundle(cls, folder: Path) -> SyncExpert:
        """Read a trained bundle.

        Raises:
            BeaverError: when there is none, or it is another stage's or damaged.
        """
        bundle = Bundle.load(Path(folder), "syncnet")
        network = SyncNet(**bundle.hparams)
        network.load_state_dict(bundle.weights)
        return cls(network, FeatureSettings(**bundle.facts["audio_features"]), bundle.facts["basis"])

    def require(self, features: FeatureSettings, basis: str) -> None:
        """Refuse to judge for a stage that hears or moves otherwise.

        Raises:
            BeaverError: when audio features or face model differ.
        """
        if (features, basis) != (self.features, self.basis):
            raise BeaverError(
                f"the sync expert knows {self.features.kind} and {self.basis}, not {features.kind} and {basis}; "
                "train model=syncnet with the same audio_features and face_model."
            )

    def train(self, mode: bool = True) -> SyncExpert:  # noqa: FBT001, FBT002 - nn.Module's signature
        """Stay in evaluation mode, whatever happens around it."""
        return super().train(mode=False)

    def loss(
        self,
        content: Float[Tensor, "B 2T C"],
        lips: Float[Tensor, "B T 60"],
        known: Bool[Tensor, "B T"],
    ) -> Float[Tensor, ""]:
        """Mean over known windows of -log P(in step)."""
        if lips.shape[1] < WINDOW:
            return lips.sum() * 0
        windows = known.unfold(1, WINDOW, 1).all(-1)
        doubt = softplus(-self.network(content, lips))
        return weighted_mean(doubt, windows.to(doubt.dtype), least=1)

    @torch.inference_mode()
    def judge(self, motion: Motion, samples: Float[np.ndarray, "N"]) -> Sync:
        """Offset in frames (positive: the sound comes late) and confidence of a motion and its 16 kHz sound."""
        heard = self.features.extract(np.asarray(samples, np.float32), motion.fps)
        frames = min(heard.n_frames, motion.n_frames)
        if frames < WINDOW:
            raise BeaverError(f"{frames} frames are too few to judge synchrony; give at least {WINDOW}.")
        lips = torch.from_numpy(lips_of(load_face_model(self.basis), motion.expression[:frames]))[None]
        content = torch.from_numpy(heard.content[: 2 * frames])[None]
        return sync_offset(self.network.embed_sound(content)[0], self.network.embed_lips(lips)[0])
