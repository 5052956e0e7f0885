"""All people of the footage: the tracks of all segments, joined and stored on disk."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float, UInt8
from numpy.lib.format import open_memmap
from safetensors.numpy import load_file, save_file

from beavervision.errors import FootageError
from beavervision.face.landmarks import N_LANDMARKS
from beavervision.preprocess.face_track import FaceTrack
from beavervision.preprocess.face_visibility import FacePresence, names
from beavervision.preprocess.reidentification import join_tracks
from beavervision.preprocess.shot_detection import ShotBoundaries, detect_shots

VERSION = 4
FACTS, CUTS = "people.json", "cuts.safetensors"
BOXES, LANDMARKS, SHARPNESS = "boxes.npy", "landmarks_{}.npy", "sharpness_{}.npy"


@dataclass(frozen=True)
class PersonTracks:
    """The people of a clip, numbered from left to right."""

    folder: Path
    facts: list[dict[str, Any]]
    """Facts per person: number, name, frames (with the face), face_height_px (median)."""
    people: list[FacePresence]
    """Position of each person's face over time."""
    cuts: ShotBoundaries
    """The shot boundaries."""

    @classmethod
    def load(cls, folder: Path) -> PersonTracks:
        """Read the output of `gather_tracks`."""
        people = [FacePresence(box) for box in np.load(folder / BOXES, mmap_mode="r")]
        facts = json.loads((folder / FACTS).read_text(encoding="utf-8"))
        return cls(folder, facts, people, ShotBoundaries(**load_file(folder / CUTS)))

    def landmarks(self, person: int) -> Float[np.ndarray, "T 478 3"]:
        """Full-frame px, NaN where the face was not found; memory-mapped."""
        return np.load(self.folder / LANDMARKS.format(person), mmap_mode="r")

    def sharpness(self, person: int) -> Float[np.ndarray, "T"]:
        """See `sharpness.sharpness`; NaN where the face was not found."""
        return np.load(self.folder / SHARPNESS.format(person))


def gather_tracks(
    part: Path, tracks: Sequence[FaceTrack], signatures: UInt8[np.ndarray, "T 18 32 3"], video: Path
) -> None:
    """Detect the cuts, join tracks to people and write the facts of each into `part`.

    Raises:
        FootageError: when the footage shows nobody.
    """
    n_frames, cuts = len(signatures), detect_shots(signatures)
    people = join_tracks(tracks, cuts.firsts)
    if not people:
        raise FootageError(f"{video} shows no face anywhere; use footage in which a face is seen, or other data.start.")
    for number, person in enumerate(people):
        shape = (n_frames, N_LANDMARKS, 3)
        landmarks = open_memmap(part / LANDMARKS.format(number), "w+", np.float32, shape)
        person.landmarks(n_frames, landmarks)
        landmarks.flush()
        np.save(part / SHARPNESS.format(number), person.sharpness(n_frames))
    presences = [person.presence(n_frames) for person in people]
    facts = [
        {"number": number, "name": name, "frames": person.n_frames, "face_height_px": person.height}
        for number, (name, person) in enumerate(zip(names(presences), presences, strict=True))
    ]
    np.save(part / BOXES, np.stack([person.box for person in presences]))
    save_file({"firsts": cuts.firsts, "mixed": cuts.mixed}, part / CUTS)
    (part / FACTS).write_text(json.dumps(facts, indent=2), encoding="utf-8")
