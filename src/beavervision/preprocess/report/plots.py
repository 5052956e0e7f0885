"""Values over time that the report plots."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Bool, Float, Int

from beavervision.audio.vad import VoiceActivity, frames_with_speech
from beavervision.preprocess.report.av_sync import own_speech
from beavervision.preprocess.report.frame_selection import REASONS, error_percent, face_height, yaw_pitch
from beavervision.preprocess.report.grading import FIT_GOOD, SMALL_FACE, TALL_FACE
from beavervision.preprocess.report.report_input import Findings, SubjectFindings
from beavervision.preprocess.report.statistics import CLIPPED

Series = Float[np.ndarray, "T"]
"""One value per frame; NaN where unknown."""


@dataclass(frozen=True)
class Strip:
    """One or two lines over time."""

    title: str
    unit: str
    lines: dict[str, Series]
    """Name of each line (empty for a single one) and its values."""
    marks: Mapping[str, float] = field(default_factory=dict)
    """Reference levels, drawn where they are within the range."""
    shaded: Bool[np.ndarray, "T"] | None = None
    """Frames with a tinted background, and the meaning of the tint."""
    shade_means: str = ""

    @property
    def known(self) -> bool:
        """Whether there is any value to draw."""
        return any(np.isfinite(values).any() for values in self.lines.values())


@dataclass(frozen=True)
class Band:
    """A coloured band over time: one of several states per frame."""

    title: str
    states: Sequence[str]
    """Names of the states; the first is the normal one."""
    codes: Int[np.ndarray, "T"]
    """Index into `states`, frame by frame."""


def visibility(about: SubjectFindings) -> Band:
    """Reason of the subject's visibility; frames with an interpolated pose are a separate state."""
    states = ["visible", *REASONS.values(), "short gap, pose filled in"]
    codes = np.where(about.subject.interpolated, len(states) - 1, about.subject.reason)
    return Band("visible", states, codes)


def subject_strips(about: SubjectFindings, speech: Bool[np.ndarray, "T"], fps: float) -> list[Strip]:
    """Plots of one subject; `speech` are the frames with speech."""
    subject, own = about.subject, own_speech(about.subject, speech, fps)
    mouth = np.where(subject.visible, subject.mouth_open, np.nan)
    yaw, pitch = yaw_pitch(subject).T
    eyes = np.where(subject.visible[:, None], subject.eye_open, np.nan).T
    hidden = 100 * np.where(subject.visible, subject.covered, np.nan)
    heights = {"worth a 512 canvas": TALL_FACE, "too small": SMALL_FACE}
    return [
        Strip("hidden", "% of the head", {"": hidden}, {}, subject.occluded, "counts as occluded"),
        Strip("face height", "px", {"": face_height(subject)}, heights),
        Strip("fit error", "% of eye distance", {"": error_percent(subject, about.error_px)}, {"good up to": FIT_GOOD}),
        Strip("turn of the head", "degrees", {"yaw": yaw, "pitch": pitch}, {"": 0.0}),
        Strip("mouth open", "of eye distance", {"": mouth}, {}, own, "speech while the lips move"),
        Strip("eyes open", "of their width", {"right": eyes[0], "left": eyes[1]}),
        Strip("sharpness", "grey values", {"": about.sharpness}),
        Strip("light on the face", "grey values", {"": about.light}),
    ]


def sound_strips(findings: Findings, activity: VoiceActivity | None) -> list[Strip]:
    """Plots of level and speech; none for footage without sound."""
    if findings.sound is None or activity is None:
        return []
    size = (findings.n_frames, findings.fps)
    lines = {
        "level": frames_with_speech(activity.level_db, *size),
        "noise": frames_with_speech(activity.floor_db, *size),
    }
    strips = [Strip("sound", "dB of full scale", lines, {}, activity.frames(*size), "speech")]
    clipped = clipped_per_frame(findings.sound.samples, findings.sound.rate, *size)
    if clipped.any():
        strips.append(Strip("clipped samples", "a frame", {"": clipped}))
    return strips


def clipped_per_frame(samples: Float[np.ndarray, "N"], rate: int, n_frames: int, fps: float) -> Series:
    """Number of clipped samples per frame."""
    at = np.flatnonzero(np.abs(samples) >= CLIPPED) * fps / rate
    return np.histogram(at, np.arange(n_frames + 1))[0].astype(float)
