"""Training data of the torso: some pixels of some frames, drawn as a pure function of seed and step."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Float, UInt8
from torch.utils.data import DataLoader

from beavervision.artifacts.clip import Clip
from beavervision.artifacts.crops import cut, open_crops
from beavervision.data.sampling import NumberedBatchDataset, sample_rng, spread_indices
from beavervision.errors import FootageError
from beavervision.face.framing import FrameSpec
from beavervision.face.model_registry import load_face_model
from beavervision.stages.base import StageData
from beavervision.stages.radnerf_torso.batch import TorsoBatch
from beavervision.stages.radnerf_torso.canonical_body import most_central_frame
from beavervision.stages.radnerf_torso.conditioner import JAW, TorsoConditioner
from beavervision.stages.radnerf_torso.evaluation import HeldOut
from beavervision.stages.radnerf_torso.frozen_head import STAGE as HEAD_STAGE
from beavervision.stages.radnerf_torso.frozen_head import FrozenHead, check_head, head_poses, keep_rendered
from beavervision.stages.radnerf_torso.network import canvas_points
from beavervision.stages.radnerf_torso.pixel_grid import PixelGrid
from beavervision.stages.radnerf_torso.registration import registered_body
from beavervision.stages.radnerf_torso.targets import TorsoTarget
from beavervision.stages.radnerf_torso.training_frames import open_training_frames
from beavervision.stages.source_track import SourceTrack


class TorsoData(StageData):
    """Pixels of a clip's training frames under a frozen head.

    Args:
        clip: folder of the Clip.
        frame: the canvas, which must equal that of the head's bundle.
        upstream: contains the bundle of radnerf_head.
        subject: number of the person.
        detail: torso pixels per canvas pixel, along each axis; limited by the footage's resolution.
        frames: number of training frames, evenly spaced.
        frames_per_step, points_per_frame: size of a batch.
        reach: distance that the torso continues under the head, face heights.
        head_frames: number of training frames whose head is rendered, for the seam.
        val_frames: number of held-out frames for validation.
        seed: seed of the draws.
        backend: backend of the head's grids.
        workers: number of worker processes of the loader.
    """

    def __init__(
        self,
        clip: Path,
        frame: FrameSpec,
        upstream: dict[str, Path],
        subject: int = 0,
        detail: float = 2.0,
        frames: int = 240,
        frames_per_step: int = 8,
        points_per_frame: int = 2048,
        reach: float = 0.2,
        head_frames: int = 48,
        val_frames: int = 8,
        seed: int = 0,
        backend: str = "auto",
        workers: int = 0,
    ) -> None:
        super().__init__()
        self.clip_folder, self.frame, self.head_folder = Path(clip), frame, Path(upstream[HEAD_STAGE])
        self.subject, self.reach, self.seed, self.backend = subject, reach, seed, backend
        self.detail, self.frames = detail, frames
        self.frames_per_step, self.points_per_frame = frames_per_step, points_per_frame
        self.head_frames, self.val_frames = head_frames, val_frames
        self.workers = workers
        self._ready, self._last_plate = False, None

    def setup(self, stage: str | None = None) -> None:
        """Open the clip's crops and targets, check and render the head; once."""
        if self._ready:
            return
        self.clip = Clip.load(self.clip_folder)
        check_head(self.head_folder, self.clip, self.frame.slug)
        self.person = self.clip.subjects[self.subject]
        self.crops = open_crops(self.clip, self.subject, self.frame)
        self.track = SourceTrack.of(self.person, self.crops).posed(*head_poses(self.head_folder))
        self._choose_frames()
        reference = most_central_frame(self.track, self.train_frames, self.crops)
        shown = np.flatnonzero(self.person.visible)
        self.track = replace(self.track, body=registered_body(self.track, self.crops, shown, reference))
        face = np.nanmedian((self.track.box[:, 3] - self.track.box[:, 1]) * self.crops.path[:, 2])
        self.raster = PixelGrid.of(self.crops.size, self.crops.path, self.detail)
        self.footage = open_training_frames(
            self.clip, self.crops.path, self.raster, self.train_frames, self.measured, self.reach * face, self.subject
        )
        self.region = self._region()
        known = self.track.take(self.train_frames)
        self.conditioner = TorsoConditioner.fit(self._jaw(), self.crops.size, known)
        self.conditions = self.conditioner.condition(known)
        self.points = canvas_points(*self.raster.canvas, 1 / self.raster.detail).reshape(-1, 2)
        self._render_heads()
        self._ready = True

    def _choose_frames(self) -> None:
        """Choose the training and validation frames."""
        visible = np.flatnonzero(self.person.visible)
        training, held_out = np.split(visible, [np.searchsorted(visible, self.clip.train_range.stop)])
        if not len(training):
            raise FootageError(f"Clip {self.clip.name} shows nobody in its training part; give longer footage.")
        self.train_frames = spread_indices(training, self.frames)
        self.measured = spread_indices(held_out if len(held_out) else self.train_frames, self.val_frames)

    def _region(self) -> Bool[np.ndarray, "H W"]:
        region = self.footage.region(self.train_frames)
        if not region.any():
            raise FootageError(
                f"Clip {self.clip.name} on canvas {self.frame.slug} shows neither neck nor shoulders; choose a "
                "smaller frame.face_scale= or frame=native for head and torso."
            )
        return region

    def _jaw(self) -> Float[np.ndarray, "7 3"]:
        """Jaw points of the neutral face, head space, cm."""
        model = load_face_model(self.clip.facts.basis)
        rest = model.vertices(self.person.identity, np.zeros(model.exp_basis.shape[0]))
        return rest[model.landmarks68[JAW]]

    def _render_heads(self) -> None:
        """Render the head of some training frames and of the validation frames."""
        chosen = spread_indices(self.train_frames, self.head_frames)
        self.heads = keep_rendered(self.frozen_head().render(np.union1d(chosen, self.measured)))
        self.seam_rows = np.flatnonzero(np.isin(self.train_frames, chosen))

    def frozen_head(self) -> FrozenHead:
        """The frozen head, ready to render the clip's frames."""
        return FrozenHead(self.head_folder, self.clip, self.person, self.crops, self.backend)

    def dimensions(self) -> dict[str, Any]:
        """Arguments of the module that follow from the data."""
        width, height = self.crops.size
        return {
            "condition": self.conditions.points.shape[1],
            "n_frames": len(self.train_frames),
            "width": width,
            "height": height,
        }

    def draw(self, number: int) -> TorsoBatch:
        """Draw batch `number`: half of its frames from those with a rendered head, pixels from the region.

        In distributed training each process gets its share of the frames.
        """
        rng = sample_rng(self.seed, number)
        seam = rng.choice(self.seam_rows, self.frames_per_step // 2) if len(self.seam_rows) else np.zeros(0, int)
        rows = np.concatenate([rng.integers(len(self.train_frames), size=self.frames_per_step - len(seam)), seam])
        where = np.flatnonzero(self.region)
        pixels = where[rng.integers(len(where), size=(len(rows), self.points_per_frame))]
        own = self.local_share(len(rows), "datamodule.frames_per_step")
        rows, pixels = rows[own], pixels[own]
        parts = [self._pixels(int(self.train_frames[row]), some) for row, some in zip(rows, pixels, strict=True)]
        condition = self.conditions.take(rows)
        return TorsoBatch.from_dict(
            {name: torch.from_numpy(np.stack([part[name] for part in parts])) for name in parts[0]}
            | {
                "points": self.points[torch.from_numpy(pixels)],
                "condition": torch.from_numpy(condition.points),
                "head": torch.from_numpy(condition.head),
                "body": torch.from_numpy(condition.body),
                "frames": torch.from_numpy(rows),
            }
        )

    def _pixels(self, frame: int, pixels: np.ndarray) -> dict[str, np.ndarray]:
        """Targets and colours of some pixels of one frame."""
        row = self.footage.row(frame)
        colour = _floats(self.footage.colour[row].reshape(-1, 3)[pixels])
        kind = self.footage.kind[row].reshape(-1)[pixels].astype(np.int64)
        plate, head = self._plate(frame), self.heads.get(frame)
        if plate is None:
            kind[kind == TorsoTarget.EDGE] = TorsoTarget.UNKNOWN  # their background is unknown
        # Without a plate the footage itself is the background of empty pixels, and black that of the body.
        empty = (kind == TorsoTarget.EMPTY)[:, None]
        return {
            "colour": colour,
            "kind": kind,
            "background": colour * empty if plate is None else _floats(plate.reshape(-1, 3)[pixels]),
            "head_rgb": np.zeros_like(colour) if head is None else _floats(self.raster.sample(head.rgb, pixels)),
            "head_alpha": np.zeros_like(colour[:, 0])
            if head is None
            else _floats(self.raster.sample(head.alpha, pixels)),
            "has_head": np.array(head is not None),
        }

    def _plate(self, frame: int) -> UInt8[np.ndarray, "H W 3"] | None:
        """Background of a frame on the pixel grid; the last one is cached, because it rarely changes."""
        if self.crops.full_plate is None:
            return None
        row = tuple(self.raster.window(self.crops.path[frame]))
        if self._last_plate is None or self._last_plate[0] != row:
            self._last_plate = (row, cut(self.crops.full_plate, np.array(row), self.raster.size))
        return self._last_plate[1]

    def held_out(self, index: int) -> HeldOut:
        """Held-out frame number `index` for validation."""
        t = int(self.measured[index])
        picture, plate = _floats(self.footage.picture[index]), self._plate(t)
        head = self.heads[t]
        return HeldOut(
            frame=t,
            picture=torch.from_numpy(picture),
            counted=torch.from_numpy(np.array(self.footage.counted[index])),
            kind=np.asarray(self.footage.kind[self.footage.row(t)]),
            head_rgb=torch.from_numpy(_floats(self.raster.refine(head.rgb))),
            head_alpha=torch.from_numpy(_floats(self.raster.refine(head.alpha))),
            background=torch.from_numpy(picture if plate is None else _floats(plate)),
        )

    def train_dataloader(self) -> DataLoader:
        """Endless batches, starting at the trainer's step."""
        step = self.trainer.global_step if self.trainer else 0
        return DataLoader(NumberedBatchDataset(self.draw, step), batch_size=None, num_workers=self.workers)

    def val_dataloader(self) -> DataLoader:
        """Numbers of the held-out frames."""
        return DataLoader(
            range(len(self.measured)),  # pyright: ignore[reportArgumentType]  # any sequence is a map-style dataset
            batch_size=None,
        )

    def facts(self) -> dict[str, Any]:
        """Facts of the training data for the bundle."""
        return {
            "clip": self.clip.name,
            "clip_sha256": self.clip.sha256,
            "subject": self.subject,
            "frame": self.frame.slug,
            "frame_spec": asdict(self.frame),
            "fps": self.clip.fps,
            "basis": self.clip.facts.basis,
            "footage_size": list(self.clip.size),
            "canvas": list(self.raster.canvas),
            "detail": self.raster.detail,
            "train_frames": len(self.train_frames),
        }


def _floats(values: np.ndarray) -> np.ndarray:
    return np.asarray(values, np.float32) / np.float32(255)
