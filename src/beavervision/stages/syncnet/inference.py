"""Inference of the sync expert, as metric and as loss, without Lightning."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn.functional import softplus

from beavervision.artifacts.bundle import Bundle
from beavervision.artifacts.bundle_network import build_network
from beavervision.artifacts.motion import Motion
from beavervision.audio.features import ROWS_PER_FRAME, AudioFeatureExtractor
from beavervision.audio.level import at_level
from beavervision.errors import BundleError, FootageError
from beavervision.face.model_registry import load_face_model
from beavervision.metrics.sync import Sync, sync_offset
from beavervision.stages.distributed import weighted_mean
from beavervision.stages.lip_landmarks import lip_shape_of
from beavervision.stages.syncnet.bundle_schema import SCHEMA
from beavervision.stages.syncnet.network import WINDOW, SyncNet


class SyncExpert(nn.Module):
    """A trained sync expert with frozen weights; gradients flow to its inputs.

    Args:
        network: trained network.
        features: extractor of its audio features.
        basis: face model of the motion.
        speech_level_db: level of the training speech.
    """

    def __init__(self, network: SyncNet, features: AudioFeatureExtractor, basis: str, speech_level_db: float) -> None:
        super().__init__()
        self.network = network.eval().requires_grad_(requires_grad=False)
        self.features, self.basis, self._level = features, basis, speech_level_db

    @classmethod
    def from_bundle(cls, folder: Path) -> SyncExpert:
        """Load a trained bundle.

        Raises:
            BundleError: when it is missing, damaged, or of another stage.
        """
        bundle = Bundle.load(Path(folder), SCHEMA)
        network, facts = build_network(bundle, lambda: SyncNet(**bundle.hparams)), bundle.facts
        features = AudioFeatureExtractor(**facts.audio_features.model_dump())
        return cls(network, features, facts.basis, facts.speech_level_db)

    def require(self, features: AudioFeatureExtractor, basis: str) -> None:
        """Raise if a stage has other audio features or another face model.

        Raises:
            BundleError: when audio features or face model differ.
        """
        if (features, basis) != (self.features, self.basis):
            raise BundleError(
                f"the sync expert knows {self.features.kind} and {self.basis}, not {features.kind} and {basis}; "
                "train model=syncnet with the same audio_features and face_model."
            )

    def train(self, mode: bool = True) -> SyncExpert:  # noqa: FBT001, FBT002 - nn.Module's signature
        """Ignore `mode`: the expert always stays in evaluation mode."""
        return super().train(mode=False)

    def loss(
        self,
        content: Float[Tensor, "B 2T C"],
        lips: Float[Tensor, "B T 60"],
        known: Bool[Tensor, "B T"],
    ) -> Float[Tensor, ""]:
        """Mean over known windows of -log P(in sync)."""
        if lips.shape[1] < WINDOW:
            return lips.sum() * 0
        windows = known.unfold(1, WINDOW, 1).all(-1)
        doubt = softplus(-self.network(content, lips))
        return weighted_mean(doubt, windows.to(doubt.dtype), least=1)

    def judge(self, motion: Motion, samples: Float[np.ndarray, "N"]) -> Sync:
        """Offset in frames (positive: the sound is late) and confidence of a motion and its 16 kHz sound.

        Raises:
            FootageError: when they are shorter than a window.
        """
        return sync_offset(*self.embed(motion.expression, samples, motion.fps))

    @torch.inference_mode()
    def embed(
        self, expression: Float[np.ndarray, "T E"], samples: Float[np.ndarray, "N"], fps: float
    ) -> tuple[Float[Tensor, "W D"], Float[Tensor, "W D"]]:
        """Embeddings of sound and lips for the window that starts at each frame, up to the shorter of the two.

        Args:
            expression: coefficients of the expert's face model.
            samples: mono sound at 16 kHz; it is normalised to the level of the training speech.
            fps: frames per second.

        Raises:
            FootageError: when they are shorter than a window.
        """
        heard = self.features.extract(at_level(np.asarray(samples, np.float32), self._level), fps)
        frames = min(heard.n_frames, len(expression))
        if frames < WINDOW:
            raise FootageError(f"{frames} frames are too few to judge synchrony; give at least {WINDOW}.")
        lips = torch.from_numpy(lip_shape_of(load_face_model(self.basis), expression[:frames]))[None]
        content = torch.from_numpy(heard.content[: ROWS_PER_FRAME * frames])[None]
        return self.network.embed_sound(content)[0], self.network.embed_lips(lips)[0]
