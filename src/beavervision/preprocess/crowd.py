"""Crowd: everybody who was seen, joined from the segments' tracks, on disk."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from beavervision.errors import BeaverError
from beavervision.preprocess.people import join
from beavervision.preprocess.track import Track, landmark_box

VERSION = 1
BOXES, LANDMARKS, FACTS = "boxes.npy", "landmarks_{}.npy", "people.json"


@dataclass(frozen=True)
class Crowd:
    """The people of a clip, numbered."""

    folder: Path
    facts: list[dict[str, Any]]
    """One a person: number, frames (that show the face), face_height_px (median)."""

    @classmethod
    def load(cls, folder: Path) -> Crowd:
        """Read what `gather` wrote."""
        return cls(folder, json.loads((folder / FACTS).read_text(encoding="utf-8")))

    def landmarks(self, person: int) -> Float[np.ndarray, "T 478 3"]:
        """Full-frame px, NaN where the face was not found; mapped."""
        return np.load(self.folder / LANDMARKS.format(person), mmap_mode="r")


def gather(part: Path, tracks: Sequence[Track], n_frames: int, video: Path) -> None:
    """Join tracks to people and write what is known of each into `part`.

    Raises:
        BeaverError: when there is nobody.
    """
    people = join(list(tracks))
    if not people:
        raise BeaverError(f"{video} shows no face anywhere; use footage in which a face is seen, or other data.start.")
    boxes, facts = [], []
    for number, person in enumerate(people):
        landmarks = person.landmarks(n_frames)
        np.save(part / LANDMARKS.format(number), landmarks)
        box = landmark_box(landmarks)
        boxes.append(box)
        height = box[:, 3] - box[:, 1]
        known = np.isfinite(height)
        facts.append({"number": number, "frames": int(known.sum()), "face_height_px": float(np.median(height[known]))})
    np.save(part / BOXES, np.stack(boxes))
    (part / FACTS).write_text(json.dumps(facts, indent=2), encoding="utf-8")
