"""Strips: what the report shows over time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Bool, Float, Int

from beavervision.audio.vad import VoiceActivity, frames_with_speech
from beavervision.preprocess.report.active_speaker import own_speech
from beavervision.preprocess.report.frame_selection import REASONS, error_percent, face_height, yaw_pitch
from beavervision.preprocess.report.grading import FIT_GOOD, SMALL_FACE, TALL_FACE
from beavervision.preprocess.report.report_input import Findings, SubjectFindings
from beavervision.preprocess.report.statistics import CLIPPED

Series = Float[np.ndarray, "T"]
"""One value a frame; NaN where unknown."""


@dataclass(frozen=True)
class Strip:
    """One or two lines over time."""

    title: str
    unit: str
    lines: dict[str, Series]
    """Name of each line (empty for an only one) and its values."""
    marks: Mapping[str, float] = field(default_factory=dict)
    """Levels worth comparing with, drawn where they fall into the strip."""
    shaded: Bool[np.ndarray, "T"] | None = None
    """Frames with a tinted ground, and what the tint means:"""
    shade_means: str = ""

    @property
    def known(self) -> bool:
        """Whether there is anything to draw."""
        return any(np.isfinite(values).any() for values in self.lines.values())


@dataclass(frozen=True)
class Band:
    """A coloured band over time: one of several states a frame."""

    title: str
    states: Sequence[str]
    """Names; the first is the ordinary one."""
    codes: Int[np.ndarray, "T"]
    """Row of `states`, frame by frame."""


def visibility(about: SubjectFindings) -> Band:
    """Why the subject counts as visible or not; frames with an interpolated pose are a state of their own."""
    states = ["visible", *REASONS.values(), "short gap, pose filled in"]
    codes = np.where(about.subject.interpolated, len(states) - 1, about.subject.reason)
    return Band("visible", states, codes)


def subject_strips(about: SubjectFindings, speech: Bool[np.ndarray, "T"], fps: float) -> list[Strip]:
    """What concerns one subject; `speech` are the frames in which somebody speaks."""
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
    """Level and speech; nothing for footage without sound."""
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
    """Number of clipped samples in the time of each frame."""
    at = np.flatnonzero(np.abs(samples) >= CLIPPED) * fps / rate
    return np.histogram(at, np.arange(n_frames + 1))[0].astype(float)
