"""Who is speaking: the frames with speech in which a subject's lips move."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float
from scipy.ndimage import maximum_filter1d, minimum_filter1d

from beavervision.artifacts.clip import Subject
from beavervision.audio.vad import VoiceActivity
from beavervision.preprocess.report.report_input import Findings

SYLLABLES = 1.0
"""Duration in which speaking lips open and close, seconds: at least two or three syllables."""

LIVELY = 0.02
"""Range of the mouth's opening within SYLLABLES from which the lips move (inner lips / eye distance). Measured on three
men: closed lips jitter by 0.001, speaking lips move by 0.035 (the calmest moment of a newsreader) to 0.45."""


def spoken(activity: VoiceActivity | None, findings: Findings) -> Bool[np.ndarray, "T"]:
    """Frames with speech; none without sound."""
    if activity is None:
        return np.zeros(findings.n_frames, bool)
    return activity.frames(findings.n_frames, findings.fps)


def own_speech(subject: Subject, speech: Bool[np.ndarray, "T"], fps: float) -> Bool[np.ndarray, "T"]:
    """Frames with speech while the subject's lips are visible and move."""
    return speech & subject.visible & lips_move(subject.mouth_open, fps)


def lips_move(mouth_open: Float[np.ndarray, "T"], fps: float) -> Bool[np.ndarray, "T"]:
    """Whether the mouth opens or closes within half of SYLLABLES before or after; False where it is not visible."""
    known, window = np.isfinite(mouth_open), max(1, round(SYLLABLES * fps))
    high = maximum_filter1d(np.where(known, mouth_open, -np.inf), window)
    low = minimum_filter1d(np.where(known, mouth_open, np.inf), window)
    return known & (high - low >= LIVELY)
