"""Record of a clip's preparation: `prepared.json` beside it, so that later commands need only the clip's name."""

from __future__ import annotations

import json
from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from typing import Any

from beavervision.artifacts.atomic_write import atomic_file
from beavervision.config.schemas import DataSettings

NOTE = "prepared.json"
CHOSEN = (
    *("fps", "start", "end", "focal", "subject", "speaker", "gap"),
    *("rotate", "deinterlace", "audio_track", "segmenter"),
)
"""Settings of `data` that determine the clip's contents."""
DEFAULTS = {f.name: f.default for f in fields(DataSettings) if f.default is not MISSING}


@dataclass(frozen=True)
class PreparationRecord:
    """Footage and settings of a clip."""

    video: str
    stamp: list[int]
    """Size in bytes and modification time in ns, which detect a replaced file."""
    basis: str
    settings: dict[str, Any]

    @classmethod
    def of(cls, video: Path, settings: DataSettings, basis: str) -> PreparationRecord:
        """Return the record of a clip of `video` with these settings."""
        return cls(str(video), _stamp(video), basis, {name: getattr(settings, name) for name in CHOSEN})

    @classmethod
    def read(cls, folder: Path) -> PreparationRecord | None:
        """Read the record beside a clip; None when it does not exist or cannot be read."""
        try:
            return cls(**json.loads((folder.parent / NOTE).read_text(encoding="utf-8")))
        except (OSError, json.JSONDecodeError, TypeError):
            return None

    def write(self, folder: Path) -> None:
        """Write the record beside a clip."""
        with atomic_file(folder.parent / NOTE) as part:
            part.write_text(json.dumps(vars(self), indent=2), encoding="utf-8")

    def serves(self, settings: DataSettings, basis: str, given: set[str]) -> bool:
        """Whether the clip agrees with these settings; settings that were not given may differ.

        Args:
            settings: the `data` node.
            basis: the face model's name.
            given: names of the settings on the command line.
        """
        if settings.video is not None and not self._same_footage(Path(settings.video)):
            return False
        asked = {name for name in CHOSEN if name in given or getattr(settings, name) != DEFAULTS[name]}
        return basis == self.basis and all(self.settings.get(n, DEFAULTS[n]) == getattr(settings, n) for n in asked)

    def fill(self, settings: DataSettings, given: set[str]) -> DataSettings:
        """Return `settings` with the recorded values for those that were not given."""
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
