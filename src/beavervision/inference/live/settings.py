"""Settings of a live session."""

from __future__ import annotations

from dataclasses import dataclass, field

from beavervision.inference.driver import MotionControls


@dataclass(frozen=True)
class LiveSettings:
    """How a live session behaves; times are in seconds."""

    latency: float = 0.28
    """From the push of a sample to the frame with which it is heard. What is left of it after `lead` and the frame
    itself is the look-ahead of the motion: four frames of 25 per second here, of the network's five."""
    lead: float = 0.075
    """Before its time, a frame's motion is computed and its drawing begins."""
    sound_rate: int = 48_000
    """Samples per second of the sound that comes out."""
    patience: float = 2.0
    """After so long without new sound, a speech counts as ended. Until then it is only interrupted: the mouth shuts."""
    queue: float = 120.0
    """Longest speech that may wait to be played."""
    controls: MotionControls = field(default_factory=MotionControls)
    """`refine` other than `none` and `postnet` moves landmarks towards the person's own by LLE; PostNet needs the whole
    speech and is not used live."""


@dataclass(frozen=True)
class LoopSettings:
    """The piece of footage that a live person is shown with."""

    seconds: float = 4.0
    """Length of the stretch; it is played forward and backward."""
    max_height: int = 720
    """Higher frames are scaled down, px."""
    max_bytes: int = 400 << 20
    """Largest memory of the loop; a longer one is cut."""
    detail: bool = True
    """Whether the footage's own detail is carried along."""
    label: str = "off"
    """Visible label: `off`, `text`, or a picture's path."""
    language: str = "en"
    """Of the label's text."""
