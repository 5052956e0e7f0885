"""What the report is made from: everything that the preparation of a clip has found."""

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
    """What was found of one subject, frame by frame; NaN where the subject is not visible."""

    person: str
    """Who it is among the people of the clip ("0 (left)"); empty where there is only one."""
    subject: Subject
    error_px: Float[np.ndarray, "T"]
    """Mean distance of the fitted face model's landmarks from those found."""
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
    """A clip as its report shows it."""

    name: str
    """`data.name`"""
    source: Source
    model: FaceModel
    camera: Camera
    """The full frame's."""
    background: Background
    subjects: Sequence[SubjectFindings]
    """One a subject."""
    sound: Waveform | None = None
    people: Sequence[dict[str, Any]] = ()
    """Facts of everybody seen, subjects or not."""
    cuts: Sequence[int] = ()
    """First frames of shots after the first."""
    who: Image.Image | None = None
    """Picture of who is who, where there are several people."""
    lines: Sequence[str] = field(default=())
    """The same in words, one line a person."""

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
        """Of the clip."""
        return self.source.n_frames
