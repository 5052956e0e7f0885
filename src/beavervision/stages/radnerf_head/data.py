"""Rays of training frames and whole held-out frames, from a clip on a canvas."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from jaxtyping import Bool, Float, Int, UInt8
from torch.utils.data import DataLoader

from beavervision.artifacts.clip import Clip
from beavervision.artifacts.crops import Crops, open_crops
from beavervision.data.sampling import NumberedBatchDataset, spread_indices
from beavervision.errors import ConfigError, FootageError
from beavervision.face.framing import FrameSpec
from beavervision.face.model_registry import load_face_model
from beavervision.nerf.condition_normalizer import ConditionNormalizer, fill_gaps, frame_windows
from beavervision.stages.base import StageData
from beavervision.stages.radnerf_head.batch import FaceBatch, FrameBatch, HeldOutFrameDataset, RayBatch
from beavervision.stages.radnerf_head.limits import DATA
from beavervision.stages.radnerf_head.patches import PatchSampler, patch_pixels, sample_patch_corner
from beavervision.stages.radnerf_head.pixels import frame_targets, read_pixels
from beavervision.stages.radnerf_head.pose_optimizer import tracked_features
from beavervision.stages.radnerf_head.ray_sampler import frame_probabilities, make_region_sampler, sample_pixels
from beavervision.stages.radnerf_head.visual_hull import SilhouetteViews, carve_visual_hull, head_box, near_face_cells

GREY = 128
"""Grey value of an unknown background."""
SAME_SCALE = 1.0
"""Lower limit of the condition's scale: landmarks that move less than average are not amplified. Measured: the mouth of
held-out frames gains 0.4 dB over a floor of 0.1, which amplifies an eyebrow's noise as much as a lip's motion."""


class HeadData(StageData):
    """Training rays and held-out frames of one subject.

    The rays of a step are a pure function of (seed, step), so a resumed run uses the same rays.

    Args:
        clip: folder of the clip.
        frame: the canvas.
        upstream: unused; the head is the first stage.
        subject: number of the person in the clip.
        seed: seed of the choice of frames and rays.
        rays: pixels per step.
        frames: number of frames per step from which they are sampled.
        even: share of the frames sampled uniformly over time; the rest uniformly over the openness of mouth and eyes.
        mouth_share: share of the pixels sampled in the mouth's box.
        eye_share: share of the pixels sampled in the eyes' box.
        window: frames in a condition's window.
        noise: standard deviation of the noise on the normalised conditions of training rays.
        band: height of the free band under the chin, in face heights.
        hull_frames: number of frames whose silhouettes carve the visual hull.
        cells: cells per side of the hull.
        val_frames: largest number of held-out frames that a validation renders; None for all.
        workers: number of worker processes of the loader.
    """

    limits: ClassVar = DATA

    def __init__(
        self,
        clip: Path,
        frame: FrameSpec,
        upstream: dict[str, Path] | None = None,
        subject: int = 0,
        seed: int = 1,
        rays: int = 4096,
        frames: int = 16,
        even: float = 0.5,
        mouth_share: float = 0.3,
        eye_share: float = 1 / 12,
        window: int = 5,
        noise: float = 0.0,
        band: float = 0.12,
        hull_frames: int = 64,
        cells: int = 64,
        val_frames: int | None = 8,
        workers: int = 0,
    ) -> None:
        super().__init__()
        self.clip_folder, self.spec, self.subject_index, self.seed = Path(clip), frame, subject, seed
        self.window, self.hull_frames, self.cells, self.val_frames = window, hull_frames, cells, val_frames
        self.noise = noise
        self.frames_a_step, self.even, self.band_share = frames, even, band
        per_frame = rays // frames
        mouth, eyes = round(per_frame * mouth_share), round(per_frame * eye_share)
        if per_frame < 1:
            raise ConfigError(f"datamodule.rays={rays} are fewer than datamodule.frames={frames}; give more rays.")
        if mouth + eyes > per_frame:
            raise ConfigError("datamodule.mouth_share and eye_share are more than all together; give smaller ones.")
        self.counts = (per_frame - mouth - eyes, mouth, eyes)
        self.workers = workers
        self._is_set_up = False

    def judge_all(self) -> None:
        """See `StageData`."""
        self.val_frames = None

    def prepare_data(self) -> None:
        """Crop the clip to the canvas, once."""
        open_crops(Clip.load(self.clip_folder), self.subject_index, self.spec)

    def setup(self, stage: str | None = None) -> None:
        """Open the clip and compute the statistics of its training frames."""
        if self._is_set_up:
            return
        clip = Clip.load(self.clip_folder)
        subject = clip.subjects[self.subject_index]
        self.crops: Crops = open_crops(clip, self.subject_index, self.spec)
        self.train_frames = frames_of(subject.visible, clip.train_range)
        self.test_frames = frames_of(subject.visible, clip.test_range)
        if len(self.train_frames) == 0:
            raise FootageError(f"No training frame of clip {clip.name} shows the face; choose other footage.")
        self.model = load_face_model(clip.facts.basis)
        raw = self.model.condition68(subject.identity, subject.expression)
        self.scale = ConditionNormalizer.from_training_frames(raw[self.train_frames], SAME_SCALE)
        self.conditions = self.scale.normalise(fill_gaps(raw), clamp=False)
        eye = fill_gaps(subject.eye_open).mean(1)
        self.eye_mean = float(eye[self.train_frames].mean())
        self.eye_std = float(max(eye[self.train_frames].std(), 1e-3))
        self.raw_eye = eye
        self.eye = ((eye - self.eye_mean) / self.eye_std).astype(np.float32)
        mouth = subject.mouth_open[self.train_frames]
        self.chances = frame_probabilities(mouth, eye[self.train_frames], self.even)
        self.regions = make_region_sampler(self.crops, subject.landmarks, np.flatnonzero(subject.visible))
        face = np.nanmedian(subject.box[:, 3] - subject.box[:, 1]) * float(self.crops.path[0, 2])
        self.band = max(1, round(self.band_share * float(face)))
        self.rotation = subject.rotation.astype(np.float32)
        self.translation = subject.translation.astype(np.float32)
        self.tracked = self._tracked()
        self._find_hull(subject.identity)
        self.clip, self.subject = clip, subject
        self._is_set_up = True

    def _tracked(self) -> Float[np.ndarray, "T K"]:
        training = np.isin(np.arange(len(self.eye)), self.train_frames)
        rotation, translation = fill_gaps(self.rotation), fill_gaps(self.translation)
        return tracked_features(self.conditions, self.eye, rotation, translation, training)

    def _find_hull(self, identity: np.ndarray) -> None:
        """Box and visual hull of the head, from training frames spread over the clip."""
        chosen = spread_indices(self.train_frames, self.hull_frames)
        targets = np.stack([self.targets(t) for t in chosen])
        views = SilhouetteViews(targets, self.crops.cameras[chosen], self.rotation[chosen], self.translation[chosen])
        self.box = head_box(views, float(self.model.mean[:, 2].max()))
        at_rest = self.model.vertices(identity, np.zeros(len(self.model.exp_basis)))
        self.hull = carve_visual_hull(views, self.box, self.cells) & near_face_cells(at_rest, self.box, self.cells)

    def targets(self, t: int) -> UInt8[np.ndarray, "H W"]:
        """Targets of the pixels of frame `t`."""
        return frame_targets(self.crops, t, self.band)

    def dimensions(self) -> dict[str, Any]:
        """Arguments of the network that follow from the data: box, number of training frames, window and canvas."""
        return {
            "box": [round(float(v), 4) for v in self.box],
            "n_codes": len(self.train_frames),
            "window": self.window,
            "cells": self.cells,
            "size": list(self.crops.size),
        }

    def train_dataloader(self) -> DataLoader:
        """Endless batches of rays, starting at the trainer's step."""
        steps = NumberedBatchDataset(self.ray_batch, self.trainer.global_step if self.trainer else 0)
        return DataLoader(steps, batch_size=None, num_workers=self.workers)

    def val_dataloader(self) -> DataLoader:
        """Held-out frames, evenly spaced."""
        count = len(self.test_frames) if self.val_frames is None else self.val_frames
        return DataLoader(
            HeldOutFrameDataset(self.frame_batch, spread_indices(self.test_frames, count)), batch_size=None
        )

    # Batches are copied into torch's own memory (torch.tensor, not from_numpy): numpy aligns to 16 bytes only, and
    # matrix products round differently at different alignments, so the same seed would not give the same bits.

    def face_batch(self, frames: Int[np.ndarray, "F"]) -> FaceBatch:
        """Condition of the field in the given frames of the clip."""
        windows = frame_windows(self.conditions, frames, self.window)
        return FaceBatch(*(torch.tensor(values) for values in (windows, self.eye[frames], self.tracked[frames])))

    def ray_batch(self, step: int) -> RayBatch:
        """Rays of training step `step`: this process's share of its frames."""
        rng = np.random.default_rng([self.seed, step])
        rows = rng.choice(len(self.train_frames), self.frames_a_step, p=self.chances)
        chosen = [sample_pixels(self.regions, int(t), self.counts, rng) for t in self.train_frames[rows]]
        own = self.local_share(self.frames_a_step, "datamodule.frames")
        return self._noisy(self._batch(rows[own], chosen[own]), self.frames_a_step, own, [self.seed, step, 2])

    def _noisy(self, batch: RayBatch, frames: int, own: slice, seed: list[int]) -> RayBatch:
        """The batch with noise on its conditions, equal over a window: this process's share of `frames`.

        Trackers are noisy, so equal expressions have different conditions. Noise prevents the field from memorising
        single frames.
        """
        noise = np.random.default_rng(seed).standard_normal((frames, 1, 1, self.conditions.shape[1]))
        batch.face.windows += torch.tensor((self.noise * noise[own]).astype(np.float32))
        return batch

    def patch_batch(self, step: int, plan: PatchSampler) -> RayBatch:
        """Patches of training step `step`, each row by row: this process's share of them."""
        rng = np.random.default_rng([self.seed, step])
        plan = plan.inside(self.crops.size)
        rows = rng.choice(len(self.train_frames), plan.frames, p=self.chances)
        corners = [
            sample_patch_corner(self.regions, int(t), plan, self.crops.size, rng) for t in self.train_frames[rows]
        ]
        own = self.local_share(plan.frames, plan.key)
        batch = self._batch(rows[own], [patch_pixels(corner, plan) for corner in corners[own]])
        return self._noisy(batch, plan.frames, own, [self.seed, step, 3])

    def _batch(self, rows: Int[np.ndarray, "F"], chosen: list[Int[np.ndarray, "P 2"]]) -> RayBatch:
        """The chosen pixels (column, row) of some training frames."""
        frames = self.train_frames[rows]
        return RayBatch(
            face=self.face_batch(frames),
            frame=torch.tensor(rows),
            shown=tuple(frames.tolist()),
            **read_pixels(self.crops, frames, chosen, self.band),
            **self._poses(frames),
        )

    def redrawn(self, batch: RayBatch, chosen: list[Int[np.ndarray, "P 2"]]) -> RayBatch:
        """The same batch, with the first pixels of each frame (those of the head) replaced by the chosen ones."""
        fresh, count = read_pixels(self.crops, np.array(batch.shown), chosen, self.band), len(chosen[0])
        kept = {name: getattr(batch, name)[:, count:] for name in fresh}
        return replace(batch, **{name: torch.cat([fresh[name].to(kept[name].device), kept[name]], 1) for name in fresh})

    def _poses(self, frames: np.ndarray) -> dict[str, torch.Tensor]:
        cameras = self.crops.cameras[frames].astype(np.float32)
        values = {"cameras": cameras, "rotation": self.rotation[frames], "translation": self.translation[frames]}
        return {name: torch.tensor(value) for name, value in values.items()}

    def frame_batch(self, t: int) -> FrameBatch:
        """All pixels of frame `t`."""
        plate = self.crops.plate(t)
        plate = np.full_like(self.crops.rgb[t], GREY) if plate is None else plate
        pictures = {"rgb": self.crops.rgb[t], "plate": plate, "labels": self.crops.labels[t], "target": self.targets(t)}
        tensors = {name: torch.tensor(np.asarray(value)) for name, value in pictures.items()}
        mouth = torch.tensor(self.regions.mouth[t])
        frames = np.array([t])
        return FrameBatch(face=self.face_batch(frames), index=int(t), mouth=mouth, **tensors, **self._poses(frames))

    def facts(self) -> dict[str, Any]:
        """Facts of the clip and canvas for the bundle."""
        return {
            "clip": self.clip.name,
            "clip_sha256": self.clip.sha256,
            "fps": self.clip.fps,
            "basis": self.clip.facts.basis,
            "subject": self.subject_index,
            "frame": self.spec.slug,
            "frame_spec": asdict(self.spec),
            "canvas": list(self.crops.size),
            "footage": list(self.clip.size),
        }


def frames_of(visible: Bool[np.ndarray, "T"], among: range) -> Int[np.ndarray, "N"]:
    """Visible frames of a range."""
    return np.array([t for t in among if visible[t]], np.int64)
