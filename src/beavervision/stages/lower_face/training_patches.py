"""Patches of a clip's frames at the footage's own resolution, cut once and kept beside the clip."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Float, UInt8
from numpy.lib.format import open_memmap

from beavervision.artifacts.atomic_write import atomic_folder
from beavervision.artifacts.clip import Clip
from beavervision.artifacts.crops import FOLDER
from beavervision.artifacts.manifest import sha256_json, write_manifest
from beavervision.compositing.layers import grow
from beavervision.compositing.seam import FRONT
from beavervision.errors import ClipError
from beavervision.stages.lower_face.patch_geometry import Affine, PatchGeometry, opencv_affine, patch_picture, warp

VERSION = 1
"""Counted up when the meaning of what is kept changes, so that old caches are not read."""
FRONT_ROOM = 3.0
"""Pixels round it that do not count either: its outline in the label map is no sharper."""
ARRAYS = ("rgb", "counted")


@dataclass(frozen=True)
class TrainingPatches:
    """Patches of some frames, memory-mapped."""

    frames: np.ndarray
    """Which frames of the clip, rising [N]."""
    rgb: UInt8[np.ndarray, "N S S 3"]
    counted: UInt8[np.ndarray, "N S S"]
    """1 where the patch shows the person: inside the footage, nothing before the face."""

    def row(self, frame: int) -> int:
        """Where `frame` stands in the arrays."""
        return int(np.searchsorted(self.frames, frame))


def open_training_patches(
    clip: Clip, subject: int, frames: np.ndarray, geometry: PatchGeometry, affines: Float[np.ndarray, "N 2 3"]
) -> TrainingPatches:
    """Patches from the cache, or cut now, one frame in memory at a time.

    Args:
        clip: the footage.
        subject: whose label maps.
        frames: of the clip, rising.
        geometry: of the patches.
        affines: frame to patch, row by row.

    Raises:
        ClipError: when the footage has fewer frames than the clip.
    """
    key = {
        "version": VERSION,
        "clip": clip.sha256,
        "subject": subject,
        "size": geometry.size,
        "frames": frames.tolist(),
        "affines": sha256_json({"affines": affines.round(4).tolist()}),
    }
    folder = clip.folder / FOLDER / f"lower_face-{sha256_json(key)[:16]}"

    def complete(cache: Path) -> bool:
        return all((cache / f"{name}.npy").exists() for name in ARRAYS)

    if not complete(folder):
        with atomic_folder(folder, complete) as part:
            _write(part, clip, subject, frames, geometry, affines)
            write_manifest(part, "lower_face_patches", key)
    rgb, counted = (np.load(folder / f"{name}.npy", mmap_mode="r") for name in ARRAYS)
    return TrainingPatches(frames, rgb, counted)


def counted_pixels(labels: UInt8[np.ndarray, "H W"], affine: Affine, size: int) -> UInt8[np.ndarray, "S S"]:
    """1 where a patch shows the person: inside the frame, nothing before the face."""
    seen = (~np.isin(labels, FRONT)).astype(np.uint8)
    inside = cv2.warpAffine(np.ones_like(seen), opencv_affine(affine), (size, size), flags=cv2.INTER_NEAREST)
    front = warp(seen, affine, (size, size), cv2.INTER_NEAREST) == 0
    return (inside.astype(bool) & ~grow(front, FRONT_ROOM)).astype(np.uint8)


def _write(
    part: Path, clip: Clip, subject: int, frames: np.ndarray, geometry: PatchGeometry, affines: np.ndarray
) -> None:
    shape = (len(frames), geometry.size, geometry.size)
    rgb = open_memmap(part / "rgb.npy", "w+", np.uint8, (*shape, 3))
    counted = open_memmap(part / "counted.npy", "w+", np.uint8, shape)
    done = 0
    for row, picture, labels in _together(clip, subject, frames):
        rgb[row] = patch_picture(picture, affines[row], geometry.size)
        counted[row] = counted_pixels(labels, affines[row], geometry.size)
        done += 1
    if done != len(frames):
        raise ClipError(
            f"{clip.video} gave {done} of the {len(frames)} frames that clip {clip.name} shows a face in; prepare the "
            "clip again."
        )
    for array in (rgb, counted):
        array.flush()


def _together(clip: Clip, subject: int, frames: np.ndarray) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
    """Row, picture and label map of each frame."""
    wanted = frames.tolist()
    pairs = zip(clip.frames(wanted), clip.labels(wanted, subject), strict=False)
    for row, ((_, picture), (_, labels)) in enumerate(pairs):
        yield row, picture, labels
