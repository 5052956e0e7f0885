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
"""Number of rows over which the noise floor is estimated: nobody speaks for eight seconds without a breath."""
FLOOR_PERCENTILE = 5
"""Percentile of the levels in that window: less than half a second of pauses is enough to measure the floor."""
ABOVE_FLOOR_DB = 6.0
"""Sound this much above the floor is more than a fluctuation of the noise: 30 ms of white noise (480 samples) have a
standard deviation of 10 log10(1 + sqrt(2 / 480)) = 0.3 dB, those of a humming room a few dB."""
BELOW_SPEECH_DB = 30.0
"""Sound this far below the recording's loud vowels is no speech but breath and reverberation."""
MAX_VOICE_DISTANCE = round(0.2 * FEATURE_RATE)
"""Largest distance in rows from a voiced row at which sound may be a consonant: clusters like "sts" last 0.2 s."""
MAX_STOP_S = round(0.2 * FEATURE_RATE)
"""Longest silence of a stop consonant within speech, s."""
MARGIN = round(0.06 * FEATURE_RATE)
"""Rows next to speech that do not count as pause, because the voice decays there."""
MIN_SPEECH_ROWS = round(0.1 * FEATURE_RATE)
"""Shortest speech in rows: one syllable; anything shorter is a click."""
LEAST_SNR_ROWS = 10
"""Smallest number of rows of pauses, and of speech, for an estimate of the SNR."""


@dataclass(frozen=True)
class VoiceActivity:
    """Voice activity at 50 Hz; row i is centred at sample 320 i."""

    speech: Bool[np.ndarray, "R"]
    level_db: Float[np.ndarray, "R"]
    """Level of each row, dB of full scale."""
    floor_db: Float[np.ndarray, "R"]
    """Noise floor of each row, dB of full scale."""

    @property
    def snr_db(self) -> float | None:
        """Level of the speech relative to the pauses, dB; None where there is too little of either."""
        pauses = ~np.asarray(binary_dilation(self.speech, iterations=MARGIN), bool)
        if self.speech.sum() < LEAST_SNR_ROWS or pauses.sum() < LEAST_SNR_ROWS:
            return None
        loud = 10 * np.log10(np.mean(10 ** (self.level_db[self.speech] / 10)))
        # The median: a breath or a door in one pause does not represent the room.
        return float(loud - np.median(self.level_db[pauses]))

    def frames(self, n_frames: int, fps: float) -> Bool[np.ndarray, "T"]:
        """Voice activity per video frame: True where most rows of the frame's time are speech.

        Args:
            n_frames: number of video frames, the first at sample 0; frames after the end of the sound are silent.
            fps: frames per second.
        """
        return frames_with_speech(self.speech.astype(float), n_frames, fps) > 0.5


def frames_with_speech(rows: Float[np.ndarray, "R"], n_frames: int, fps: float) -> Float[np.ndarray, "T"]:
    """Mean of the 50 Hz rows that fall into each video frame; 0 after the last row.

    Args:
        rows: values at 50 Hz; row i is at i / 50 s.
        n_frames: number of video frames; frame t lasts from t / fps to (t + 1) / fps s.
        fps: frames per second.
    """
    edges = np.arange(n_frames + 1) * FEATURE_RATE / fps
    sums = np.concatenate([[0.0], np.cumsum(rows)])
    whole = np.interp(edges, np.arange(len(sums)), sums)  # A row on a frame border counts partly for either frame.
    return np.diff(whole) / np.diff(edges)


def detect_voice_activity(samples: Float[np.ndarray, "N"]) -> VoiceActivity:
    """Detect speech in a sound, without pretrained weights.

    Speech is louder than an adaptive noise floor, not far below the loud vowels, and near a voiced sound. Stop
    consonants are bridged and clicks dropped. Steady hums and noise raise the floor. Singing and babble count as
    speech.

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
    # Padded, because closing would otherwise remove speech at the ends of the sound.
    bridged = binary_closing(np.pad(speech, MAX_STOP_S), np.ones(MAX_STOP_S, bool))[MAX_STOP_S:-MAX_STOP_S]
    return VoiceActivity(binary_opening(bridged, np.ones(MIN_SPEECH_ROWS, bool)), level, floor)
