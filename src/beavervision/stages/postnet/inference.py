"""Inference of postnet from a bundle, without Lightning."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float

from beavervision.artifacts.bundle import Bundle
from beavervision.artifacts.bundle_network import build_network
from beavervision.artifacts.motion import Motion
from beavervision.audio.features import pitch_features
from beavervision.errors import BundleError, ConfigError
from beavervision.face.model_registry import load_face_model
from beavervision.face.morphable_model import FaceModel
from beavervision.nerf.condition_normalizer import ConditionNormalizer
from beavervision.stages.postnet import lle
from beavervision.stages.postnet.batch import frame_pitch
from beavervision.stages.postnet.bundle_schema import SCHEMA
from beavervision.stages.postnet.network import PostNet

MODES = ("none", "postnet", "lle", "both")
AUTO = "auto"
"""The mode that helped on held-out speech of the training split (`refinement_choice`)."""
PERCENT = 0.2
"""Default step towards the LLE's reconstruction, 0 .. 1 (STAGES.md section 3)."""
CHUNK = 2000
"""Number of frames computed at a time."""


class MotionRefiner:
    """Refines predicted motion towards one person's motion.

    Args:
        network: trained PostNet; None skips it.
        face: face model of the motion.
        identity: identity coefficients of the person.
        scale: mean, standard deviation and range of the person's training frames; None without a trained PostNet.
        database: landmark conditions of the person's training frames; None skips the LLE.
        chosen: one of MODES, which `auto` stands for.
    """

    def __init__(
        self,
        network: PostNet | None,
        face: FaceModel,
        identity: Float[np.ndarray, "I"],
        scale: ConditionNormalizer | None,
        database: Float[np.ndarray, "N 68 3"] | None,
        chosen: str = "both",
    ) -> None:
        self._network, self._face = None if network is None else network.eval(), face
        self.identity, self.scale, self.chosen = identity, scale, chosen
        self._database = None if database is None else database.reshape(len(database), -1)

    @classmethod
    def from_bundle(cls, folder: Path) -> MotionRefiner:
        """Load a trained bundle.

        Raises:
            BundleError: when it is missing, damaged, or of another stage.
        """
        bundle = Bundle.load(Path(folder), SCHEMA)
        network, assets = build_network(bundle, lambda: PostNet(**bundle.hparams)), bundle.assets
        scale = ConditionNormalizer(*(assets[name] for name in ("mean", "std", "low", "high")))
        face = load_face_model(bundle.facts.basis)
        return cls(network, face, assets["identity"], scale, assets["database"], bundle.facts.refine)

    def refine(
        self, motion: Motion, samples: Float[np.ndarray, "N"], mode: str = AUTO, percent: float = PERCENT
    ) -> Motion:
        """Return the same motion with a refined landmark condition.

        Args:
            motion: motion predicted by audio2motion; any length, including T = 1.
            samples: the speech at 16 kHz; frames beyond its end count as unvoiced.
            mode: `postnet` (CNN), `lle`, `both` (CNN, then LLE), `none`, or `auto` for the one that helped on held-out
                speech.
            percent: step towards the LLE's reconstruction, 0 .. 1.

        Raises:
            BeaverError: when the mode is unknown or the motion has another face model.
        """
        if motion.basis != self._face.name:
            raise BundleError(f"the motion is {motion.basis}, the refiner {self._face.name}; train postnet again.")
        still = self._face.condition68(self.identity, np.zeros(motion.expression.shape[1]))
        condition = still + self._face.condition68(np.zeros_like(self.identity), motion.expression)
        pitch = frame_pitch(pitch_features(np.asarray(samples, np.float32), motion.fps))[: motion.n_frames]
        pitch = np.pad(pitch, (0, motion.n_frames - len(pitch)))
        refined = self.refine_condition(condition.astype(np.float32), pitch, mode, percent)
        return replace(motion, condition68=refined)

    def refine_condition(
        self,
        condition: Float[np.ndarray, "T 68 3"],
        pitch: Float[np.ndarray, "T"],
        mode: str = AUTO,
        percent: float = PERCENT,
    ) -> Float[np.ndarray, "T 68 3"]:
        """Refined landmark conditions, 1/10 cm; see `refine`.

        Args:
            condition: predicted conditions, contiguous in time.
            pitch: octaves above batch.REFERENCE_HZ, 0 where unvoiced.
            mode: one of MODES, or AUTO.
            percent: step towards the LLE's reconstruction, 0 .. 1.
        """
        if mode == AUTO:
            mode = self.chosen
        if mode not in MODES:
            raise ConfigError(f"refine={mode} is unknown; take one of {', '.join((AUTO, *MODES))}.")
        flat = condition.reshape(len(condition), -1)
        if mode in ("postnet", "both") and self._network is not None:
            spans = [range(i, min(i + CHUNK, len(flat))) for i in range(0, len(flat), CHUNK)]
            flat = np.concatenate([self._convolved(self._network, flat, pitch, span) for span in spans])
        if mode in ("lle", "both") and self._database is not None:
            flat = lle.lle_refine(flat, self._database, percent)
        return flat.reshape(condition.shape).astype(np.float32)

    @staticmethod
    @torch.inference_mode()
    def _convolved(
        network: PostNet, flat: Float[np.ndarray, "T D"], pitch: Float[np.ndarray, "T"], frames: range
    ) -> Float[np.ndarray, "t D"]:
        """Output of PostNet for `frames`, computed with their whole receptive field."""
        reach = network.reach
        start, stop = max(0, frames.start - reach), min(len(flat), frames.stop + reach)
        piece, tone = (torch.from_numpy(a[start:stop].astype(np.float32))[None] for a in (flat, pitch))
        return network(piece, tone)[0].numpy()[frames.start - start : frames.stop - start]
