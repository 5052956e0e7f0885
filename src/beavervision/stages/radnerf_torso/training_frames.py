"""Training frames of the torso on its pixel grid, with targets; computed once and cached beside the clip."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float, UInt8
from numpy.lib.format import open_memmap

from beavervision.artifacts.atomic_write import atomic_folder
from beavervision.artifacts.clip import Clip
from beavervision.artifacts.crops import FOLDER, cut
from beavervision.artifacts.manifest import sha256_json, write_manifest
from beavervision.compositing.layers import grow
from beavervision.face.framing import inside_footage
from beavervision.stages.radnerf_torso.pixel_grid import PixelGrid
from beavervision.stages.radnerf_torso.targets import TorsoTarget, torso_targets
from beavervision.types import Label

VERSION = 2
"""Version of the cache format; it is raised when the format changes."""

ROOM = 0.04
"""Margin around the region where the torso was visible, canvas heights, for poses between the frames."""


@dataclass(frozen=True)
class TorsoTrainingFrames:
    """Frames on the torso's pixel grid, memory-mapped."""

    frames: np.ndarray
    """Indices of the frames in the clip, ascending [N]."""
    colour: UInt8[np.ndarray, "N H W 3"]
    """The footage, and under the head an estimate of what it hides."""
    kind: UInt8[np.ndarray, "N H W"]
    """`targets.TorsoTarget`"""
    picture: UInt8[np.ndarray, "V H W 3"]
    """The held-out frames, unmodified."""
    counted: Bool[np.ndarray, "V H W"]
    """Their counted pixels: no hand, no other object, no padding."""
    held_out: np.ndarray
    """Indices of the held-out frames in the clip, ascending [V]."""

    def row(self, frame: int) -> int:
        """Row of `frame` in `colour` and `kind`."""
        return int(np.searchsorted(self.frames, frame))

    def region(self, frames: np.ndarray) -> Bool[np.ndarray, "H W"]:
        """Pixels where the torso can be, from the given frames."""
        seen = np.zeros(self.kind.shape[1:], bool)
        for frame in frames:
            seen |= np.isin(
                self.kind[self.row(frame)], (TorsoTarget.BODY, TorsoTarget.EDGE, TorsoTarget.UNDER, TorsoTarget.SEAM)
            )
        return grow(seen, ROOM * seen.shape[0])


def open_training_frames(
    clip: Clip,
    path: Float[np.ndarray, "T 3"],
    raster: PixelGrid,
    frames: np.ndarray,
    held_out: np.ndarray,
    reach: float,
    subject: int = 0,
) -> TorsoTrainingFrames:
    """Frames with their targets, from the cache or computed now.

    Args:
        clip: the footage.
        path: x0, y0, scale of the head's canvas in every frame.
        raster: pixel grid of the torso.
        frames: training frames.
        held_out: held-out frames.
        reach: distance that the torso continues under the head, px of the canvas.
        subject: number of the person.
    """
    every = np.union1d(frames, held_out)
    key = {
        "version": VERSION,
        "clip": clip.sha256,
        "subject": subject,
        "raster": asdict(raster),
        "path": sha256_json({"path": path.round(4).tolist()}),
        "frames": every.tolist(),
        "held_out": held_out.tolist(),
        "reach": round(float(reach), 3),
    }
    folder = clip.folder / FOLDER / f"torso-{sha256_json(key)[:16]}"
    names = ("colour", "kind", "picture", "counted")

    def complete(cache: Path) -> bool:
        return all((cache / f"{name}.npy").exists() for name in names)

    if not complete(folder):
        with atomic_folder(folder, complete) as part:
            _write(part, clip, path, raster, every, held_out, reach, subject)
            write_manifest(part, "torso_footage", key)
    colour, kind, picture, counted = (np.load(folder / f"{name}.npy", mmap_mode="r") for name in names)
    return TorsoTrainingFrames(every, colour, kind, picture, counted, held_out)


def _write(
    part: Path,
    clip: Clip,
    path: np.ndarray,
    raster: PixelGrid,
    frames: np.ndarray,
    held_out: np.ndarray,
    reach: float,
    subject: int,
) -> None:
    width, height = raster.size
    shape, measured = (len(frames), height, width), (len(held_out), height, width)
    colour = open_memmap(part / "colour.npy", "w+", np.uint8, (*shape, 3))
    kind = open_memmap(part / "kind.npy", "w+", np.uint8, shape)
    picture = open_memmap(part / "picture.npy", "w+", np.uint8, (*measured, 3))
    counted = open_memmap(part / "counted.npy", "w+", np.bool_, measured)
    wanted = frames.tolist()
    pairs = zip(clip.frames(wanted), clip.labels(wanted, subject), strict=True)
    for row, ((t, frame), (_, regions)) in enumerate(pairs):
        window = raster.window(path[t])
        rgb, labels = cut(frame, window, raster.size), cut(regions, window, raster.size, nearest=True)
        inside = inside_footage(window, clip.size, raster.size)
        colour[row], kind[row] = torso_targets(rgb, labels, inside, reach * raster.detail, raster.detail)
        for place in np.flatnonzero(held_out == t):
            picture[place] = rgb
            counted[place] = inside & ~np.isin(labels, (Label.HAND, Label.OTHER))
    for array in (colour, kind, picture, counted):
        array.flush()
