"""Loss of a predicted motion: errors on the face's surface and over time."""

from __future__ import annotations

from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor, nn

from beavervision.face.morphable_model import FaceModel
from beavervision.stages.audio2motion.batch import SpeechMotion
from beavervision.stages.audio2motion.losses import acceleration_error, masked_mean
from beavervision.stages.face_geometry import FaceGeometry
from beavervision.stages.lip_landmarks import LipNormalizer
from beavervision.stages.syncnet.inference import SyncExpert


@dataclass(frozen=True)
class LossWeights:
    """Weight of each loss term; the defaults follow STAGES.md section 2 where it names one."""

    expression: float = 0.5
    landmarks: float = 0.5
    acceleration: float = 1.0
    magnitude: float = 0.1
    """L2 norm of the expression."""
    lip_gap: float = 0.02
    closure: float = 3.0
    """Additional weight of frames with lips closed during speech."""
    likeliest: float = 1.0
    """Weight of all terms for the motion decoded from the prior's mode, which is used at temperature 0."""
    kl: float = 0.02
    sync: float = 0.2
    """Used with a sync expert only."""


class MotionLoss(nn.Module):
    """Weighted errors of a motion relative to the ground truth.

    Args:
        face: geometry of the face model of the coefficients.
        weights: weights of the terms.
        expert: sync expert for the sync loss.
        identity: number of identity coefficients before those of the expression.
    """

    def __init__(
        self, face: FaceModel, weights: LossWeights, expert: SyncExpert | None = None, identity: int = 0
    ) -> None:
        super().__init__()
        self.weights, self.expert, self.identity = weights, expert, identity
        self.geometry, self._lips = FaceGeometry(face, identity=identity > 0), LipNormalizer(face)

    def forward(self, motion: Float[Tensor, "B T E"], batch: SpeechMotion) -> dict[str, Float[Tensor, ""]]:
        """Weighted terms; unknown frames are ignored."""
        w, known = self.weights, batch.known.to(motion.dtype)
        emphasis = known * (1 + w.closure * batch.closed)
        error = motion - batch.expression
        terms = {
            "expression": w.expression * masked_mean(error.square().mean(-1), known),
            "landmarks": w.landmarks * masked_mean(self.geometry.landmark_error(error), emphasis),
            "lip_gap": w.lip_gap * masked_mean(self.geometry.lip_gap_error(error), emphasis),
            "acceleration": w.acceleration * acceleration_error(motion, batch.expression, batch.known),
            "magnitude": w.magnitude * masked_mean(motion.square().mean(-1), known),
        }
        if self.expert is not None:
            terms["sync"] = w.sync * self.expert.loss(
                batch.content, self._lips(motion[..., self.identity :]), batch.known
            )
        return terms

    def twice(
        self, rebuilt: Float[Tensor, "B T E"], guessed: Float[Tensor, "B T E"], batch: SpeechMotion
    ) -> dict[str, Float[Tensor, ""]]:
        """Weighted terms of the motion decoded from its latent and of the motion decoded from the prior's mode."""
        terms, likeliest = self(rebuilt, batch), self(guessed, batch)
        return {name: value + self.weights.likeliest * likeliest[name] for name, value in terms.items()}
