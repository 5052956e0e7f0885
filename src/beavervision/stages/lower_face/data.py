"""Training data of the lower face: patches of some frames, drawn as a pure function of seed and step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor
from torch.utils.data import DataLoader

from beavervision.artifacts.clip import Clip
from beavervision.data.sampling import NumberedBatchDataset, sample_rng, spread_indices
from beavervision.errors import FootageError
from beavervision.face.model_registry import load_face_model
from beavervision.nerf.condition_normalizer import fill_gaps
from beavervision.stages.base import StageData
from beavervision.stages.hparam_bounds import SHARE, Bounds, integer
from beavervision.stages.lower_face.batch import LowerFaceBatch
from beavervision.stages.lower_face.landmark_maps import landmark_maps, lip_region, project_landmarks
from beavervision.stages.lower_face.patch_geometry import SIZE_LEAST, Affine, PatchGeometry, map_points
from beavervision.stages.lower_face.references import choose_references, reference_preference, warp_references
from beavervision.stages.lower_face.training_patches import open_training_patches
from beavervision.stages.source_track import SourceTrack, body_track

CHIN = 8
"""iBUG point."""


class LowerFaceData(StageData):
    """Patches round mouth and chin of a clip's training frames.

    Args:
        clip: folder of the Clip.
        subject: which person.
        largest: side that no patch exceeds, px; below that, patches have the footage's own resolution.
        frames: training frames to learn from, evenly spread.
        frames_per_step: size of a batch.
        open_share: share of a batch that is drawn by the mouth's opening, so that wide mouths are seen often enough.
        val_frames: held-out frames to measure by.
        seed: of the draws.
        workers: processes that make batches ahead.
    """

    limits: ClassVar[Mapping[str, Bounds]] = {
        "largest": integer(SIZE_LEAST, 1024),
        "frames": integer(),
        "frames_per_step": integer(),
        "open_share": SHARE,
        "val_frames": integer(),
    }

    def __init__(
        self,
        clip: Path,
        subject: int = 0,
        largest: int = 512,
        frames: int = 1500,
        frames_per_step: int = 8,
        open_share: float = 0.5,
        val_frames: int = 8,
        seed: int = 0,
        workers: int = 0,
    ) -> None:
        super().__init__()
        self.clip_folder, self.subject, self.largest = Path(clip), subject, largest
        self.frames, self.frames_per_step, self.open_share = frames, frames_per_step, open_share
        self.val_frames, self.seed, self.workers = val_frames, seed, workers
        self._ready = False

    def setup(self, stage: str | None = None) -> None:
        """Open the clip's patches and place its landmarks in them; once."""
        if self._ready:
            return
        self.clip = Clip.load(self.clip_folder)
        self.person = self.clip.subject(self.subject)
        self._choose_frames()
        used = np.union1d(self.train_frames, self.held_out_frames)
        scales = self.camera[0] / self.person.translation[self.train_frames, 2]
        self.geometry = PatchGeometry.of_faces(scales, self.largest)
        affines = np.stack([self.affine(t) for t in used])
        self.patches = open_training_patches(self.clip, self.subject, used, self.geometry, affines)
        self.points = np.stack([map_points(a, self._landmarks(t)) for t, a in zip(used, affines, strict=True)])
        self.rows = np.searchsorted(used, self.train_frames)
        self.geometry = self.geometry.reaching(self.points[self.rows, CHIN, 1] - self.geometry.size / 2)
        self._weigh_openings()
        self._ready = True

    def _choose_frames(self) -> None:
        """Choose what to learn from and what to measure by."""
        person = self.person
        whole = person.visible & np.isfinite(person.expression).all(1) & np.isfinite(person.translation).all(1)
        seen = np.flatnonzero(whole)
        training, held_out = np.split(seen, [np.searchsorted(seen, self.clip.train_range.stop)])
        if not len(training):
            raise FootageError(f"Clip {self.clip.name} shows nobody in its training part; give longer footage.")
        self.train_frames = spread_indices(training, self.frames)
        self.held_out_frames = held_out if len(held_out) else spread_indices(training, self.val_frames)
        self.measured = spread_indices(self.held_out_frames, self.val_frames)

    @property
    def camera(self) -> Float[np.ndarray, "4"]:
        """fx, fy, cx, cy of the full frame, px."""
        camera = self.clip.camera
        return np.array([camera.fx, camera.fy, camera.cx, camera.cy])

    @cached_property
    def _condition(self) -> Float[np.ndarray, "T 68 3"]:
        model = load_face_model(self.clip.facts.basis)
        return model.condition68(self.person.identity, fill_gaps(self.person.expression))

    def affine(self, frame: int) -> Affine:
        """Frame to patch, by the head's pose in one frame."""
        return self.geometry.to_patch(self.person.rotation[frame], self.person.translation[frame], self.camera)

    def _landmarks(self, frame: int) -> Float[np.ndarray, "68 2"]:
        """Where the fitted face has its landmarks, full frame px: what inference knows of a new motion, too."""
        model = load_face_model(self.clip.facts.basis)
        pose = self.person.rotation[frame], self.person.translation[frame]
        return project_landmarks(model, self._condition[frame], *pose, self.camera)

    def _weigh_openings(self) -> None:
        """How often each training frame is drawn by its mouth: by the square of its opening, shut ones seldom."""
        opening = np.nan_to_num(self.person.mouth_open[self.train_frames], nan=0.0)
        wide = max(float(np.quantile(opening, 0.95)), 1e-6)
        weight = np.clip(opening / wide, 0.1, 1.5) ** 2
        self.open_odds = weight / weight.sum()

    @cached_property
    def reference_rows(self) -> np.ndarray:
        """Rows of the patches that show the person from shut to open."""
        person, rows = self.person, self.train_frames
        opening = np.nan_to_num(person.mouth_open[rows], nan=0.0)
        clean = ~person.occluded[rows]
        chosen = choose_references(opening, person.rotation[rows], clean)
        return self.rows[chosen]

    @cached_property
    def references(self) -> tuple[UInt8[np.ndarray, "R S S 3"], Float[np.ndarray, "R 68 2"]]:
        """Patches of the person from shut to open, and their landmarks."""
        rows = self.reference_rows
        return np.stack([self.patches.rgb[row] for row in rows]), self.points[rows].astype(np.float32)

    def dimensions(self) -> dict[str, Any]:
        """What the data dictates to the module."""
        return asdict(self.geometry)

    def draw(self, number: int) -> LowerFaceBatch:
        """Draw batch `number`: some frames evenly, some by how far the mouth is open.

        Of several processes that train together, each gets its share of the frames.
        """
        rng = sample_rng(self.seed, number)
        count, wide = self.frames_per_step, round(self.open_share * self.frames_per_step)
        even = rng.integers(len(self.rows), size=count - wide)
        chosen = np.concatenate([even, rng.choice(len(self.rows), wide, p=self.open_odds)])
        own = self.local_share(count, "datamodule.frames_per_step")
        # By turns, so that each process gets even and wide ones alike.
        order = np.argsort(
            np.concatenate([np.arange(count - wide) / max(count - wide, 1), np.arange(wide) / max(wide, 1)])
        )
        return self.batch(self.rows[chosen[order][own]])

    def batch(self, rows: np.ndarray) -> LowerFaceBatch:
        """Batch of some rows of the patches."""
        size, scale = self.geometry.size, self.geometry.pixels_per_cm
        faces = [self.points[row] for row in rows]
        return LowerFaceBatch(
            patch=torch.stack([_picture(self.patches.rgb[row]) for row in rows]),
            maps=torch.stack([_picture(landmark_maps(face, size, scale)) for face in faces]),
            warped=torch.stack([torch.stack([_picture(one) for one in self._warped(face)]) for face in faces]),
            preference=torch.stack([torch.from_numpy(self._preference(face)) for face in faces]),
            counted=torch.stack([torch.from_numpy(self.patches.counted[row].astype(np.float32))[None] for row in rows]),
            lips=torch.stack([_picture(lip_region(face, size, scale)[..., None]) for face in faces]),
            frames=torch.from_numpy(self.patches.frames[rows]),
        )

    def _warped(self, face: Float[np.ndarray, "68 2"]) -> UInt8[np.ndarray, "R S S 3"]:
        return warp_references(*self.references, face)

    def _preference(self, face: Float[np.ndarray, "68 2"]) -> Float[np.ndarray, "R"]:
        return reference_preference(self.references[1], face, self.geometry.pixels_per_cm)

    def held_out(self, frame: int) -> LowerFaceBatch:
        """Batch of one frame of the clip that was kept."""
        return self.batch(np.array([self.patches.row(frame)]))

    def judge_all(self) -> None:
        """Let validations go through every held-out frame."""
        self.measured = self.held_out_frames

    def train_dataloader(self) -> DataLoader:
        """Batches without end, beginning where the trainer stands."""
        step = self.trainer.global_step if self.trainer else 0
        return DataLoader(NumberedBatchDataset(self.draw, step), batch_size=None, num_workers=self.workers)

    def val_dataloader(self) -> DataLoader:
        """Numbers of the held-out frames."""
        return DataLoader(
            range(len(self.measured)),  # pyright: ignore[reportArgumentType]  # any sequence is a map-style dataset
            batch_size=None,
        )

    def track(self) -> SourceTrack:
        """The footage's own poses and expressions, in full frame pixels."""
        person, count = self.person, self.clip.n_frames
        names = ("rotation", "translation", "eye_open", "expression", "visible", "occluded", "box")
        return SourceTrack(
            **{name: getattr(person, name) for name in names},
            body=body_track(person),
            path=np.tile([0.0, 0.0, 1.0], (count, 1)),
            cameras=np.tile(self.camera, (count, 1)),
        )

    def facts(self) -> dict[str, Any]:
        """What a bundle says of its origin."""
        return {
            "clip": self.clip.name,
            "clip_sha256": self.clip.sha256,
            "subject": self.subject,
            "fps": self.clip.fps,
            "basis": self.clip.facts.basis,
            "footage_size": list(self.clip.size),
            "pixels_per_cm": self.geometry.pixels_per_cm,
            "reach": self.geometry.reach,
            "train_frames": len(self.train_frames),
        }


def _picture(values: np.ndarray) -> Float[Tensor, "C S S"]:
    """Channels first, [0, 1]."""
    return torch.from_numpy(np.ascontiguousarray(np.asarray(values).transpose(2, 0, 1))).float() / 255
