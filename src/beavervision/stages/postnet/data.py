"""What audio2motion predicts for the person's own speech, beside what the person did."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from torch.utils.data import DataLoader

from beavervision.artifacts.clip import TEST_SHARE, Clip
from beavervision.audio.hearing import AudioFeatures, FeatureSettings
from beavervision.errors import BeaverError
from beavervision.face.providers import load_face_model
from beavervision.nerf.condition_scale import ConditionScale
from beavervision.stages.audio2motion.inference import AudioToMotion
from beavervision.stages.base import StageData
from beavervision.stages.draws import DrawLoader, draw_loader
from beavervision.stages.postnet.pitch import frame_pitch
from beavervision.stages.postnet.refinement import Refinement, Stretches, collate
from beavervision.stages.takes import Disturbance, random_disturbance, record, require_motion


class PostNetData(StageData):
    """Feeds postnet from one clip and its audio2motion bundle.

    The training split is divided once more: its last 1/11 chooses the checkpoint. The held-out split of the clip
    takes no part at all; it is only measured when the bundle is written.

    Args:
        clip: folder of the Clip.
        upstream: `audio2motion`, and `syncnet` when there is one.
        subject: which person of the clip.
        batch_size: windows a step.
        window: frames of a window.
        takes: disturbed copies of the speech beside the clean one, each predicted anew.
        speed: they are up to this share faster or slower.
        gain_db: and up to this much louder or softer.
        noise_db: with noise of up to this level relative to the speech.
        steps_per_epoch: steps of what Lightning calls an epoch.
        workers: processes that cut windows.
        seed: of everything random.
    """

    def __init__(
        self,
        clip: Path,
        upstream: Mapping[str, Path] | None = None,
        subject: int = 0,
        batch_size: int = 16,
        window: int = 48,
        takes: int = 6,
        speed: float = 0.15,
        gain_db: float = 8.0,
        noise_db: float = -5.0,
        steps_per_epoch: int = 100,
        workers: int = 0,
        seed: int = 1,
    ) -> None:
        super().__init__()
        self._folder, self._upstream, self._subject = Path(clip), dict(upstream or {}), subject
        self._batch_size, self._window, self._takes = batch_size, window, takes
        self._disturb = {"speed": speed, "gain_db": gain_db, "noise_db": noise_db}
        self._steps, self._workers, self._seed = steps_per_epoch, workers, seed

    @property
    def subject(self) -> int:
        """Which person of the clip."""
        return self._subject

    def setup(self, stage: str) -> None:
        """Predict and measure the training split."""
        if hasattr(self, "scale"):
            return
        self.clip = Clip.load(self._folder)
        self.face = load_face_model(self.clip.facts["basis"])
        self._predictor = self._load_predictor()
        identity = self.clip.subjects[self._subject].identity
        self.identity = identity
        still = np.zeros(len(self.face.exp_basis))
        self.identity_condition = self.face.condition68(identity, still).astype(np.float32)
        rng = np.random.default_rng(self._seed)
        how = [Disturbance(), *(random_disturbance(rng, **self._disturb) for _ in range(self._takes))]
        learn, choose = _divided(self.clip.train_range)
        takes = [self._record(learn, h) for h in how]
        clean = self._record(self.clip.train_range, Disturbance())
        own = clean.truth[clean.known].numpy().reshape(-1, 68, 3)
        self.scale, self.database = ConditionScale.of(own), own
        self._train = Stretches(takes, self._window, self._seed)
        self.chosen_by, self._choice = choose, [self._record(choose, h) for h in how]

    def _load_predictor(self) -> AudioToMotion:
        if "audio2motion" not in self._upstream:
            raise BeaverError(
                f"postnet refines what audio2motion predicts; train model=audio2motion on {self.clip.name} first."
            )
        predictor = AudioToMotion.from_bundle(self._upstream["audio2motion"])
        if (predictor.fps, predictor.basis) != (self.clip.fps, self.face.name):
            raise BeaverError(
                f"{self._upstream['audio2motion']} speaks {predictor.basis} at {predictor.fps} fps, clip "
                f"{self.clip.name} {self.face.name} at {self.clip.fps}; train model=audio2motion on this clip again."
            )
        return predictor

    @property
    def features(self) -> FeatureSettings:
        """What audio2motion hears."""
        return self._predictor.features

    @property
    def clean_choice(self) -> Refinement:
        """The undisturbed speech among those that choose."""
        return self._choice[0]

    def held_out(self) -> Refinement:
        """The clip's held-out split, for measuring only."""
        return self._record(self.clip.test_range, Disturbance())

    def _record(self, frames: range, how: Disturbance) -> Refinement:
        """Predicted and true conditions of `frames`; nothing outside them is heard."""
        take = record(self.clip, frames, self.features, self._subject, how)
        if frames.start == 0:
            require_motion(take, self.clip)
        motion = self._predictor.move(AudioFeatures(take.content, take.pitch), blink=take.blink)
        predicted, truth = (self._condition(e) for e in (motion.expression, take.expression))
        return Refinement(
            predicted=predicted,
            truth=truth,
            known=torch.from_numpy(take.valid)[None],
            pitch=torch.from_numpy(frame_pitch(take.pitch))[None],
            content=torch.from_numpy(take.content)[None],
        )

    def _condition(self, expression: Float[np.ndarray, "T E"]) -> Float[Tensor, "1 T 204"]:
        still = np.zeros_like(self.identity)
        moved = self.face.condition68(still, expression) + self.identity_condition
        return torch.from_numpy(moved.reshape(1, len(expression), -1).astype(np.float32))

    def dimensions(self) -> dict[str, Any]:
        """The face model's name, and the sync expert if there is one."""
        expert = self._upstream.get("syncnet")
        return {"basis": self.face.name, "sync_expert": str(expert) if expert else None}

    def train_dataloader(self) -> DrawLoader:
        """Random windows; a resumed run goes on with the draw at which it stopped."""
        return draw_loader(self._train, collate, self._batch_size, self._steps, self._workers, self.trainer)

    def val_dataloader(self) -> DataLoader[Refinement]:
        """The end of the training split, every take one sequence; it chooses the checkpoint."""
        return DataLoader(self._choice, 1, collate_fn=collate)


def _divided(frames: range) -> tuple[range, range]:
    """What is learnt from, and the end of the training split, which chooses."""
    last = frames.stop - max(1, round(len(frames) * TEST_SHARE))
    return range(frames.start, last), range(last, frames.stop)
