"""How a film is made."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from beavervision.artifacts.clip import Clip
from beavervision.compositing.label import OFF, DisclosureLabel
from beavervision.compositing.watermark import DUB_STRENGTH, Watermark
from beavervision.inference.background import AUTO, NONE, SOURCE
from beavervision.inference.compositor import BATCH
from beavervision.inference.driver import MotionControls
from beavervision.inference.pose_source import PINGPONG
from beavervision.video.probe import probe

Mode = Literal["avatar", "dub"]
Region = Literal["head", "lower_face", "head_lower_face"]


@dataclass(frozen=True)
class FilmSettings:
    """How a film is made."""

    mode: Mode = "avatar"
    controls: MotionControls = field(default_factory=MotionControls)
    pose: str = PINGPONG
    """Avatar mode: where head poses come from, one of POSE_MODES or the folder of a Motion."""
    pose_frames: tuple[int, int] | None = None
    """First and last frame (excluded) of the footage that poses may come from; in a dub, that are shown."""
    smoothing: int = 7
    """Avatar mode: frames over which head poses are averaged."""
    background: str = AUTO
    """Avatar mode: see `background.Background`."""
    region: Region = "head"
    """Dub mode: what changes. `lower_face` is drawn by the stage of that name; `head_lower_face` is the lower part of
    the generated head."""
    detail: bool = False
    """Dub mode: whether the footage's own detail is carried along."""
    length: Literal["speech", "source"] = "speech"
    """Dub mode: `source` ends with the footage when the speech is longer."""
    silent: Literal["source", "rest"] = "source"
    """Dub mode: whether people without a speech stay as they are, or are given a resting mouth."""
    fps: float | Literal["clip", "source"] = "clip"
    """Of the film: the clip's rate, the footage's own, or any other."""
    label: str = OFF
    """What is drawn into a corner to say that the film was generated: `off`, `text`, or a picture's path."""
    language: str = "en"
    """Of the label's text."""
    watermark: str | None = None
    """Key of the invisible mark in the generated pixels; None for no mark."""
    crf: float | None = None
    preset: str = "film"
    """What the film is for, `formats.PURPOSES`, or one of `formats.PRESETS`."""
    batch: int = BATCH
    cache: bool = True
    """Dub with `lower_face`: whether drawings that do not depend on the speech are kept for later films."""

    @property
    def draws_lower_face(self) -> bool:
        """Whether the lower face is drawn into the footage and nothing else is generated."""
        return self.mode == "dub" and self.region == "lower_face"

    @property
    def is_transparent(self) -> bool:
        """Whether frames come with opacity."""
        return self.mode == "avatar" and self.background == NONE

    @property
    def ends_with_footage(self) -> bool:
        """Whether the film is no longer than the footage."""
        return self.mode == "dub" and self.length == "source"

    @property
    def keeps_silent_people(self) -> bool:
        """Whether people without a speech are not generated."""
        return self.mode == "dub" and self.silent == "source"

    def disclosure_label(self, size: tuple[int, int]) -> DisclosureLabel | None:
        """Return what draws the label; None for `off`.

        Args:
            size: width and height of the frames, px.

        Raises:
            ConfigError: when the language is not known, or the picture cannot be read.
        """
        changed = self.mode == "dub" or self.background == SOURCE
        return None if self.label == OFF else DisclosureLabel(self.label, size, self.language, changed=changed)

    def invisible_mark(self, size: tuple[int, int]) -> Watermark | None:
        """Return what marks the generated pixels; None where they are not marked.

        Args:
            size: width and height of the frames, px.
        """
        if self.watermark is None:
            return None
        return Watermark(size, self.watermark, DUB_STRENGTH if self.mode == "dub" else 1.0)

    def film_fps(self, clip_fps: float, clip: Clip | None) -> float:
        """Frames per second of the film.

        Args:
            clip_fps: of the clip.
            clip: needed for the footage's own rate.
        """
        if self.fps == "source" and clip is not None:
            return probe(clip.video).fps
        return float(self.fps) if isinstance(self.fps, int | float) else clip_fps
