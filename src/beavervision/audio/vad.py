"""Voice activity detection: level above an adaptive noise floor, near voiced sound."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float
from scipy.ndimage import binary_closing, binary_dilation, binary_opening, percentile_filter, uniform_filter1d

from beavervision.audio.level import rows_db
from beavervision.audio.mel import FEATURE_RATE
from beavervision.audio.pitch import estimate_f0
from beavervision.audio.waveform import SILENCE_DB

FLOOR_WINDOW = round(8 * FEATURE_RATE)
"""Rows in which the noise floor is looked for: nobody speaks for eight seconds without a breath."""
FLOOR_PERCENTILE = 5
"""Of the levels in that window: less than half a second of pauses is enough to see the floor."""
ABOVE_FLOOR_DB = 6.0
"""Louder than the floor by this is more than the noise's own ups and downs: of white noise, 30 ms (480 samples) have a
standard deviation of 10 log10(1 + sqrt(2 / 480)) = 0.3 dB, of a humming room a few dB."""
BELOW_SPEECH_DB = 30.0
"""Further below the recording's loud vowels nothing is speech: breaths and reverberation lie there."""
MAX_VOICE_DISTANCE = round(0.2 * FEATURE_RATE)
"""Rows from a voiced row within which sound may be a consonant: clusters like "sts" last 0.2 s."""
MAX_STOP_S = round(0.2 * FEATURE_RATE)
"""Rows of silence that a stop consonant may take inside of speech."""
MARGIN = round(0.06 * FEATURE_RATE)
"""Rows beside speech that are no pause: the voice dies away there."""
MIN_SPEECH_ROWS = round(0.1 * FEATURE_RATE)
"""Rows that one syllable takes at least; anything shorter is a click."""
LEAST_SNR_ROWS = 10
"""Rows of pauses, and of speech, from which their levels are worth comparing."""


@dataclass(frozen=True)
class VoiceActivity:
    """Voice activity at 50 Hz; row i is centred at sample 320 i."""

    speech: Bool[np.ndarray, "R"]
    level_db: Float[np.ndarray, "R"]
    """dB of full scale."""
    floor_db: Float[np.ndarray, "R"]
    """The room's noise, dB of full scale."""

    @property
    def snr_db(self) -> float | None:
        """Level of the speech over that of the pauses, dB; None where there are not enough of both."""
        pauses = ~np.asarray(binary_dilation(self.speech, iterations=MARGIN), bool)
        if self.speech.sum() < LEAST_SNR_ROWS or pauses.sum() < LEAST_SNR_ROWS:
            return None
        loud = 10 * np.log10(np.mean(10 ** (self.level_db[self.speech] / 10)))
        # The median: a breath or a door in one pause is not the room.
        return float(loud - np.median(self.level_db[pauses]))

    def frames(self, n_frames: int, fps: float) -> Bool[np.ndarray, "T"]:
        """Whether somebody speaks in each video frame: in most of the rows of its time.

        Args:
            n_frames: of the video, whose first is at sample 0; frames after the sound's end are silent.
            fps: frames per second.
        """
        return frames_with_speech(self.speech.astype(float), n_frames, fps) > 0.5


def frames_with_speech(rows: Float[np.ndarray, "R"], n_frames: int, fps: float) -> Float[np.ndarray, "T"]:
    """Mean of the 50 Hz rows that fall into each video frame; 0 after the last row.

    Args:
        rows: row i at i / 50 s.
        n_frames: frame t lasts from t / fps to (t + 1) / fps s.
        fps: frames per second.
    """
    edges = np.arange(n_frames + 1) * FEATURE_RATE / fps
    sums = np.concatenate([[0.0], np.cumsum(rows)])
    whole = np.interp(edges, np.arange(len(sums)), sums)  # a row's share counts where a frame parts it
    return np.diff(whole) / np.diff(edges)


def detect_voice_activity(samples: Float[np.ndarray, "N"]) -> VoiceActivity:
    """Find speech in a sound, without any learnt weights.

    Speech is louder than an adaptive noise floor, not far below the loud vowels, and near a voiced sound; stops are
    bridged and clicks dropped. Steady hums and noise are their own floor. Singing and babble count as speech.

    Args:
        samples: mono sound at 16 kHz.
    """
    level = rows_db(samples)
    if not len(level):
        nothing = np.zeros(0)
        return VoiceActivity(nothing.astype(bool), nothing, nothing)
    floor = uniform_filter1d(
        percentile_filter(level, FLOOR_PERCENTILE, FLOOR_WINDOW, mode="nearest"), MAX_VOICE_DISTANCE
    )
    loud = level > np.maximum(floor + ABOVE_FLOOR_DB, max(SILENCE_DB, np.percentile(level, 95) - BELOW_SPEECH_DB))
    voiced = binary_opening(loud & (estimate_f0(samples) > 0), np.ones(3, bool))
    speech = loud & np.asarray(binary_dilation(voiced, iterations=MAX_VOICE_DISTANCE), bool)
    # Padded, or else closing would eat speech that touches the sound's ends.
    bridged = binary_closing(np.pad(speech, MAX_STOP_S), np.ones(MAX_STOP_S, bool))[MAX_STOP_S:-MAX_STOP_S]
    return VoiceActivity(binary_opening(bridged, np.ones(MIN_SPEECH_ROWS, bool)), level, floor)
