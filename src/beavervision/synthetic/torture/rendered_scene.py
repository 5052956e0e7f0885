"""A rendered scene on disk: its files and what is true of it, person by person."""

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
    """What is true of a scene at the ticks of 25 a second, and where its files are."""

    folder: Path
    name: str
    says: str
    videos: dict[str, str]
    """File of each reel in `folder`, by the reel's whole name."""
    people: list[Truth]
    covered: Float[np.ndarray, "P T"]
    """Share of each face that something hides."""
    cuts: tuple[int, ...]
    """Ticks at which another shot begins."""

    def video(self, reel: str) -> Path:
        """File of a reel."""
        return self.folder / self.videos[reel]

    def labels(self, person: int) -> Iterator[tuple[int, UInt8[np.ndarray, "H W"]]]:
        """Yield (tick, label map of a person)."""
        return enumerate(read_gray(self.folder / LABELS.format(person)))

    def sound(self) -> Float[np.ndarray, "N"]:
        """What is heard, 16 kHz, sample 0 at the first picture."""
        return load_waveform(self.folder / SOUND).samples

    def save(self, sound: Waveform) -> None:
        """Write everything but pictures and label maps."""
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
        (self.folder / FACTS).write_text(json.dumps(facts, indent=1) + "\n")

    @classmethod
    def load(cls, folder: Path) -> Recording:
        """Read what `save` wrote."""
        facts = json.loads((folder / FACTS).read_text())
        covered = np.array(facts["covered"])
        people = [Truth.load(folder / TRUTH.format(i)) for i in range(len(covered))]
        return cls(folder, facts["name"], facts["says"], facts["videos"], people, covered, tuple(facts["cuts"]))
