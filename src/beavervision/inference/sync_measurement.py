"""Measures the lip sync of a film's person from what was recorded while it was drawn, and of their footage."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from beavervision.artifacts.clip import Clip
from beavervision.audio.waveform import SAMPLE_RATE, sound_blocks
from beavervision.inference.lip_record import MEASURED_S, LipRecord, lip_gap_mm
from beavervision.inference.speakers import Speaker
from beavervision.inference.sync_figures import LipMotion, SyncComparison
from beavervision.video.sound_feed import Pieces


def compare_with_footage(one: Speaker, record: LipRecord, clip: Clip | None) -> SyncComparison | None:
    """Figures of a film's person beside those of their footage; None where nothing of them was drawn.

    Args:
        one: who speaks, and what.
        record: of the film.
        clip: the footage; None leaves its figures out.
    """
    curve, avatar = record.curve(), one.avatar
    if one.speech is None or not np.isfinite(curve).any():
        return None
    speech = Pieces(sound_blocks(one.speech.path)).take(round(MEASURED_S * SAMPLE_RATE))
    film = LipMotion.of(curve, np.asarray(speech, np.float32), avatar.fps)
    own = np.where(avatar.track.visible, lip_gap_mm(avatar.face_model, avatar.source_condition), np.nan)
    return SyncComparison.of(avatar.subject, film, footage_motion(own, clip), own[np.isfinite(own)])


def footage_motion(own: Float[np.ndarray, "T"], clip: Clip | None) -> LipMotion | None:
    """Lips and speech of the footage; None where the clip or its sound is not here.

    Args:
        own: gap between the tracked lips, mm; NaN where the person is not visible.
        clip: the footage.
    """
    if clip is None or not clip.has_audio:
        return None
    return LipMotion.of(own, clip.audio(), clip.fps)
