"""Input of the report: all results of the preparation of a clip."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float
from PIL import Image

from beavervision.artifacts.clip import Subject
from beavervision.audio.waveform import Waveform
from beavervision.face.camera import Camera
from beavervision.face.morphable_model import FaceModel
from beavervision.preprocess.background import Background
from beavervision.preprocess.ingest import Source


@dataclass(frozen=True)
class SubjectFindings:
    """Results for one subject, frame by frame; NaN where the subject is not visible."""

    person: str
    """Number and name of the person ("0 (left)"); empty where there is only one."""
    subject: Subject
    error_px: Float[np.ndarray, "T"]
    """Mean distance of the fitted face model's landmarks from the tracked ones, px."""
    light: Float[np.ndarray, "T"]
    """Mean grey value of the face's skin, 0..255."""
    sharpness: Float[np.ndarray, "T"]
    """Standard deviation of the Laplacian over the face in its crop, grey values."""
    labels: Path
    """The subject's label maps (video.lossless)."""
    matte: Path | None = None
    """Opacity of hair and face (video.lossless)."""


@dataclass(frozen=True)
class Findings:
    """Results for a clip."""

    name: str
    """`data.name`"""
    source: Source
    model: FaceModel
    camera: Camera
    """Camera of the full frame."""
    background: Background
    subjects: Sequence[SubjectFindings]
    """Results per subject."""
    sound: Waveform | None = None
    people: Sequence[dict[str, Any]] = ()
    """Facts of all visible people, subjects or not."""
    cuts: Sequence[int] = ()
    """First frames of shots after the first."""
    who: Image.Image | None = None
    """Image of the subjects panel, where there are several people."""
    lines: Sequence[str] = field(default=())
    """The subjects panel as text, one line per person."""
    tracks: dict[str, Any] = field(default_factory=dict)
    """The footage's sound tracks, see `track_choice.TrackChoice`: number, lines, reason."""
    speaker: str | None = None
    """`data.speaker`: the clip is one of several of this person."""

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the footage, px."""
        return self.source.info.width, self.source.info.height

    @property
    def fps(self) -> float:
        """Frames per second of the clip."""
        return self.source.fps

    @property
    def n_frames(self) -> int:
        """Number of frames of the clip."""
        return self.source.n_frames
