"""Training data of the torso: some pixels of some frames, drawn as a pure function of seed and step."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch.utils.data import DataLoader, IterableDataset

from beavervision.artifacts.clip import Clip
from beavervision.artifacts.crops import open_crops
from beavervision.errors import BeaverError
from beavervision.face.framing import FrameSpec
from beavervision.face.providers import load_face_model
from beavervision.stages.base import StageData
from beavervision.stages.draws import draw_rng
from beavervision.stages.radnerf_torso.batch import TorsoBatch
from beavervision.stages.radnerf_torso.conditioner import JAW, TorsoConditioner
from beavervision.stages.radnerf_torso.frozen_head import STAGE as HEAD_STAGE
from beavervision.stages.radnerf_torso.frozen_head import FrozenHead, check_head, kept
from beavervision.stages.radnerf_torso.held_out import HeldOut
from beavervision.stages.radnerf_torso.network import canvas_points
from beavervision.stages.radnerf_torso.target_cache import open_targets
from beavervision.stages.radnerf_torso.track import SourceTrack
from beavervision.types import Label


class TorsoData(StageData):
    """Pixels of a clip's training frames under a frozen head.

    Args:
        clip: folder of the Clip.
        frame: the canvas; the head's bundle has to have the same.
        upstream: has the bundle of radnerf_head.
        subject: which person.
        frames_per_step, points_per_frame: size of a batch.
        reach: how far the torso goes on under the head, in face heights.
        head_frames: training frames whose head is rendered, for the seam.
        val_frames: held-out frames to measure by.
        seed: of the draws.
        backend: of the head's grids.
    """

    def __init__(
        self,
        clip: Path,
        frame: FrameSpec,
        upstream: dict[str, Path],
        subject: int = 0,
        frames_per_step: int = 8,
        points_per_frame: int = 2048,
        reach: float = 0.2,
        head_frames: int = 48,
        val_frames: int = 8,
        seed: int = 0,
        backend: str = "auto",
    ) -> None:
        super().__init__()
        self.clip_folder, self.frame, self.head_folder = Path(clip), frame, Path(upstream[HEAD_STAGE])
        self.subject, self.reach, self.seed, self.backend = subject, reach, seed, backend
        self.frames_per_step, self.points_per_frame = frames_per_step, points_per_frame
        self.head_frames, self.val_frames = head_frames, val_frames
        self._ready = False

    def setup(self, stage: str | None = None) -> None:
        """Open the clip's crops and targets, check and render the head; once."""
        if self._ready:
            return
        self.clip = Clip.load(self.clip_folder)
        check_head(self.head_folder, self.clip, self.frame.slug)
        self.person = self.clip.subjects[self.subject]
        self.crops = open_crops(self.clip, self.subject, self.frame)
        self.track = SourceTrack.of(self.person, self.crops)
        visible = np.flatnonzero(self.person.visible)
        self.train_frames = visible[visible < self.clip.train_range.stop]
        if not len(self.train_frames):
            raise BeaverError(f"Clip {self.clip.name} shows nobody in its training part; give longer footage.")
        face = np.nanmedian((self.track.box[:, 3] - self.track.box[:, 1]) * self.crops.path[:, 2])
        self.targets = open_targets(self.crops, self.person.visible, self.reach * face)
        self.region = self._region()
        self.conditioner = TorsoConditioner.fit(self._jaw(), self.crops.size, self.track.take(self.train_frames))
        known = self.track.take(self.train_frames)
        self.conditions = self.conditioner.condition(known)
        self.points = canvas_points(*self.crops.size).reshape(-1, 2)
        self._render_heads(visible)
        self._ready = True

    def _region(self) -> Bool[np.ndarray, "H W"]:
        region = self.targets.region(self.train_frames)
        if not region.any():
            raise BeaverError(
                f"Clip {self.clip.name} on canvas {self.frame.slug} shows neither neck nor shoulders; choose a "
                "smaller frame.face_scale= or frame=native for head and torso."
            )
        return region

    def _jaw(self) -> Float[np.ndarray, "7 3"]:
        """Jaw points of the person at rest, head space, cm."""
        model = load_face_model(self.clip.facts["basis"])
        rest = model.vertices(self.person.identity, np.zeros(model.exp_basis.shape[0]))
        return rest[model.landmarks68[JAW]]

    def _render_heads(self, visible: np.ndarray) -> None:
        """Render the head of some training frames and of the held-out frames to measure by."""
        held_out = visible[visible >= self.clip.train_range.stop]
        chosen = spread(self.train_frames, self.head_frames)
        measured = spread(held_out if len(held_out) else self.train_frames, self.val_frames)
        head = FrozenHead(self.head_folder, self.clip, self.person, self.crops, self.backend)
        wanted = np.unique(np.concatenate([chosen, measured]))
        self.heads = kept(head.render(wanted))
        self.seam_rows = np.flatnonzero(np.isin(self.train_frames, chosen))
        self.measured = measured

    def dimensions(self) -> dict[str, Any]:
        """What the data dictates to the module."""
        width, height = self.crops.size
        return {
            "condition": self.conditions.points.shape[1],
            "n_frames": len(self.train_frames),
            "width": width,
            "height": height,
        }

    def draw(self, number: int) -> TorsoBatch:
        """Draw batch `number`: half of its frames from those whose head is rendered, pixels from the region."""
        rng = draw_rng(self.seed, number)
        seam = rng.choice(self.seam_rows, self.frames_per_step // 2) if len(self.seam_rows) else np.zeros(0, int)
        rows = np.concatenate([rng.integers(len(self.train_frames), size=self.frames_per_step - len(seam)), seam])
        where = np.flatnonzero(self.region)
        pixels = where[rng.integers(len(where), size=(len(rows), self.points_per_frame))]
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
        """What is known of some pixels of one frame."""
        colour = _floats(self.targets.colour[frame].reshape(-1, 3)[pixels])
        kind = self.targets.kind[frame].reshape(-1)[pixels].astype(np.int64)
        plate, head = self.crops.plate(frame), self.heads.get(frame)
        return {
            "colour": colour,
            "kind": kind,
            # Without a plate the picture itself stands behind empty pixels, and black behind the body.
            "background": colour * (kind == 2)[:, None] if plate is None else _floats(plate.reshape(-1, 3)[pixels]),
            "head_rgb": np.zeros_like(colour) if head is None else _floats(head.rgb.reshape(-1, 3)[pixels]),
            "head_alpha": np.zeros_like(colour[:, 0]) if head is None else _floats(head.alpha.reshape(-1)[pixels]),
            "has_head": np.array(head is not None),
        }

    def held_out(self, index: int) -> HeldOut:
        """Held-out frame number `index` to measure by."""
        t = int(self.measured[index])
        picture = _floats(self.crops.rgb[t])
        plate = self.crops.plate(t)
        foreign = np.isin(self.crops.labels[t], (Label.HAND, Label.OTHER))
        return HeldOut(
            frame=t,
            picture=torch.from_numpy(picture),
            counted=torch.from_numpy(self.crops.inside[t] & ~foreign),
            head_rgb=torch.from_numpy(_floats(self.heads[t].rgb)),
            head_alpha=torch.from_numpy(_floats(self.heads[t].alpha)),
            background=torch.from_numpy(picture if plate is None else _floats(plate)),
        )

    def train_dataloader(self) -> DataLoader:
        """Batches without end, beginning where the trainer stands."""
        trainer = self.trainer
        first = trainer.global_step * trainer.world_size + trainer.global_rank
        return DataLoader(_Draws(self, first, trainer.world_size), batch_size=None)

    def val_dataloader(self) -> DataLoader:
        """Numbers of the held-out frames."""
        return DataLoader(range(len(self.measured)), batch_size=None)

    def facts(self) -> dict[str, Any]:
        """What a bundle says of its origin."""
        return {
            "clip": self.clip.name,
            "clip_sha256": self.clip.sha256,
            "subject": self.subject,
            "frame": self.frame.slug,
            "frame_spec": asdict(self.frame),
            "fps": self.clip.fps,
            "basis": self.clip.facts["basis"],
            "footage_size": list(self.clip.size),
            "train_frames": len(self.train_frames),
        }


class _Draws(IterableDataset):
    """Every `step`-th draw from `first` on."""

    def __init__(self, data: TorsoData, first: int, step: int) -> None:
        self._data, self._first, self._step = data, first, step

    def __iter__(self) -> Iterator[TorsoBatch]:
        number = self._first
        while True:
            yield self._data.draw(number)
            number += self._step


def spread(frames: np.ndarray, n: int) -> np.ndarray:
    """At most `n` of the frames, evenly spread over them."""
    if len(frames) <= n:
        return frames
    return frames[np.linspace(0, len(frames) - 1, n).round().astype(int)]


def _floats(values: np.ndarray) -> np.ndarray:
    return np.asarray(values, np.float32) / np.float32(255)
