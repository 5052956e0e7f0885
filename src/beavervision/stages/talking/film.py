"""From speech and bundles to a film."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
from jaxtyping import Int

from beavervision.artifacts.clip import Clip
from beavervision.audio.waveform import Waveform
from beavervision.errors import BeaverError
from beavervision.stages.talking.drive import Controls, drive, with_blinks, with_own_eyes
from beavervision.stages.talking.frame_order import ping_pong
from beavervision.stages.talking.performance import BATCH, Frame, Performance
from beavervision.stages.talking.person import Person
from beavervision.stages.talking.pose_source import PoseMode, pose_frames
from beavervision.stages.talking.stopwatch import Stopwatch
from beavervision.video.encode import VideoWriter
from beavervision.video.sheet import ContactSheet

Mode = Literal["avatar", "dub"]


@dataclass(frozen=True)
class FilmSettings:
    """How a film is made."""

    mode: Mode = "avatar"
    controls: Controls = field(default_factory=Controls)
    pose: PoseMode = "pingpong"
    """Avatar mode: where head poses come from."""
    pose_span: tuple[int, int] | None = None
    """First and last frame (excluded) of the footage that poses may come from."""
    smoothing: int = 7
    """Avatar mode: frames over which head poses are averaged."""
    length: Literal["speech", "source"] = "speech"
    """Dub mode: `source` ends with the footage when the speech is longer."""
    crf: float = 18
    preset: str = "medium"
    batch: int = BATCH


@dataclass(frozen=True)
class Film:
    """A film that was made."""

    path: Path
    sheet: Path
    """Contact sheet beside it."""
    n_frames: int
    fps: float
    milliseconds: dict[str, float]
    """Of each part, for one frame."""


class FilmMaker:
    """Makes one person say one speech.

    Args:
        person: whose bundles.
        speech: 16 kHz.
        settings: how.
        clip: the footage; only dub mode needs it.

    Raises:
        BeaverError: when dub mode lacks the footage, or nobody is there to take poses from.
    """

    def __init__(self, person: Person, speech: Waveform, settings: FilmSettings, clip: Clip | None = None) -> None:
        self.person, self.settings, self.clip = person, settings, clip
        self.clock = Stopwatch()
        with self.clock("motion"):
            told = drive(person, speech.samples, settings.controls)
        self.order = self._order(told.n_frames)
        if settings.mode == "dub":
            self.told = with_own_eyes(told.first(len(self.order)), person, self.order)
        else:
            self.told = with_blinks(told, person, settings.controls)

    @property
    def n_frames(self) -> int:
        """Frames of the film."""
        return len(self.order)

    def frames(self) -> Iterator[Frame]:
        """The film's frames, at the footage's own size, one after the other."""
        performance = Performance(self.person, self.told, self.order, self.settings.batch, self.clock)
        if self.clip is not None and self.settings.mode == "dub":
            return performance.dub(self.clip)
        return performance.avatar(self.settings.smoothing)

    def write(self, path: Path, sound: Waveform, shown: Callable[[int], None] = lambda done: None) -> Film:
        """Write the film with its sound, and a contact sheet beside it; whole or not at all.

        Args:
            path: the mp4.
            sound: what is heard, from the film's first moment on.
            shown: called after every frame with the number of frames done.

        Raises:
            BeaverError: when `path` cannot be written.
        """
        path, fps = Path(path), self.person.fps
        width, height = self.person.footage_size
        heard = sound.samples[: round(self.n_frames / fps * sound.rate)] if self._is_cut else sound.samples
        sheet = ContactSheet(self.n_frames)
        options = {"crf": self.settings.crf, "preset": self.settings.preset}
        with VideoWriter(path, width, height, fps, heard, sound.rate, **options) as writer:
            for index, frame in enumerate(self.frames()):
                sheet.see(index, frame)
                with self.clock("encode"):
                    writer.write(frame)
                shown(index + 1)
        sheet_path = sheet.save(path.with_suffix(".png"))
        return Film(path, sheet_path, self.n_frames, fps, self.clock.each(self.n_frames))

    def _order(self, length: int) -> Int[np.ndarray, "L"]:
        """Frame of the footage that goes with each frame of the film."""
        if self.settings.mode == "avatar":
            span = self.settings.pose_span
            return pose_frames(self.person.track, self.person.footage_size, length, self.settings.pose, span)
        if self.clip is None:
            raise BeaverError("mode=dub changes the footage, which is not here; prepare the clip again or use avatar.")
        whole = np.arange(self.clip.n_frames)
        return ping_pong(whole, min(length, len(whole)) if self._is_cut else length)

    @property
    def _is_cut(self) -> bool:
        return self.settings.mode == "dub" and self.settings.length == "source"
