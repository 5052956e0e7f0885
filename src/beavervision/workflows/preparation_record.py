"""What a clip was prepared from: `prepared.json` beside it, so that later commands need only its name."""

from __future__ import annotations

import json
from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from typing import Any

from beavervision.artifacts.atomic_write import atomic_file
from beavervision.config.schemas import DataSettings

NOTE = "prepared.json"
CHOSEN = ("fps", "start", "end", "focal", "subject", "gap", "segmenter")
"""Settings of `data` that decide what the clip holds."""
DEFAULTS = {f.name: f.default for f in fields(DataSettings) if f.default is not MISSING}


@dataclass(frozen=True)
class PreparationRecord:
    """The footage and the settings that a clip was made from."""

    video: str
    stamp: list[int]
    """Size in bytes and time of change in ns: a replaced file is another file."""
    basis: str
    settings: dict[str, Any]

    @classmethod
    def of(cls, video: Path, settings: DataSettings, basis: str) -> PreparationRecord:
        """Return what a clip of `video` would be made from now."""
        return cls(str(video), _stamp(video), basis, {name: getattr(settings, name) for name in CHOSEN})

    @classmethod
    def read(cls, folder: Path) -> PreparationRecord | None:
        """Return the note beside a clip; None when there is none or it cannot be read."""
        try:
            return cls(**json.loads((folder.parent / NOTE).read_text(encoding="utf-8")))
        except (OSError, json.JSONDecodeError, TypeError):
            return None

    def write(self, folder: Path) -> None:
        """Write the note beside a clip."""
        with atomic_file(folder.parent / NOTE) as part:
            part.write_text(json.dumps(vars(self), indent=2), encoding="utf-8")

    def serves(self, settings: DataSettings, basis: str, given: set[str]) -> bool:
        """Whether the clip is what these settings ask for; what nobody asked for may be as it was.

        Args:
            settings: the `data` node.
            basis: the face model's name.
            given: names of the settings that the command line names.
        """
        if settings.video is not None and not self._same_footage(Path(settings.video)):
            return False
        asked = {name for name in CHOSEN if name in given or getattr(settings, name) != DEFAULTS[name]}
        return basis == self.basis and all(self.settings.get(n, DEFAULTS[n]) == getattr(settings, n) for n in asked)

    def fill(self, settings: DataSettings, given: set[str]) -> DataSettings:
        """Return `settings` with what nobody asked for as it was before."""
        values = dict(vars(settings))
        values["video"] = settings.video or self.video
        if self._same_path(Path(values["video"])):
            for name in CHOSEN:
                if name not in given and values[name] == DEFAULTS[name]:
                    values[name] = self.settings.get(name, values[name])
        return DataSettings(**values)

    def _same_footage(self, video: Path) -> bool:
        return self._same_path(video) and (not video.exists() or _stamp(video) == self.stamp)

    def _same_path(self, video: Path) -> bool:
        return str(video.resolve()) == self.video


def _stamp(video: Path) -> list[int]:
    found = video.stat()
    return [found.st_size, found.st_mtime_ns]
