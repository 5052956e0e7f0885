"""A rendered scene on disk: its files, and the ground truth of each person."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float, UInt8

from beavervision.audio.waveform import Waveform, load_waveform, save_waveform
from beavervision.synthetic.ground_truth import Truth
from beavervision.video.lossless import read_gray

TRUTH, LABELS, SOUND, FACTS = "truth_{}.safetensors", "labels_{}.mkv", "sound.wav", "scene.json"


@dataclass(frozen=True)
class Recording:
    """Ground truth of a scene at ticks of 25 per second, and the paths of its files."""

    folder: Path
    name: str
    says: str
    videos: dict[str, str]
    """File of each video in `folder`, by its full name."""
    people: list[Truth]
    covered: Float[np.ndarray, "P T"]
    """Share of each face that is occluded."""
    cuts: tuple[int, ...]
    """Ticks at which later shots begin."""

    def video(self, reel: str) -> Path:
        """Path of a video file."""
        return self.folder / self.videos[reel]

    def labels(self, person: int) -> Iterator[tuple[int, UInt8[np.ndarray, "H W"]]]:
        """Yield (tick, label map of a person)."""
        return enumerate(read_gray(self.folder / LABELS.format(person)))

    def sound(self) -> Float[np.ndarray, "N"]:
        """Sound at 16 kHz, with sample 0 at the first image."""
        return load_waveform(self.folder / SOUND).samples

    def save(self, sound: Waveform) -> None:
        """Write everything except images and label maps."""
        for i, truth in enumerate(self.people):
            truth.save(self.folder / TRUTH.format(i))
        save_waveform(self.folder / SOUND, sound)
        facts = {
            "name": self.name,
            "says": self.says,
            "videos": self.videos,
            "covered": np.round(self.covered, 4).tolist(),
            "cuts": list(self.cuts),
        }
        (self.folder / FACTS).write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> Recording:
        """Read the output of `save`."""
        facts = json.loads((folder / FACTS).read_text(encoding="utf-8"))
        covered = np.array(facts["covered"])
        people = [Truth.load(folder / TRUTH.format(i)) for i in range(len(covered))]
        return cls(folder, facts["name"], facts["says"], facts["videos"], people, covered, tuple(facts["cuts"]))
