"""The torso's targets of every frame, worked out once and kept beside the crops."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Bool, UInt8
from numpy.lib.format import open_memmap

from beavervision.artifacts.crops import Crops
from beavervision.artifacts.manifest import Manifest, sha256_json
from beavervision.artifacts.store import atomic_folder
from beavervision.stages.radnerf_torso.targets import Target, torso_targets
from beavervision.video.layers import grow

VERSION = 3
"""Counted up when the meaning of the targets changes, so that old caches are not read."""

ROOM = 0.04
"""Room left round the places where the torso was seen, in canvas heights, for poses between the frames."""


@dataclass(frozen=True)
class TargetCache:
    """Targets of a clip's visible frames, memory-mapped; rows of other frames are all unknown."""

    colour: UInt8[np.ndarray, "T H W 3"]
    kind: UInt8[np.ndarray, "T H W"]
    """`targets.Target`"""

    def region(self, frames: np.ndarray) -> Bool[np.ndarray, "H W"]:
        """Pixels where the torso can be, by the frames given."""
        seen = np.zeros(self.kind.shape[1:], bool)
        for frame in frames:
            seen |= np.isin(self.kind[frame], (Target.BODY, Target.UNDER, Target.SEAM))
        return grow(seen, ROOM * seen.shape[0])


def open_targets(crops: Crops, visible: Bool[np.ndarray, "T"], reach: float) -> TargetCache:
    """Targets of `crops`, from their cache or made now.

    Args:
        crops: the footage on its canvas.
        visible: frames that show the subject.
        reach: pixels that the torso continues under the head.
    """
    key = {"version": VERSION, "reach": round(float(reach), 3)}
    folder = crops.folder.with_name(f"{crops.folder.name}-torso-{sha256_json(key)[:8]}")
    if not (folder / "kind.npy").exists():
        with atomic_folder(folder) as part:
            _write(part, crops, visible, reach)
            Manifest("targets", key).write(part)
    return TargetCache(*(np.load(folder / f"{name}.npy", mmap_mode="r") for name in ("colour", "kind")))


def _write(part: Path, crops: Crops, visible: np.ndarray, reach: float) -> None:
    colour = open_memmap(part / "colour.npy", "w+", np.uint8, crops.rgb.shape)
    kind = open_memmap(part / "kind.npy", "w+", np.uint8, crops.labels.shape)
    for t in np.flatnonzero(visible):
        colour[t], kind[t] = torso_targets(crops.rgb[t], crops.labels[t], crops.inside[t], reach)
    colour.flush()
    kind.flush()
